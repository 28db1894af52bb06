#!/usr/bin/env bash
# torch 2.13.0, optax 0.2.8, jax 0.10.2, keras 3.15.1, numpy 2.4.6
# Guess: the epsilon under a quotient keeps a row of zeros, or a gradient of zero, from 0 / 0 in float16 as well: normalized it is 0, and the
#        parameter stays.
# Seen:  1e-8 and 1e-12 are 0 in float16. torch's normalize and cosine_similarity and Keras' UnitNormalization give NaN for a row of zeros;
#        one step of Adam or RMSprop with a gradient of zero makes the parameter NaN in PyTorch, and its update NaN in optax. In bfloat16,
#        which has float32's range, all of them are right.
# So:    optimizers keep their state in float32 or float64: pynn's refuse float16 parameters by name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 jax==0.10.2 optax==0.2.8 keras==3.15.1
venv/bin/python -W ignore - <<'PYTHON'
import os
import sys

os.environ["KERAS_BACKEND"] = "numpy"
import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch

nan = float("nan")


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


def after_a_step(optimizer, dtype):
    W = torch.ones(1, dtype=dtype, requires_grad=True)
    W.grad = torch.zeros(1, dtype=dtype)
    optimizer([W], lr=0.1).step()
    return W.item()


def update(optimizer, dtype):
    W = jnp.ones(1, dtype)
    return abs(float(optimizer(0.1).update(jnp.zeros(1, dtype), optimizer(0.1).init(W), W)[0][0]))


for dtype, zero in (torch.float16, nan), (torch.bfloat16, 0.0):
    row = torch.zeros(1, 2, dtype=dtype)
    check(f"torch normalize, {dtype}", torch.nn.functional.normalize(row)[0, 0].item(), zero)
    check(f"torch cosine_similarity, {dtype}", torch.nn.functional.cosine_similarity(row, row + 1).item(), zero)
    for optimizer in torch.optim.Adam, torch.optim.RMSprop:
        check(f"torch {optimizer.__name__}, {dtype}: 1 becomes", after_a_step(optimizer, dtype), zero + 1)
for dtype, zero in (jnp.float16, nan), (jnp.bfloat16, 0.0):
    for name in "adam", "rmsprop", "nadam":
        check(f"optax {name}, {dtype.__name__}: the update is", update(getattr(optax, name), dtype), zero)
row = keras.layers.UnitNormalization(dtype="float16")(np.zeros((1, 2), "float16"))
check("keras UnitNormalization, float16", row.tolist(), [[nan, nan]])
print("as described")
PYTHON
