#!/usr/bin/env bash
# netCDF4 1.7.5.1.post1, xarray 2026.9.0, numpy 2.4.6
# Guess: uint8 pixels come back from a netCDF file as they were written; pixels from 0 to 1 packed into uint8 with scale_factor=1/255 are cut
#        at the ends, or refused, where they are a little outside.
# Seen:  netCDF4 masks every 255, the default fill value of bytes, though none was asked for: white pixels are missing, and the mean of
#        [0, 128, 255] is 64. xarray reads the same file in full. Packed, 1.0 is masked too; 1.1 wraps to 0.09 and -0.1 to 0.9, in both libraries,
#        and NaN is black in netCDF4.
# So:    fill_value=False for pixels, or set_auto_mask(False) behind it; np.clip before packing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 netCDF4==1.7.5.1.post1 xarray==2026.9.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import netCDF4
import numpy as np
import xarray


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


def written(x, fill_value=None, scale=None):
    """The variable as netCDF4 reads it, and as xarray does."""
    with netCDF4.Dataset("x.nc", "w") as file:
        file.createDimension("n", len(x))
        variable = file.createVariable("x", "u1", ("n",), fill_value=fill_value)
        if scale:
            variable.scale_factor = scale
        variable[:] = x
    with netCDF4.Dataset("x.nc") as file, xarray.open_dataset("x.nc", engine="netcdf4") as same:
        return file["x"][:], same["x"].values


def packed(x):
    xarray.Dataset({"x": ("n", x)}).to_netcdf("packed.nc", engine="netcdf4", encoding={"x": {"dtype": "uint8", "scale_factor": 1 / 255}})
    with xarray.open_dataset("packed.nc", engine="netcdf4") as file:
        return file["x"].values.round(2).tolist()


pixels = np.array([0, 128, 255], np.uint8)
seen, by_xarray = written(pixels)
check("netCDF4", seen.tolist(), [0, 128, None])
check("its mean", float(seen.mean()), 64.0)
check("xarray, the same file", by_xarray.tolist(), [0, 128, 255])
check("netCDF4, fill_value=False", written(pixels, fill_value=False)[0].tolist(), [0, 128, 255])
seen, _ = written(np.array([0.5, 1.0, 1.1, -0.1, np.nan]), scale=1 / 255)
check("netCDF4, packed", seen.round(2).tolist(), [0.5, None, 0.09, 0.9, 0.0])
check("xarray, packed", packed(np.array([0.5, 1.0, 1.1, -0.1])), [0.5, 1.0, 0.09, 0.9])
print("as described")
PYTHON
