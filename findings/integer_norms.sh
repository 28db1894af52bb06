#!/usr/bin/env bash
# scipy 1.17.1, dask 2026.8.0, mlx 0.32.4 (CPU), pytensor 3.0.7, numpy 2.4.6
# Guess: a norm or distance of uint8 pixels is computed in floats, as np.linalg.norm and scipy's own cdist do.
# Seen:  the linalg.norm of Dask, MLX and PyTensor squares in 8 bits (16.6, 16.6 and 4.5 for 229), and
#        scipy.spatial.distance wraps differences and products: cosine calls two quite different rows the same
#        direction, and euclidean is short.
# So:    convert images to floats before any distance between them (nearest neighbours, by hand or by these).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1 dask[array]==2026.8.0 pytensor==3.0.7 "mlx[cpu]==0.32.4"
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import dask.array as da
import mlx.core as mx
import numpy as np
import pytensor
import pytensor.tensor as pt
from scipy.spatial import distance

a, b = np.array([[200, 100, 50], [0, 255, 30]], np.uint8)
check("numpy", round(float(np.linalg.norm(a)), 2), 229.13)
check("dask", round(float(da.linalg.norm(da.from_array(a)).compute()), 2), 16.61)
check("mlx", round(float(mx.linalg.norm(mx.array(a))), 2), 16.61)
with pytensor.config.change_flags(cxx=""):
    check("pytensor", round(float(pt.linalg.norm(pt.as_tensor(a)).eval()), 2), 4.47)

for name in ("cosine", "euclidean", "cityblock"):
    one = float(getattr(distance, name)(a, b))
    table = float(distance.cdist(a[None], b[None], name)[0, 0])
    described = {"cosine": (0.0, 0.541), "euclidean": (224.947, 253.821), "cityblock": (321.0, 375.0)}[name]
    check(f"{name} and cdist", (round(one, 3), round(table, 3)), described)
print("as described")
PYTHON
