#!/usr/bin/env bash
# netCDF4 1.7.5.1.post1, imagecodecs 2026.3.6, numpy 2.4.6
# Guess: significant_digits=3, the lossy compression of netCDF, keeps three digits of each number, and infinity infinite.
# Seen:  every second infinity becomes NaN (BitGroom, the default), or each becomes 0 (GranularBitRound); only BitRound keeps them, and makes
#        the largest numbers infinite. The same algorithms in imagecodecs differ again: there NaN becomes 0 by GranularBitRound.
# So:    nothing that has diverged is recognised behind such a file: no lossy filter for weights and histories.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 netCDF4==1.7.5.1.post1 imagecodecs==2026.3.6
venv/bin/python -W ignore - <<'PYTHON'
import sys

import imagecodecs
import netCDF4
import numpy as np


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


def through_netcdf(x, mode):
    with netCDF4.Dataset("x.nc", "w") as file:
        file.createDimension("n", len(x))
        file.createVariable("x", x.dtype, ("n",), significant_digits=3, quantize_mode=mode)[:] = x
    with netCDF4.Dataset("x.nc") as file:
        return np.ma.filled(file["x"][:])


x = np.array([0.125, np.inf, -np.inf, np.nan])
for dtype in np.float32, np.float64:
    for mode, described in (("BitGroom", [np.nan, -np.inf, np.nan]), ("GranularBitRound", [0.0, 0.0, np.nan]), ("BitRound", [np.inf, -np.inf, np.nan])):
        seen = through_netcdf(x.astype(dtype), mode)
        check(f"{mode}, {dtype.__name__}, 0.125", abs(float(seen[0]) - 0.125) < 0.001, True)
        check(f"{mode}, {dtype.__name__}, infinities and NaN", (seen[1:] + 0).tolist(), described)
check("BitRound of 3.4e38", through_netcdf(np.array([3.4e38], np.float32), "BitRound").tolist(), [np.inf])
for mode, described in (("bitgroom", [np.inf, np.nan]), ("granularbr", [0.0, 0.0]), ("bitround", [np.inf, np.nan])):
    seen = imagecodecs.quantize_encode(np.array([np.inf, np.nan]), mode, 3)
    check(f"imagecodecs, {mode}, infinity and NaN", (seen + 0).tolist(), described)
print("as described")
PYTHON
