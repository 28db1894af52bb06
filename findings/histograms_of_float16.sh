#!/usr/bin/env bash
# numpy 2.4.6, scipy 1.17.1
# Guess: a histogram of float16 activations is that of the same numbers in float64, for any bins, and each of them is in one.
# Seen:  NumPy makes the edges in float16: a hundred bins between 1000 and 1008 are too many for it, and by Scott's rule numbers up to 100
#        get one bin instead of 48. scipy's binned_statistic leaves out those that are equal to the largest, without an error.
# So:    float32 or float64 before a histogram; pynn's networks know no other dtype.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
from scipy.stats import binned_statistic


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


x = np.random.default_rng(0).random(100_000).astype(np.float16)
near = (1000 + 8 * x).astype(np.float16)
check("100 bins from 1000 to 1008 in float64", int(np.histogram(near.astype(float), 100)[0].sum()), 100_000)
try:
    np.histogram(near, 100)
    said = "no error"
except ValueError as error:
    said = str(error)[:29]
check("in float16", said, "Too many bins for data range.")
check("bins by Scott's rule, float64", len(np.histogram_bin_edges((100 * x).astype(float), "scott")), 48)
check("float16", len(np.histogram_bin_edges(100 * x, "scott")), 1)
counts = binned_statistic(x, x, "count", bins=1000).statistic
check("scipy: counted of 100,000", int(counts.sum()), 100_000 - int(np.count_nonzero(x == x.max())))
check("there are some that are equal to the largest", int(np.count_nonzero(x == x.max())) > 0, True)
print("as described")
PYTHON
