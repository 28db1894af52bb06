#!/usr/bin/env bash
# flax 0.12.8, jax 0.10.2, torch 2.13.0, equinox 0.13.8, keras 3.15.1, numpy 2.4.6
# Guess: a layer normalization of 784 float32 values around 1000 gives a mean of 0 and a deviation of 1 but for rounding, in Flax as in PyTorch.
# Seen:  Flax's LayerNorm and BatchNorm take the variance as the mean of squares less the square of the mean, by default. Of values 1000 +- 1
#        they make errors of up to 0.6, of 1000 +- 0.1 of up to 147 and a deviation of 24, without a warning: a negative variance
#        is taken for 0. PyTorch, Equinox and Keras on JAX are right to 0.002; so is Flax with use_fast_variance=False.
# So:    BatchNormalization subtracts the mean first; compare it with Flax's on data around 0, or with the slow variance.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2 flax==0.12.8 equinox==0.13.8 keras==3.15.1 torch==2.13.0
KERAS_BACKEND=jax venv/bin/python -W ignore - <<'PYTHON'
import sys

import equinox
import flax.linen
import flax.nnx
import jax
import keras
import numpy as np
import torch


def check(what, seen, described):
    print(f"{what}: {seen}")
    if not described[0] < seen < described[1]:
        sys.exit(f"changed: {what} was between {described[0]} and {described[1]}")


def linen(layer):
    return lambda x: layer.init_with_output(jax.random.key(0), x)[0]


RIGHT, LITTLE = (0, 0.01), {"1": (0.1, 1), "0.1": (50, 300)}
LAYERS = {
    "flax.nnx.LayerNorm": (1, lambda: flax.nnx.LayerNorm(784, epsilon=1e-5, rngs=flax.nnx.Rngs(0)), LITTLE),
    "flax.linen.LayerNorm": (1, lambda: linen(flax.linen.LayerNorm(epsilon=1e-5)), LITTLE),
    "flax.linen.LayerNorm, slow variance": (1, lambda: linen(flax.linen.LayerNorm(epsilon=1e-5, use_fast_variance=False)), {}),
    "flax.nnx.BatchNorm": (0, lambda: flax.nnx.BatchNorm(784, rngs=flax.nnx.Rngs(0)), LITTLE),
    "equinox.nn.LayerNorm": (1, lambda: jax.vmap(equinox.nn.LayerNorm(784)), {}),
    "keras LayerNormalization": (1, lambda: keras.layers.LayerNormalization(epsilon=1e-5), {}),
    "torch layer_norm": (1, lambda: lambda x: torch.nn.functional.layer_norm(torch.from_numpy(x), (784,)), {}),
}
for deviation in ("1", "0.1"):
    x = (1000 + float(deviation) * np.random.default_rng(0).standard_normal((64, 784))).astype(np.float32)
    for name, (axis, layer, described) in LAYERS.items():
        y, exact = np.asarray(layer()(x)), x.astype(np.float64)
        exact = (exact - exact.mean(axis, keepdims=True)) / np.sqrt(exact.var(axis, keepdims=True) + 1e-5)
        check(f"{name} of 1000 +- {deviation}, largest error", round(float(np.abs(y - exact).max()), 5), described.get(deviation, RIGHT))
        if described and deviation == "0.1":
            check(f"{name} of 1000 +- {deviation}, deviation", round(float(y.std()), 3), (10, 50))
print("as described")
PYTHON
