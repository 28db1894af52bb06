#!/usr/bin/env bash
# torchmetrics 1.9.0, torch 2.13.0
# Guess: MulticlassAccuracy and Accuracy(task="multiclass") are one metric, the share of samples that are right: 0.8 for 8 of 10; the squared
#        error of the pixels 200 and 100 is 10,000.
# Seen:  the second is 0.8; the first is 0.444, the mean over the classes of the share that is right in each, also for the functions of both
#        names. Of uint8 the squared error is 16, and the error of 100 against 200 is 156.
# So:    `accuracy` is the share of samples; a comparison names the average, and has classes of different sizes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torchmetrics==1.9.0 torch==2.13.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import torch
import torchmetrics
from torchmetrics import functional


def check(what, value, described):
    seen = round(float(value), 3)
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


predicted = torch.tensor([0, 0, 0, 0, 0, 0, 0, 0, 1, 2])
labels = torch.tensor([0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
check("right of ten", (predicted == labels).float().mean(), 0.8)
check("Accuracy", torchmetrics.Accuracy(task="multiclass", num_classes=3)(predicted, labels), 0.8)
check("MulticlassAccuracy", torchmetrics.classification.MulticlassAccuracy(num_classes=3)(predicted, labels), 0.444)
check("accuracy", functional.accuracy(predicted, labels, task="multiclass", num_classes=3), 0.8)
check("multiclass_accuracy", functional.classification.multiclass_accuracy(predicted, labels, num_classes=3), 0.444)

bright, dark = torch.tensor([200], dtype=torch.uint8), torch.tensor([100], dtype=torch.uint8)
check("squared error of pixels 200, 100", torchmetrics.MeanSquaredError()(bright, dark), 16.0)
check("error of pixels 100, 200", torchmetrics.MeanAbsoluteError()(dark, bright), 156.0)
print("as described")
PYTHON
