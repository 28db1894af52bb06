#!/usr/bin/env bash
# scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6
# Guess: scikit-learn's errors of a regression and scipy's distances are of uint8 pixels what they are of the same numbers as floats.
# Seen:  mean_squared_error and mean_absolute_error are; max_error and median_absolute_error subtract in uint8, and of 90 against 100 that is
#        246. In scipy cdist is right, while euclidean and cosine of one pair of rows wrap: of two digits that point in
#        different directions the cosine distance is 0.
# So:    pixels are floats before they are compared; pynn's metrics take the difference of floats.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scikit-learn==1.9.1 scipy==1.17.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
from scipy.spatial import distance
from sklearn import metrics


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


seen = np.array([120, 3, 90, 50, 0, 127], np.uint8)
predicted = np.array([0, 120, 100, 4, 127, 1], np.uint8)


def both(function):
    """Of uint8, and of floats."""
    pairs = ((seen, predicted), (seen.astype(float), predicted.astype(float)))
    return [round(float(function(*pair)), 3) for pair in pairs]


def from_cdist(x, y):
    return distance.cdist(x[None], y[None], "cosine")[0, 0]


check("mean_absolute_error", both(metrics.mean_absolute_error), [91.0, 91.0])
check("max_error", both(metrics.max_error), [246.0, 127.0])
check("median_absolute_error", both(metrics.median_absolute_error), [128.5, 118.5])
check("cosine by cdist", both(from_cdist), [0.763, 0.763])
check("cosine", both(distance.cosine), [0.0, 0.763])
check("euclidean", both(distance.euclidean), [358.985, 249.62])
print("as described")
PYTHON
