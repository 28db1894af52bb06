#!/usr/bin/env bash
# torchmetrics 1.9.0, torcheval 0.0.7, keras 3.15.1, scikit-learn 1.9.1, torch 2.13.0, jax 0.10.2, numpy 2.4.6
# Guess: the R2 of predictions that are 0.1 off for the targets 10000, 10001 and 10002 is 0.985, in float32 as well.
# Seen:  0 in torchmetrics and keras, minus infinity in torcheval; at 0, 1 and 2 all have 0.985. They take the sum of squares less the square
#        of the sum, which cancel in float32; so does explained_variance in torchmetrics. scikit-learn is right.
# So:    targets such as years, prices or temperatures in kelvin are scaled before training, or R2 is taken of float64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 torchmetrics==1.9.0 torcheval==0.0.7 keras==3.15.1 \
    jax==0.10.2 scikit-learn==1.9.1
KERAS_BACKEND=jax venv/bin/python -W ignore - <<'PYTHON'
import sys

import keras
import numpy as np
import sklearn.metrics
import torch
import torcheval.metrics.functional
import torchmetrics.functional


def check(what, seen, described):
    seen = round(float(seen), 3)
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def in_keras(y, t):
    metric = keras.metrics.R2Score()
    metric.update_state(t[:, None], y[:, None])
    return metric.result()


SCORES = {
    "scikit-learn": lambda y, t: sklearn.metrics.r2_score(t, y),
    "torchmetrics": lambda y, t: torchmetrics.functional.r2_score(torch.from_numpy(y), torch.from_numpy(t)),
    "torchmetrics, explained_variance": lambda y, t: torchmetrics.functional.explained_variance(torch.from_numpy(y), torch.from_numpy(t)),
    "torcheval": lambda y, t: torcheval.metrics.functional.r2_score(torch.from_numpy(y), torch.from_numpy(t)),
    "keras": in_keras,
}
for offset, described in ((0, (0.985, 0.985, 0.987, 0.985, 0.985)), (10_000, (0.985, 0.0, 0.0, -np.inf, 0.0))):
    t = np.array([0, 1, 2], np.float32) + np.float32(offset)
    y = t + np.array([0.1, -0.1, 0.1], np.float32)
    for (name, score), expected in zip(SCORES.items(), described):
        check(f"targets from {offset}, {name}", score(y, t), expected)
print("as described")
PYTHON
