#!/usr/bin/env bash
# bottleneck 1.6.0, numpy 2.4.6
# Guess: reductions of integers are NumPy's: wide enough that the sum of squared uint8 pixels is right.
# Seen:  ss() squares in the array's own dtype (uint8 100, 100, 100, 100 gives 64), nansum() of int32 along an
#        axis stays int32 and wraps, and median() adds its two middle int32 values in int32: the median of
#        four 2**30 is negative.
# So:    give it float64, or int64 for sums.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 bottleneck==1.6.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import bottleneck
import numpy as np

pixels = np.full(4, 100, np.uint8)
check("ss of uint8", int(bottleneck.ss(pixels)), 64)
check("ss of the same as float64", float(bottleneck.ss(pixels.astype(float))), 40000.0)
large = np.full((1, 4), 2**30, np.int32)
check("nansum of int32, axis 1", bottleneck.nansum(large, axis=1).tolist(), [0])
check("np.nansum", np.nansum(large, axis=1).tolist(), [4294967296])
check("median of int32", float(bottleneck.median(large)), -1073741824.0)
check("np.median", float(np.median(large)), 1073741824.0)
print("as described")
PYTHON
