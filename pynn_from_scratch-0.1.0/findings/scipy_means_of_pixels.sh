#!/usr/bin/env bash
# scipy 1.17.1, numpy 2.4.6
# Guess: averages, areas and noise filters in SciPy take uint8 images as they take floats.
# Seen:  stats.tmean of uint8 adds in 8 bits (11.9 for 97.2), integrate.trapezoid wraps where neighbours are
#        added, and signal.wiener squares in 8 bits, so that its output has nothing to do with the picture.
#        stats.describe and trim_mean of the same array are right.
# So:    x.astype(float) first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
from scipy import integrate, signal, stats

x = np.array([[200, 100, 50], [0, 255, 30], [90, 80, 70]], np.uint8)
exact = x.astype(float)


def pair(function):
    with np.errstate(all="ignore"):
        return round(float(np.squeeze(function(x))), 2), round(float(np.squeeze(function(exact))), 2)


check("tmean", pair(stats.tmean), (11.89, 97.22))
check("trim_mean", pair(lambda x: stats.trim_mean(x, 0.1, axis=None)), (97.22, 97.22))
check("describe", pair(lambda x: stats.describe(x, axis=None).variance), (6594.44, 6594.44))
check("trapezoid", pair(lambda x: integrate.trapezoid(x[0])), (97.0, 225.0))
check("wiener, first pixel", pair(lambda x: signal.wiener(x)[0, 0]), (42.2, 93.9))
print("as described")
PYTHON
