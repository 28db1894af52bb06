#!/usr/bin/env bash
# ncnn 1.0.20261020, fpzip 1.2.5, numpy 2.4.6
# Guess: ncnn.Mat(x.T) holds what x.T holds, and fpzip gives x.T back; an array of NumPy says where its elements lie.
# Seen:  both take the shape and read the memory row by row: of [[0, 1, 2], [3, 4, 5]] transposed they hold [[0, 1], [2, 3], [4, 5]], and
#        ncnn of every other column the first four numbers in a row. No error, no warning. fpzip is right if it is told order="F" both ways.
# So:    whatever goes to another library is in C order first: np.ascontiguousarray. Test exports with W.T of a matrix that is not square.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 ncnn==1.0.20261020 fpzip==1.2.5
venv/bin/python - <<'PYTHON'
import sys

import fpzip
import ncnn
import numpy as np


def check(what, seen, described):
    seen = np.array(seen).tolist()
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


x = np.arange(6, dtype=np.float32).reshape(2, 3)
check("ncnn, x", ncnn.Mat(x), x.tolist())
check("ncnn, x.T", ncnn.Mat(x.T), [[0, 1], [2, 3], [4, 5]])
check("ncnn, x[:, ::2]", ncnn.Mat(x[:, ::2]), [[0, 1], [2, 3]])
check("ncnn, ascontiguousarray(x.T)", ncnn.Mat(np.ascontiguousarray(x.T)), x.T.tolist())
check("fpzip, x.T", fpzip.decompress(fpzip.compress(x.T)).squeeze(), [[0, 1], [2, 3], [4, 5]])
check("fpzip, x.T, order F", fpzip.decompress(fpzip.compress(x.T, order="F"), order="F").squeeze(), x.T.tolist())
print("as described")
PYTHON
