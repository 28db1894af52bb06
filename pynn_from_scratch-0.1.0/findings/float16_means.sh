#!/usr/bin/env bash
# dask 2026.8.0, mlx 0.32.4 (CPU), scipy 1.17.1, numpy 2.4.6
# Guess: the mean of float16 values is computed in float32 inside, as np.mean does: of a thousand times 300 it
#        is 300.
# Seen:  Dask and MLX add in float16, which ends at 65504: inf. scipy.special.logsumexp of 70000 zeros is inf
#        and softmax all 0.
# So:    reduce in float32; x.astype(np.float32).mean().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1 dask[array]==2026.8.0 "mlx[cpu]==0.32.4"
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import dask.array as da
import mlx.core as mx
import numpy as np
from scipy import special

x = np.full(1000, 300, np.float16)
infinity = float("inf")
with np.errstate(all="ignore"):
    check("numpy", float(x.mean()), 300.0)
    check("dask", float(da.from_array(x).mean().compute()), infinity)
    check("mlx", float(mx.mean(mx.array(x))), infinity)
    zeros = np.zeros(70000, np.float16)
    check("logsumexp", float(special.logsumexp(zeros)), infinity)
    check("sum of softmax", float(special.softmax(zeros).sum(dtype=float)), 0.0)
    check("float32: sum of softmax", round(float(special.softmax(zeros.astype(np.float32)).sum()), 3), 1.0)
print("as described")
PYTHON
