#!/usr/bin/env bash
# jax 0.10.2, torch 2.13.0, tinygrad 0.14.0, polars 2.1.0, numpy 2.4.6
# Guess: an array of JAX, a tensor of tinygrad and a series of Polars, none of which can be changed in place, keep the numbers of the NumPy
#        array that they were made of; jax.device_put copies, or does not, whatever the address is.
# Seen:  jax.device_put follows an array that lies at a multiple of 64 bytes, and does not follow its neighbour. PyTorch adds 1 in place to
#        what it got of JAX by DLPack, and JAX's array has changed. tinygrad follows until the tensor is realized, Polars' series and
#        from_numpy always. jnp.asarray and jnp.array copy.
# So:    optimizers change parameters where they lie: what is to keep the weights of before a step is made of W.copy().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2 torch==2.13.0 tinygrad==0.14.0 polars==2.1.0
DEV=PYTHON venv/bin/python -W ignore - <<'PYTHON'
import sys

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import torch
from tinygrad import Tensor


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def weights(behind):
    """A vector of 256 ones so many bytes behind a multiple of 64."""
    memory = np.empty(2048, np.uint8)
    begin = -memory.ctypes.data % 64 + behind
    W = memory[begin:begin + 1024].view(np.float32)
    W[:] = 1
    return W


def follows(make, back=np.asarray, behind=0):
    W = weights(behind)
    made = make(W)
    W -= 0.5
    return float(back(made).ravel()[0]) == 0.5


check("jax.device_put follows, at a multiple of 64", follows(jax.device_put), True)
check("jax.device_put follows, 16 bytes behind one", follows(jax.device_put, behind=16), False)
for make in (jnp.asarray, jnp.array):
    check(f"jax.numpy.{make.__name__} follows", follows(make), False)
check("tinygrad follows", follows(Tensor, Tensor.numpy), True)
check("tinygrad follows, realized", follows(lambda W: Tensor(W).realize(), Tensor.numpy), False)
check("polars.Series follows", follows(pl.Series, pl.Series.to_numpy), True)
check("polars.from_numpy follows", follows(lambda W: pl.from_numpy(W.reshape(-1, 1)), pl.DataFrame.to_numpy), True)

x = jnp.ones(4)
torch.from_dlpack(x).add_(1)
check("JAX's array after PyTorch's add_", x.tolist(), [2.0] * 4)
print("as described")
PYTHON
