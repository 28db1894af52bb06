#!/usr/bin/env bash
# torch 2.13.0, optax 0.2.8, jax 0.10.2, keras 3.15.1, mlx 0.32.4, numpy 2.4.6
# Guess: gradients of 300 and 400, clipped to a norm of 1, are 0.6 and 0.8 in float16, and so are 3e20 and 4e20 in float32: clipping is there for
#        gradients that are too large.
# Seen:  squares overflow, the norm is infinite, and the gradient is divided by it. In float16 optax clips to 0 and 0, Keras' global_clipnorm to
#        NaN and its clipnorm to 0; PyTorch and MLX are right. Of 3e20 and 4e20 nothing is left in any of them (Keras: NaN), no step is
#        taken, and nothing is said. Keras' UnitNormalization makes such rows of float16 0 as well.
# So:    pynn's clip_norm takes the norm of gradients divided by the largest where squares overflow: a test has 3e20.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 jax==0.10.2 optax==0.2.8 keras==3.15.1 mlx==0.32.4 mlx-cpu==0.32.4
venv/bin/python -W ignore - <<'PYTHON'
import os
import sys

os.environ["KERAS_BACKEND"] = "numpy"
import jax.numpy as jnp
import keras
import mlx.core as mx
import mlx.optimizers
import numpy as np
import optax
import torch


def check(what, seen, described):
    seen = [round(float(value), 2) for value in seen]
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


def by_torch(gradients, dtype):
    W = torch.zeros(2, dtype=getattr(torch, dtype), requires_grad=True)
    W.grad = torch.tensor(gradients, dtype=W.dtype)
    torch.nn.utils.clip_grad_norm_([W], 1.0)
    return W.grad.tolist()


def by_optax(gradients, dtype):
    clip = optax.clip_by_global_norm(1.0)
    gradients = jnp.array(gradients, dtype)
    return clip.update(gradients, clip.init(gradients))[0].tolist()


def by_mlx(gradients, dtype):
    return mlx.optimizers.clip_grad_norm({"W": mx.array(gradients, dtype=getattr(mx, dtype))}, 1.0)[0]["W"].tolist()


def by_keras(option):
    def clip(gradients, dtype):
        W = keras.Variable(np.zeros(2), dtype=dtype)
        keras.optimizers.SGD(1.0, **{option: 1.0}).apply([np.array(gradients, dtype)], [W])
        return -keras.ops.convert_to_numpy(W)
    return clip


nan = float("nan")
right, nothing, not_numbers = [0.6, 0.8], [0.0, 0.0], [nan, nan]
for name, clip, small, large in (
        ("torch clip_grad_norm_", by_torch, right, nothing), ("mlx clip_grad_norm", by_mlx, right, nothing),
        ("optax clip_by_global_norm", by_optax, nothing, nothing), ("keras global_clipnorm", by_keras("global_clipnorm"), not_numbers, not_numbers),
        ("keras clipnorm", by_keras("clipnorm"), [-0.0, -0.0], [-0.0, -0.0])):
    check(f"{name}, float16 300 and 400", clip([300.0, 400.0], "float16"), small)
    check(f"{name}, float32 3e20 and 4e20", clip([3e20, 4e20], "float32"), large)
    check(f"{name}, float32 300 and 400", clip([300.0, 400.0], "float32"), right)
row = np.array([[300, 400]], np.float16)
check("keras UnitNormalization, float16", keras.layers.UnitNormalization(dtype="float16")(row)[0], nothing)
print("as described")
PYTHON
