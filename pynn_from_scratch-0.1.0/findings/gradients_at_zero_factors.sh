#!/usr/bin/env bash
# autograd 1.9.1, pytensor 3.0.7, jax 0.10.2, numpy 2.4.6
# Guess: products, running products and sinc have their ordinary finite gradients where a factor or x is 0.
# Seen:  autograd divides by the factor: the gradient of prod([2, 0, 3]) is [0, nan, 0] for [0, 6, 0], that of
#        sinc at 0 is nan for 0, that of norm(x, inf) is nan wherever x is not 0; PyTensor does so in cumprod.
#        JAX is right in all of them.
# So:    nan from a reference is not yet a wrong gradient of yours: compare with differences at such points.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 autograd==1.9.1 pytensor==3.0.7 jax==0.10.2
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import autograd.numpy as anp
import jax
import jax.numpy as jnp
import numpy as np
import pytensor
import pytensor.tensor as pt
from autograd import grad

nan = float("nan")
x = np.array([2.0, 0.0, 3.0])
with np.errstate(all="ignore"):
    check("autograd, prod", grad(anp.prod)(x).tolist(), [0.0, nan, 0.0])
    check("autograd, sinc", float(grad(anp.sinc)(0.0)), nan)
    check("autograd, norm inf", grad(lambda x: anp.linalg.norm(x, anp.inf))(x).tolist(), [nan, 0.0, nan])
variable = pt.vector("x", dtype="float64")
with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):
    derivative = pytensor.function([variable], pytensor.grad(pt.cumprod(variable).sum(), variable))
with np.errstate(all="ignore"):
    check("pytensor, cumprod", derivative(x).tolist(), [1.0, nan, 0.0])
check("jax, prod", jax.grad(jnp.prod)(jnp.array(x)).tolist(), [0.0, 6.0, 0.0])
check("jax, cumprod", jax.grad(lambda x: jnp.cumprod(x).sum())(jnp.array(x)).tolist(), [1.0, 8.0, 0.0])
check("jax, sinc", float(jax.grad(jnp.sinc)(0.0)), 0.0)
print("as described")
PYTHON
