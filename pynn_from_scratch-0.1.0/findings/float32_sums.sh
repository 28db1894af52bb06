#!/usr/bin/env bash
# numexpr 2.14.2, bottleneck 1.6.0, numba 0.65.1, scipy 1.17.1, mlx 0.32.4 (CPU), numpy 2.4.6
# Guess: the mean of a million float32 values 0.1 is 0.1 to five digits, as in NumPy (pairwise sums), JAX,
#        Polars, Dask.
# Seen:  these five add one after the other in float32 and end at 0.10096, scipy.sparse at 0.09906 (along an
#        axis only: its mean over everything is right).
# So:    a mean, a loss or a norm of float32 from them is good to two digits for a column as long as MNIST's
#        pixels; convert to float64 first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 numexpr==2.14.2 bottleneck==1.6.0 numba==0.65.1 scipy==1.17.1 "mlx[cpu]==0.32.4"
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import bottleneck
import mlx.core as mx
import numba
import numexpr
import numpy as np
import scipy.sparse

x = np.full(1_000_000, 0.1, np.float32)
check("numpy", round(float(x.mean()), 5), 0.1)
check("bottleneck", round(float(bottleneck.nanmean(x)), 5), 0.10096)
check("numexpr", round(float(numexpr.evaluate("sum(x)")) / x.size, 5), 0.10096)
check("numba", round(float(numba.njit(lambda x: x.mean())(x)), 5), 0.10096)
check("mlx", round(float(mx.mean(mx.array(x))), 5), 0.10096)
row = scipy.sparse.csr_array(x[None])
check("scipy.sparse, everything", round(float(row.mean()), 5), 0.1)
check("scipy.sparse, axis 1", round(float(row.mean(axis=1)[0]), 5), 0.09906)
print("as described")
PYTHON
