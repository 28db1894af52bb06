#!/usr/bin/env bash
# autograd 1.9.1, numpy 2.4.6
# Guess: the gradient with respect to a float32 array is float32.
# Seen:  it is, through sum, exp, dot and tanh, but float64 as soon as the loss ends in mean, std or max.
# So:    a float32 network trained with p -= lr * g keeps its dtype only because of the -=; with p = p - lr *
#        g it turns float64 at the first step. Cast gradients that come from outside.
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

x = np.array([0.5, 1.0, 2.0], dtype=np.float32)
losses = {
    "sum": lambda x: np.sum(np.tanh(x)),
    "dot": lambda x: np.dot(x, x),
    "mean": lambda x: np.mean(np.tanh(x)),
    "std": np.std,
    "max": np.max,
}
seen = {name: (str(np.asarray(loss(x)).dtype), str(grad(loss)(x).dtype)) for name, loss in losses.items()}
check("loss and gradient: sum", seen["sum"], ("float32", "float32"))
check("loss and gradient: dot", seen["dot"], ("float32", "float32"))
check("loss and gradient: mean", seen["mean"], ("float32", "float64"))
check("loss and gradient: std", seen["std"], ("float32", "float64"))
check("loss and gradient: max", seen["max"], ("float32", "float64"))
print("as described")
PYTHON
