#!/usr/bin/env bash
# ml_dtypes 0.6.0, numpy 2.4.6
# Guess: NumPy treats bfloat16 like float16: mean and sum are computed more precisely inside, sort puts NaN
#        last.
# Seen:  sum() of 1000 ones is 256 and mean() 0.2559 (one addition after the other in bfloat16), while a dot
#        product of the same ones is 1000 and float32; sort() with a NaN leaves the array unsorted, and
#        unique() then keeps duplicates.
# So:    convert weights in bfloat16 to float32 as soon as they are read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 ml_dtypes==0.6.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import ml_dtypes
import numpy as np

ones = np.ones(1000, ml_dtypes.bfloat16)
check("sum", float(ones.sum()), 256.0)
check("mean", float(ones.mean()), 0.255859375)
dot = ones @ ones
check("dot", (float(dot), str(dot.dtype)), (1000.0, "float32"))
half = ones.astype(np.float16)
check("float16: sum, mean", (float(half.sum()), float(half.mean())), (1000.0, 1.0))
x = np.array([3, np.nan, 2, 3], ml_dtypes.bfloat16)
check("sort", np.sort(x).astype(float).tolist(), [3.0, float("nan"), 2.0, 3.0])
check("unique", np.unique(x).astype(float).tolist(), [3.0, float("nan"), 2.0, 3.0])
check("float16: unique", np.unique(x.astype(np.float16)).tolist(), [2.0, 3.0, float("nan")])
print("as described")
PYTHON
