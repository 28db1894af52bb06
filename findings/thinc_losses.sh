#!/usr/bin/env bash
# thinc 9.1.1, numpy 2.4.6
# Guess: CategoricalCrossentropy.get_loss of probabilities is the mean of -log p, 0.357 for p = 0.7; sigmoid(-30) is 9.4e-14.
# Seen:  0.14, the sum of the squares of the gradient p - t: it falls with the cross-entropy but is not it, and 0.7 is not where it would
#        be in another library. The operations' sigmoid cuts its argument at -20 and 20, so that it is never below 2e-9.
# So:    losses of two libraries are compared by a formula that both are known to compute; docs/comparing.md has those of the common ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 thinc==9.1.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
from thinc.api import CategoricalCrossentropy, NumpyOps


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


p, t = np.array([[0.7, 0.2, 0.1]], np.float32), np.array([0])
check("get_loss at p = 0.7", round(float(CategoricalCrossentropy().get_loss(p, t)), 6), 0.14)
check("the gradient", np.round(CategoricalCrossentropy().get_grad(p, t), 6).tolist(), np.float32([[-0.3, 0.2, 0.1]]).tolist())
small = NumpyOps().sigmoid(np.array([-30.0, -100.0], np.float32)).tolist()
check("sigmoid at -30 and -100 times 1e9", [round(value * 1e9, 3) for value in small], [2.061, 2.061])
print("as described")
PYTHON
