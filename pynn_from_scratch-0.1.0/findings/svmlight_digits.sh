#!/usr/bin/env bash
# scikit-learn 1.9.1, numpy 2.4.6
# Guess: dump_svmlight_file and load_svmlight_file give a float64 array back bit for bit, as np.savetxt and
#        repr do.
# Seen:  16 significant digits are written where a float64 needs up to 17: a quarter of random values come
#        back changed in their last bit, features and targets alike.
# So:    a LIBSVM file is no archive of float64 data; compare with a tolerance, or write the text yourself
#        with repr.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scikit-learn==1.9.1
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import io

import numpy as np
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

random = np.random.default_rng(0)
x, t = random.random((1000, 5)), random.random(1000)
file = io.BytesIO()
dump_svmlight_file(x, t, file)
file.seek(0)
x_back, t_back = load_svmlight_file(file, n_features=5)
x_back = x_back.toarray()
check("features changed, of 5000", int((x_back != x).sum()), 1231)
check("targets changed, of 1000", int((t_back != t).sum()), 264)
check("largest change in units of the last place", float((np.abs(x_back - x) / np.spacing(x)).max()), 4.0)

file = io.StringIO()
np.savetxt(file, x)
file.seek(0)
check("np.savetxt changes none", bool((np.loadtxt(file) == x).all()), True)
print("as described")
PYTHON
