#!/usr/bin/env bash
# scipy 1.17.1, numpy 2.4.6
# Guess: scipy.io.mmwrite writes float16 weights, and floats in the byte order of IDX files, as real numbers, or refuses them.
# Seen:  it writes both as integers: 0.5 becomes 0 and -1.75 becomes -1, in a file that says "integer". No error, no warning, and precision=
#        changes nothing. float32 and float64 come back, and all do with field="real".
# So:    float32 before Matrix Market, as before every format that is older than float16.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1
venv/bin/python - <<'PYTHON'
import sys

import numpy as np
import scipy.io

W = np.array([[0.5, -1.75, 3.0]])


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def back(x, **options):
    scipy.io.mmwrite("W.mtx", x, **options)
    with open("W.mtx") as file:
        kind = file.readline().split()[3]
    return kind, scipy.io.mmread("W.mtx").tolist()


for dtype in ("float32", "float64"):
    check(dtype, back(W.astype(dtype)), ("real", W.tolist()))
for dtype in ("float16", ">f4", ">f8"):
    check(dtype, back(W.astype(dtype)), ("integer", [[0, -1, 3]]))
    check(f"{dtype}, precision=8", back(W.astype(dtype), precision=8), ("integer", [[0, -1, 3]]))
    check(f"{dtype}, field='real'", back(W.astype(dtype), field="real"), ("real", W.tolist()))
print("as described")
PYTHON
