#!/usr/bin/env bash
# joblib 1.6.0, astropy 8.0.2, numpy 2.4.6
# Guess: joblib.Memory looks at everything that an array is: under another mask, or in another unit, a cached function is computed anew.
# Seen:  joblib.hash leaves the mask and the unit out. For a masked picture of uint8 the cached mean is that of the first mask, whatever
#        the second, and for kilometres it is that of metres. (Masked floats are refused by an error about their shape.)
# So:    hand a cached function the data and the mask as two plain arrays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 joblib==1.6.0 astropy==8.0.2
venv/bin/python -W ignore - <<'PYTHON'
import sys

import astropy.units
import joblib
import numpy as np


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def mean(x):
    return float(np.mean(x))


def in_metres(x):
    return float(np.mean(x.to(astropy.units.m).value))


memory = joblib.Memory("cache", verbose=0)
pixels = np.array([[0, 100], [200, 100]], np.uint8)
dark = np.ma.array(pixels, mask=pixels < 50)
bright = np.ma.array(pixels, mask=pixels > 150)

check("one hash for two masks", joblib.hash(dark) == joblib.hash(bright), True)
check("means without dark, without bright pixels", [round(mean(x), 1) for x in (dark, bright)], [133.3, 66.7])
check("the same from the cache", [round(memory.cache(mean)(x), 1) for x in (dark, bright)], [133.3, 133.3])

lengths = np.array([1.0, 2.0, 3.0])
units = [lengths * astropy.units.m, lengths * astropy.units.km]
check("means of metres and kilometres, in metres", [in_metres(x) for x in units], [2.0, 2000.0])
check("the same from the cache", [memory.cache(in_metres)(x) for x in units], [2.0, 2.0])
check("one hash for other data", joblib.hash(pixels) == joblib.hash(pixels + 1), False)
print("as described")
PYTHON
