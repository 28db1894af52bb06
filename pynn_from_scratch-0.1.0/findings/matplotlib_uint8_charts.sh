#!/usr/bin/env bash
# matplotlib 3.11.2, numpy 2.4.6
# Guess: bars, weights, error bars and autocorrelation of uint8 values are drawn as those of the same floats.
# Seen:  a bar of 200 on a bottom of 100 is drawn from 100 down to 44 (the sum wraps), hist with weights 200
#        and 100 has a bar of 44, acorr exceeds 1, and errorbar refuses yerr=[100, 50] as "negative".
# So:    pass floats to Matplotlib; counts of pixel values and uint8 rows of a picture are the usual way into
#        this.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 matplotlib==3.11.2
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import warnings

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

warnings.simplefilter("ignore")
axes = plt.figure().subplots()
low, high = np.array([100], np.uint8), np.array([200], np.uint8)


def top(bar):
    return float(bar.get_path().transformed(bar.get_patch_transform()).vertices[2, 1])


check("bar", top(axes.bar([0], high, bottom=low)[0]), 44.0)
check("bar of floats", top(axes.bar([0], high.astype(float), bottom=low.astype(float))[0]), 300.0)
check("hist", axes.hist([1, 1], weights=np.array([200, 100], np.uint8), bins=1)[0].tolist(), [44.0])
row = np.array([200, 100, 50, 0, 255, 30], np.uint8)
check("acorr above 1", bool(axes.acorr(row, maxlags=2)[1].max() > 1), True)
check("acorr of floats above 1", bool(axes.acorr(row.astype(float), maxlags=2)[1].max() > 1), False)
try:
    axes.errorbar([0, 1], [1, 2], yerr=np.array([100, 50], np.uint8))
except ValueError as error:
    check("errorbar", str(error), "'yerr' must not contain negative values")
else:
    sys.exit("changed: errorbar took yerr of uint8")
print("as described")
PYTHON
