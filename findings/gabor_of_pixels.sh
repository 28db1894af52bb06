#!/usr/bin/env bash
# scikit-image 0.26.0, numpy 2.4.6
# Guess: filters.gabor of a uint8 picture is that of its floats, whole numbers aside, as sobel and gaussian
#        are (scaled to 1).
# Seen:  the response stays uint8: -10.2 becomes 246, -1.0 becomes 0; a filter bank over raw MNIST is mostly
#        such numbers.
# So:    x / 255 before hand-made features; look at a feature's dtype and range before training on it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scikit-image==0.26.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
from skimage.filters import gabor, sobel

x = np.random.default_rng(0).integers(0, 256, (16, 16)).astype(np.uint8)
pixels, exact = gabor(x, frequency=0.3)[0], gabor(x.astype(float), frequency=0.3)[0]
check("dtypes: gabor, sobel", (str(pixels.dtype), str(sobel(x).dtype)), ("uint8", "float64"))
check("uint8", pixels[0, :6].tolist(), [0, 1, 0, 4, 246, 4])
check("float", exact[0, :6].round(1).tolist(), [0.0, 2.0, -1.0, 4.8, -10.2, 4.8])
check("least value", (int(pixels.min()), float(exact.min().round(1))), (0, -33.5))
print("as described")
PYTHON
