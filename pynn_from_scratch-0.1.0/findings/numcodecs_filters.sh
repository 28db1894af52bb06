#!/usr/bin/env bash
# numcodecs 0.16.6, numpy 2.4.6
# Guess: the Delta filter is lossless, and FixedScaleOffset refuses or clips what does not fit its target.
# Seen:  Delta on floats stores differences and adds them up again: [1e8, 1, 2, 3] in float32 comes back as
#        [1e8, 0, 1, 2]. FixedScaleOffset to uint8 wraps: 3.0 comes back as 0.44, -1.0 as 1.56. No error, no
#        warning.
# So:    Delta for integers only; clip before a scaled encoding (weights in a Zarr store).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 numcodecs==0.16.6
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numcodecs
import numpy as np

delta = numcodecs.Delta(dtype="f4")
x = np.array([1e8, 1, 2, 3], np.float32)
check("Delta, float32", delta.decode(delta.encode(x)).tolist(), [1e8, 0.0, 1.0, 2.0])
delta = numcodecs.Delta(dtype="u1")
pixels = np.array([0, 255, 3, 200], np.uint8)
check("Delta, uint8", delta.decode(delta.encode(pixels)).tolist(), [0, 255, 3, 200])
scale = numcodecs.FixedScaleOffset(offset=0, scale=100, dtype="f4", astype="u1")
x = np.array([2.55, 3.0, -1.0], np.float32)
check("FixedScaleOffset", scale.decode(scale.encode(x)).round(2).astype(float).round(2).tolist(), [2.55, 0.44, 1.56])
print("as described")
PYTHON
