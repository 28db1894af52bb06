#!/usr/bin/env bash
# dask 2026.8.0, numpy 2.4.6
# Guess: da.unique counts NaN as np.unique does, and its inverse puts the array together again; da.linalg.norm and da.average are NumPy's.
# Seen:  there is one NaN among the values, but its count is 0, and the inverse names the first value instead, so that every NaN of the data
#        becomes that number. The norm of a uint8 picture is 14.4 for 359.1, and of int8 10.7 for 229.3: squares wrap; so do products with
#        uint8 weights in the average.
# So:    np.isfinite before anything is counted; floats before norms.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 dask==2026.8.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import dask.array as da
import numpy as np


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


def unique(module, x, **option):
    first, second = module.unique(x, **option)
    return (first.compute(), second.compute()) if module is da else (first, second)


nan = float("nan")
losses = np.array([1.0, nan, nan, 2.0, 1.0, nan])
for module, x, counts in (np, losses, [2, 1, 3]), (da, da.from_array(losses, chunks=3), [2, 1, 0]):
    check(f"{module.__name__}.unique, counts of 1, 2 and NaN", unique(module, x, return_counts=True)[1].tolist(), counts)
for module, x, again in (np, losses, losses.tolist()), (da, da.from_array(losses, chunks=3), [1.0, 1.0, 1.0, 2.0, 1.0, 1.0]):
    values, inverse = unique(module, x, return_inverse=True)
    check(f"{module.__name__}.unique, put together by the inverse", values[inverse].tolist(), again)

for dtype, numbers, norms in (np.uint8, [200, 100, 250, 3, 9, 128], [359.1, 14.4]), (np.int8, [-100, 100, 127, -128, 9, 1], [229.3, 10.7]):
    x = np.array(numbers, dtype)
    seen = np.linalg.norm(x), da.linalg.norm(da.from_array(x, chunks=3)).compute()
    check(f"norm of {x.dtype}, NumPy and dask", [round(float(norm), 1) for norm in seen], norms)
x = np.array([200, 100, 250, 3, 9, 128], np.uint8)
seen = np.average(x, weights=x), da.average(da.from_array(x, chunks=3), weights=da.from_array(x, chunks=3)).compute()
check("average with uint8 weights, NumPy and dask", [round(float(average), 1) for average in seen], [186.9, 0.3])
print("as described")
PYTHON
