#!/usr/bin/env bash
# imbalanced-learn 0.14.2, scikit-learn 1.9.1, numpy 2.4.6
# Guess: SMOTE puts a new image of a rare class between two that there are, of uint8 pixels as of floats.
# Seen:  the difference of the two is taken in uint8: between 100 and 250 it puts pixels of 1, 42 and 54. Of floats all lie between.
# So:    images are floats before anything is drawn between them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 imbalanced-learn==0.14.2 scikit-learn==1.9.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
from imblearn.over_sampling import SMOTE


def drawn(dtype):
    """The first pixel of the new images of a class whose pixels are 100 or 250."""
    images = np.array([[0, 0, 0], [255, 255, 255]] * 15 + [[100, 100, 100], [250, 250, 250]] * 8, dtype)
    labels = [0] * 30 + [1] * 16
    return SMOTE(random_state=0, k_neighbors=12).fit_resample(images, labels)[0][46:, 0]


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


floats, pixels = drawn(float), drawn(np.uint8)
print("of floats", floats.round().astype(int).tolist())
print("of uint8 ", pixels.tolist())
check("floats lie between 100 and 250", bool(((floats >= 100) & (floats <= 250)).all()), True)
check("pixels do not", bool((pixels < 100).any()), True)
print("as described")
PYTHON
