#!/usr/bin/env bash
# keras 3.15.1 on jax 0.10.2 and torch 2.13.0, torcheval 0.0.7, torchmetrics 1.9.0, pytorch-ignite 0.5.5, scikit-learn 1.9.1, numpy 2.4.6
# Guess: a network that gives all ten classes the same score, or NaN, has a top-k accuracy of chance, about k / 10, or of 0; top-1 is accuracy.
# Seen:  keras gives equal scores 1.0 for k = 1 already, while its SparseCategoricalAccuracy says 0.1; NaN has 1.0 on JAX, and 0 on PyTorch.
#        It counts how many scores are larger than that of the label, as torcheval does for k above 1, with 1.0 for both. scikit-learn,
#        torchmetrics and ignite choose k classes.
# So:    a perfect top-5 accuracy may be a network that diverged; `accuracy` takes one class for each row, as argmax does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 keras==3.15.1 jax==0.10.2 torch==2.13.0 torcheval==0.0.7 \
    torchmetrics==1.9.0 pytorch-ignite==0.5.5 scikit-learn==1.9.1
cat > topk.py <<'PYTHON'
import sys

import keras
import numpy as np
import sklearn.metrics
import torch
import torcheval.metrics.functional
import torchmetrics.functional
from ignite.metrics import TopKCategoricalAccuracy

LABELS = np.arange(10)


def check(what, seen, described):
    seen = round(float(seen), 6)
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def in_keras(metric, scores):
    metric.update_state(LABELS, scores)
    return keras.ops.convert_to_numpy(metric.result())


def in_ignite(k, scores):
    metric = TopKCategoricalAccuracy(k)
    metric.update((torch.from_numpy(scores), torch.from_numpy(LABELS)))
    return metric.compute()


def in_torcheval(k, scores):
    return torcheval.metrics.functional.multiclass_accuracy(torch.from_numpy(scores), torch.from_numpy(LABELS), num_classes=10, k=k)


def in_torchmetrics(k, scores):
    return torchmetrics.functional.accuracy(torch.from_numpy(scores), torch.from_numpy(LABELS), "multiclass", num_classes=10, top_k=k, average="micro")


for what, value, described in (("equal scores", 0.1, 1.0), ("NaN", np.nan, {"jax": 1.0, "torch": 0.0}[keras.backend.backend()])):
    scores = np.full((10, 10), value, np.float32)
    what = f"{what}, keras on {keras.backend.backend()}"
    check(f"{what}, accuracy", in_keras(keras.metrics.SparseCategoricalAccuracy(), scores), 0.1)
    for k in (1, 5):
        check(f"{what}, top-{k}", in_keras(keras.metrics.SparseTopKCategoricalAccuracy(k), scores), described)
scores = np.full((10, 10), 0.1, np.float32)
for k, described in ((1, 0.1), (5, 1.0)):
    check(f"equal scores, torcheval, top-{k}", in_torcheval(k, scores), described)
    check(f"equal scores, torchmetrics, top-{k}", in_torchmetrics(k, scores), k / 10)
    check(f"equal scores, ignite, top-{k}", in_ignite(k, scores), k / 10)
    check(f"equal scores, scikit-learn, top-{k}", sklearn.metrics.top_k_accuracy_score(LABELS, scores, k=k), k / 10)
check("NaN, torcheval, top-5", in_torcheval(5, np.full((10, 10), np.nan, np.float32)), 1.0)
PYTHON
for backend in jax torch; do
    KERAS_BACKEND=$backend venv/bin/python -W ignore topk.py
done
echo "as described"
