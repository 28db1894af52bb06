#!/usr/bin/env bash
# safetensors 0.8.0 and 0.7.0, numpy 2.4.6
# Guess: safetensors.numpy.save writes x.T as x.T, as 0.7.0 does, or refuses it, as safetensors.torch does; what it writes, it reads.
# Seen:  0.8.0 writes x's memory under x.T's shape, and every other row as the first rows: no error, no warning. An array called
#        __metadata__ is saved without a word, and with it the whole file cannot be read any more.
# So:    np.ascontiguousarray before safetensors.numpy. `save_params` puts arrays in C order itself and refuses that name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 safetensors==0.8.0
venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps --target old safetensors==0.7.0
cat > there_and_back.py <<'PYTHON'
import sys

import numpy as np
import safetensors
from safetensors.numpy import load, save

version, transposed, rows = safetensors.__version__, *map(eval, sys.argv[1:])


def check(what, seen, described):
    print(f"{version}, {what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def back(x):
    return load(save({"x": x}))["x"].tolist()


x = np.arange(6, dtype=np.float32).reshape(2, 3)
check("x", back(x), [[0, 1, 2], [3, 4, 5]])
check("x.T", back(x.T), transposed)
check("np.ascontiguousarray(x.T)", back(np.ascontiguousarray(x.T)), [[0, 3], [1, 4], [2, 5]])
check("every other row of x.T", back(x.T.copy()[::2]), rows)
check("x in the other byte order", back(x.astype(">f4")), x.tolist())
file = save({"x": x, "__metadata__": x})
try:
    seen = load(file)
except safetensors.SafetensorError as error:
    seen = str(error).split(":")[0]
check("beside an array called __metadata__", seen, "Error while deserializing")
PYTHON
PYTHONPATH=old venv/bin/python there_and_back.py "[[0, 3], [1, 4], [2, 5]]" "[[0, 3], [2, 5]]"
venv/bin/python there_and_back.py "[[0, 1], [2, 3], [4, 5]]" "[[0, 3], [1, 4]]"
echo "as described"
