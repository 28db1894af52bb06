#!/usr/bin/env bash
# torchmetrics 1.9.0, torcheval 0.0.7, keras 3.15.1, scikit-learn 1.9.1, torch 2.13.0, jax 0.10.2, numpy 2.4.6
# Guess: the correlation coefficient of Matthews of a classifier that always says 1 is 0, or not a number, as it tells nothing of the labels;
#        the area under the ROC curve is not a number where all labels are 1.
# Seen:  torchmetrics has 0.408 for [1, 1, 1] on the labels [0, 1, 1], 0.843 for nine ones and one zero, and 1 where all labels are 1; scikit-learn
#        has 0 for each. The area is nan in scikit-learn, 0 in torchmetrics and keras, 0.5 in torcheval: averaged over batches, one such batch
#        changes the result, and each library's otherwise.
# So:    take such scores once over the whole test set, never as a mean over batches; compare them only where both classes come up.
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
import sklearn.metrics
import torch
import torcheval.metrics.functional
import torchmetrics.functional


def check(what, seen, described):
    seen = round(float(seen), 3)
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


for labels, described in (([0, 1, 1], 0.408), ([0] + 9 * [1], 0.843), ([1, 1, 1], 1.0)):
    ones = len(labels) * [1]
    check(f"Matthews of ones on {labels}, scikit-learn", sklearn.metrics.matthews_corrcoef(labels, ones), 0.0)
    check(f"Matthews of ones on {labels}, torchmetrics",
          torchmetrics.functional.matthews_corrcoef(torch.tensor(ones), torch.tensor(labels), "binary"), described)

scores, ones = torch.tensor([0.2, 0.5, 0.9]), torch.tensor([1, 1, 1])
area = keras.metrics.AUC()
area.update_state(ones.numpy(), scores.numpy())
check("ROC area, all labels 1, scikit-learn", sklearn.metrics.roc_auc_score(ones, scores), float("nan"))
check("ROC area, all labels 1, torchmetrics", torchmetrics.functional.auroc(scores, ones, "binary"), 0.0)
check("ROC area, all labels 1, keras", area.result(), 0.0)
check("ROC area, all labels 1, torcheval", torcheval.metrics.functional.binary_auroc(scores, ones), 0.5)
print("as described")
PYTHON
