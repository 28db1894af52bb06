#!/usr/bin/env bash
# keras 3.15.1 on numpy 2.4.6, jax 0.10.2 and torch 2.13.0
# Guess: for a label that is no class, -1 or 3 of 3, sparse_categorical_crossentropy gives nan or an error, and the same on every backend;
#        to_categorical refuses -1; losses and ops take uint8 pixels for the numbers that they are.
# Seen:  to_categorical makes the last class of -1. On JAX the loss is 0 for both, the best there is; on NumPy 0 for -1 and an IndexError for 3; on PyTorch an IndexError for both. The
#        mean squared error of pixels 100 apart is 16 on all of them, 10,000 in uint8. Their cosine similarity is -0.8 on NumPy, -500 on PyTorch and an error on JAX, their sigmoid on NumPy 0. sign(nan) is
#        nan, on PyTorch 0.
# So:    labels are refused with the first that is wrong, pixels are floats; a comparison with Keras names its backend.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 keras==3.15.1 jax==0.10.2 torch==2.13.0
cat >ask.py <<'PYTHON'
import json

import keras
import numpy as np
from keras import ops


def answer(function, *arrays):
    try:
        values = ops.convert_to_numpy(function(*arrays)).astype(float)
    except Exception as error:
        return type(error).__name__
    return [None if np.isnan(value) else round(float(value), 4) + 0.0 for value in np.ravel(values)]


def loss_of_label(label):
    scores = np.zeros((1, 3), np.float32)
    return answer(lambda: keras.losses.sparse_categorical_crossentropy(np.array([label]), scores, from_logits=True))


bright, dark = np.array([200, 100], np.uint8), np.array([100, 200], np.uint8)
print(json.dumps({"label 2": loss_of_label(2), "label -1": loss_of_label(-1), "label 3": loss_of_label(3),
                  "to_categorical(-1)": answer(keras.utils.to_categorical, [-1], 3),
                  "mean squared error of pixels": answer(keras.losses.mean_squared_error, bright, dark),
                  "cosine of pixels": answer(keras.losses.cosine_similarity, bright, dark), "sigmoid of pixels": answer(ops.sigmoid, bright),
                  "sign of nan": answer(ops.sign, np.array([np.nan], np.float32))}))
PYTHON
for backend in numpy jax torch; do
    KERAS_BACKEND=$backend venv/bin/python -W ignore ask.py >$backend.json
done
venv/bin/python - <<'PYTHON'
import json
import sys

DESCRIBED = {
    "label 2": ([1.0986], [1.0986], [1.0986]),
    "label -1": ([0.0], [0.0], "IndexError"),
    "label 3": ("IndexError", [0.0], "IndexError"),
    "to_categorical(-1)": ([0.0, 0.0, 1.0],) * 3,
    "mean squared error of pixels": ([16.0],) * 3,
    "cosine of pixels": ([-0.8], "TypeError", [-500.0]),
    "sigmoid of pixels": ([0.0, 0.0], "TypeError", [1.0, 1.0]),
    "sign of nan": ([None], [None], [0.0]),
}
answers = [json.load(open(f"{backend}.json")) for backend in ("numpy", "jax", "torch")]
for what, described in DESCRIBED.items():
    seen = tuple(said[what] for said in answers)
    print(f"{what}: NumPy {seen[0]}, JAX {seen[1]}, PyTorch {seen[2]}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")
print("as described")
PYTHON
