#!/usr/bin/env bash
# scipy 1.17.1, numpy 2.4.6
# Guess: softmax and log_softmax of integer scores compute in float64, as logsumexp does.
# Seen:  the maximum is subtracted in uint8 or int8 and wraps, exp of 8-bit integers is float16: softmax([200,
#        100]) is [0, nan], log_softmax [-inf, -inf]; logsumexp of the same is right.
# So:    scores from raw pixels or quantized weights are converted first; test an own softmax with uint8 too.
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
from scipy import special

x = np.array([200, 100], np.uint8)
infinity, nan = float("inf"), float("nan")
with np.errstate(all="ignore"):
    y = special.softmax(x)
    check("softmax", (y.tolist(), str(y.dtype)), ([0.0, nan], "float16"))
    check("softmax of int8", special.softmax(np.array([100, -100], np.int8)).tolist(), [0.0, nan])
    check("log_softmax", special.log_softmax(x).tolist(), [-infinity, -infinity])
check("logsumexp", float(special.logsumexp(x)), 200.0)
check("softmax of floats", special.softmax(x.astype(float)).round(6).tolist(), [1.0, 0.0])
print("as described")
PYTHON
