#!/usr/bin/env bash
# h5py 3.16.0, numpy 2.4.6
# Guess: a data set of another dtype holds what NumPy's astype makes of an array; create_dataset takes data and dtype for that.
# Seen:  HDF5 converts by rules of its own. 300 and -1 in uint8 are 255 and 0 (NumPy: 44 and 255), infinity in int32 is the largest of them.
#        65,510 assigned to float16, or read with astype, is infinite, where NumPy rounds to 65,504; create_dataset, which has NumPy convert
#        to float16 and nothing else, has 65,504.
# So:    convert with NumPy and look at the result before it goes into a file: `x.astype(np.float16)` first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 h5py==3.16.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import h5py
import numpy as np

inf = float("inf")


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def compare(values, kind, dtype, numpy, created, hdf5):
    x = np.array(values, kind)
    check(f"{values} of {kind} as {dtype}, numpy", x.astype(dtype).tolist(), numpy)
    with h5py.File("x.h5", "w") as file:
        file.create_dataset("created", data=x, dtype=dtype)
        file.create_dataset("assigned", x.shape, dtype)[...] = x
        file["kept"] = x
        check("    h5py, create_dataset", file["created"][...].tolist(), created)
        check("    h5py, assigned", file["assigned"][...].tolist(), hdf5)
        check("    h5py, read with astype", file["kept"].astype(dtype)[...].tolist(), hdf5)


compare([300, -1], "int64", "uint8", [44, 255], [255, 0], [255, 0])
compare([200, 100], "uint8", "int8", [-56, 100], [127, 100], [127, 100])
for kind in ("float32", "float64"):
    compare([65510, 65500], kind, "float16", [65504, 65504], [65504, 65504], [inf, 65504])
with h5py.File("x.h5", "w") as file:
    file["x"] = [inf, 1e10, -1.7]
    check("infinity, 1e10 and -1.7 read as int32", file["x"].astype("int32")[...].tolist(), [2**31 - 1, 2**31 - 1, -1])
print("as described")
PYTHON
