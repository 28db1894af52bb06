#!/usr/bin/env bash
# gguf 0.19.0, numpy 2.4.6
# Guess: a tensor that was written with the shape (2, 3) has that shape when it is read.
# Seen:  its `shape` is [3, 2] and its `data.shape` (2, 3): the file counts axes from the fastest one, the reader turns only the data.
#        A square matrix hides it, and reshaping the data by `shape` moves the values without an error.
# So:    shapes of weights in files are taken from the arrays; a test of every format has a matrix that is not square.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 gguf==0.19.0
venv/bin/python - <<'PYTHON'
import sys

import gguf
import numpy as np


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


W = np.arange(6, dtype=np.float32).reshape(2, 3)
writer = gguf.GGUFWriter("weights.gguf", "net")
writer.add_tensor("W", W)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
(tensor,) = gguf.GGUFReader("weights.gguf").tensors
check("shape", tensor.shape.tolist(), [3, 2])
check("data.shape", tensor.data.shape, (2, 3))
check("the data by that shape", np.array(tensor.data).reshape(tensor.shape).tolist(), [[0, 1], [2, 3], [4, 5]])
print("as described")
PYTHON
