#!/usr/bin/env bash
# torch 2.13.0, optax 0.2.8, jax 0.10.2, keras 3.15.1, mlx 0.32.4, tinygrad 0.14.0, numpy 2.4.6
# Guess: where a class is masked by a score of -inf, the cross-entropy of another class is finite, and the same for its label and for its
#        one-hot row: 0.3133 for the scores 2, 1 and -inf.
# Seen:  0.3133 for the label, NaN for the one-hot row, in all five: 0 times the masked class's -inf. (Keras on NumPy and JAX has NaN for the
#        label too; optax has a safe_softmax_cross_entropy beside the other.)
# So:    pynn's losses are the same for labels and one-hot rows, masked classes included: a test has them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 jax==0.10.2 optax==0.2.8 keras==3.15.1 mlx==0.32.4 mlx-cpu==0.32.4 tinygrad==0.14.0
venv/bin/python -W ignore - <<'PYTHON'
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import jax.numpy as jnp
import keras
import mlx.core as mx
import mlx.nn
import numpy as np
import optax
import tinygrad
import torch


def check(what, seen, described):
    seen = [round(float(loss), 4) for loss in seen]
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


scores, row, label = np.array([[2, 1, -np.inf]], np.float32), np.array([[1, 0, 0]], np.float32), np.array([0])
nan = float("nan")

cross_entropy = torch.nn.functional.cross_entropy
check("torch, label and row", [cross_entropy(torch.tensor(scores), torch.tensor(t)) for t in (label, row)], [0.3133, nan])
losses = [optax.softmax_cross_entropy_with_integer_labels(jnp.array(scores), label)[0], optax.softmax_cross_entropy(jnp.array(scores), row)[0],
          optax.safe_softmax_cross_entropy(jnp.array(scores), row)[0]]
check("optax, label, row and safe", losses, [0.3133, nan, 0.3133])
losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True)(label, scores),
          keras.losses.CategoricalCrossentropy(from_logits=True)(row, scores)]
check("keras on torch, label and row", losses, [0.3133, nan])
losses = [mlx.nn.losses.cross_entropy(mx.array(scores), mx.array(t))[0] for t in (label, row)]
check("mlx, label and row", losses, [0.3133, nan])
losses = [tinygrad.Tensor(scores).cross_entropy(tinygrad.Tensor(t)).item() for t in (label, row)]
check("tinygrad, label and row", losses, [0.3133, nan])
print("as described")
PYTHON
