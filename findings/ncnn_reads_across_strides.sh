#!/usr/bin/env bash
# ncnn 1.0.20261020, numpy 2.4.6
# Guess: ncnn.Mat(x.T) holds what x.T holds; an array of NumPy says where its elements lie.
# Seen:  it takes the shape and reads the memory row by row: of [[0, 1, 2], [3, 4, 5]] transposed it holds [[0, 1], [2, 3], [4, 5]], and of
#        every other column the first four numbers in a row. No error, no warning.
# So:    whatever goes to another library is in C order first: np.ascontiguousarray. Test exports with W.T of a matrix that is not square.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 ncnn==1.0.20261020
venv/bin/python - <<'PYTHON'
import sys

import ncnn
import numpy as np


def check(what, array, described):
    seen = np.array(ncnn.Mat(array)).tolist()
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


x = np.arange(6, dtype=np.float32).reshape(2, 3)
check("x", x, x.tolist())
check("x.T", x.T, [[0, 1], [2, 3], [4, 5]])
check("x[:, ::2]", x[:, ::2], [[0, 1], [2, 3]])
check("ascontiguousarray(x.T)", np.ascontiguousarray(x.T), x.T.tolist())
print("as described")
PYTHON
