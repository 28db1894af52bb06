#!/usr/bin/env bash
# numpy 2.4.6
# Guess: np.load gives each array of np.savez back under its own name, or np.savez refuses the names.
# Seen:  of the arrays "W" and "W.npy" both names give W, by items() too. W.npy is in the file, and no name of `files` gives it. Alone it
#        comes back.
# So:    `save_params` refuses two names of which one is the other with .npy behind it: a test has them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6
venv/bin/python - <<'PYTHON'
import sys
import zipfile

import numpy as np


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


np.savez("two.npz", **{"W": np.array([1]), "W.npy": np.array([2])})
with np.load("two.npz") as two:
    check("names", two.files, ["W", "W.npy"])
    check("arrays", {name: two[name].tolist() for name in two.files}, {"W": [1], "W.npy": [1]})
    check("items()", {name: array.tolist() for name, array in two.items()}, {"W": [1], "W.npy": [1]})
with zipfile.ZipFile("two.npz") as archive, archive.open("W.npy.npy") as member:
    check("the member W.npy.npy", np.lib.format.read_array(member).tolist(), [2])
np.savez("one.npz", **{"W.npy": np.array([2])})
with np.load("one.npz") as one:
    check("alone", {name: array.tolist() for name, array in one.items()}, {"W.npy": [2]})
print("as described")
PYTHON
