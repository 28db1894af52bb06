#!/usr/bin/env bash
# awkward 2.14.0, numpy 2.4.6
# Guess: ak.softmax subtracts the largest score first, so that of [1000, 0] it gives [1, 0]; ak.argmax of [1, nan, 3] is 1, as NumPy's.
# Seen:  [nan, 0], with NumPy's warning of an overflow; scores of 1, 2 come out right. The argmax is 2, while ak.max is nan.
# So:    scores of samples of different lengths are padded and go through pynn.softmax; keep a test of it at 1000.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 awkward==2.14.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import awkward as ak


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


nan = float("nan")
check("softmax of 1000, 0", ak.softmax(ak.Array([[1000.0, 0.0]]), axis=-1).tolist(), [[nan, 0.0]])
check("softmax of 1, 2", [round(p, 6) for p in ak.softmax(ak.Array([[1.0, 2.0]]), axis=-1).tolist()[0]], [0.268941, 0.731059])
check("argmax of 1, nan, 3", int(ak.argmax(ak.Array([1.0, nan, 3.0]))), 2)
check("max of 1, nan, 3", float(ak.max(ak.Array([1.0, nan, 3.0]))), nan)
print("as described")
PYTHON
