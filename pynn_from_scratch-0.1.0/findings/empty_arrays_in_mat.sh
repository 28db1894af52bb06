#!/usr/bin/env bash
# mat73 0.65, hdf5storage 0.2.2, numpy 2.4.6
# Guess: an array of shape (0, 3) or (1, 3) in a MATLAB 7.3 file keeps its shape, as scipy.io.loadmat keeps it
#        for older files.
# Seen:  mat73 returns None for (0, 3), the vector (3,) for (1, 3) and for (3, 1), and a bare number's array
#        for (1, 1).
# So:    reshape what mat73 returns to the shape that is due: one sample is not a batch any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 hdf5storage==0.2.2 mat73==0.65
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import hdf5storage
import mat73
import numpy as np

arrays = {"none": np.zeros((0, 3)), "row": np.zeros((1, 3)), "column": np.zeros((3, 1)), "table": np.zeros((2, 3))}
hdf5storage.savemat("batches.mat", arrays, format="7.3")
read = mat73.loadmat("batches.mat")
check("(0, 3)", read["none"], None)
check("(1, 3)", read["row"].shape, (3,))
check("(3, 1)", read["column"].shape, (3,))
check("(2, 3)", read["table"].shape, (2, 3))
print("as described")
PYTHON
