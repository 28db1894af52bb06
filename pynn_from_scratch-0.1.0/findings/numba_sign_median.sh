#!/usr/bin/env bash
# numba 0.65.1, numpy 2.4.6
# Guess: np.sign and np.median compiled by numba return what they return in Python.
# Seen:  np.sign of uint8 from 128 up is 255 (minus one, wrapped), and np.median skips NaN by its place: [nan,
#        2, 1, -1] gives 1.5 where NumPy gives nan.
# So:    a compiled gradient's sign over raw pixels is wrong without a word; convert pixels to floats first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 numba==0.65.1
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numba
import numpy as np

sign = numba.njit(lambda x: np.sign(x))
median = numba.njit(lambda x: np.median(x))
pixels = np.array([0, 1, 127, 128, 200, 255], np.uint8)
check("np.sign in numba", sign(pixels).tolist(), [0, 1, 1, 255, 255, 255])
check("np.sign", np.sign(pixels).tolist(), [0, 1, 1, 1, 1, 1])
x = np.array([np.nan, 2.0, 1.0, -1.0])
check("np.median in numba", float(median(x)), 1.5)
check("np.median", float(np.median(x)), float("nan"))
print("as described")
PYTHON
