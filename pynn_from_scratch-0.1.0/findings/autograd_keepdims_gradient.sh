#!/usr/bin/env bash
# autograd 1.9.1, numpy 2.4.6
# Guess: the gradient of sum(norm(x, axis=1, keepdims=True)) has x's shape.
# Seen:  for x of shape (3, 3) it is (3, 3, 3), every row divided by every norm. Without keepdims it is right.
# So:    a checker must compare shapes before values; normalize rows with norm(x, axis=1)[:, None].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 autograd==1.9.1
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import autograd.numpy as np
from autograd import grad

x = np.array([[3.0, 4.0, 0.0], [6.0, 8.0, 0.0], [0.0, 5.0, 12.0]])
kept = grad(lambda x: np.sum(np.linalg.norm(x, axis=1, keepdims=True)))(x)
dropped = grad(lambda x: np.sum(np.linalg.norm(x, axis=1)[:, None]))(x)
check("shape with keepdims", kept.shape, (3, 3, 3))
check("shape without", dropped.shape, (3, 3))
check("row 0 with keepdims", [round(float(d), 3) for d in kept[:, 0, 0]], [0.6, 0.3, 0.231])
check("row 0 without", [round(float(d), 3) for d in dropped[0]], [0.6, 0.8, 0.0])
print("as described")
PYTHON
