#!/usr/bin/env bash
# scipy 1.17.1, numpy 2.4.6
# Guess: for a loss that computes in float32, check_grad is off in the fourth digit and minimize still gets
#        down.
# Seen:  the step of 1.5e-8 is lost when the function rounds to float32: every difference is 0. check_grad
#        calls the right gradient wrong by its whole length, and minimize reports success after no step at
#        all. No warning.
# So:    check and minimize a float64 copy of the network, or give epsilon=1e-3 (and jac= to minimize).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
from scipy.optimize import approx_fprime, check_grad, minimize

x = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
t = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(np.float32)


def predict(w):
    return 1 / (1 + np.exp(-(x @ np.asarray(w, np.float32))))


def loss(w):
    return float(np.mean((predict(w) - t) ** 2))


def gradient(w):
    y = predict(w)
    return x.T @ (2 * (y - t) * y * (1 - y)) / len(t)


w = np.array([0.1, -0.2, 0.3])
check("differences", approx_fprime(w, loss).tolist(), [0.0, 0.0, 0.0])
error, length = check_grad(loss, gradient, w), np.linalg.norm(gradient(w))
check("check_grad equals the gradient's length", bool(np.isclose(error, length)), True)
check("with epsilon=1e-3 its part of it is below 0.01", bool(check_grad(loss, gradient, w, epsilon=1e-3) < 0.01 * length), True)
result = minimize(loss, w)
check("minimize: success, steps, moved", (bool(result.success), result.nit, bool((result.x != w).any())), (True, 0, False))
check("with jac= it gets below", bool(minimize(loss, w, jac=gradient).fun < 0.9 * loss(w)), True)
print("as described")
PYTHON
