#!/usr/bin/env bash
# matplotlib 3.11.2, pillow 13.0.0, pypng 0.20220715.0, numpy 2.4.6
# Guess: plt.imread gives PNG pixels as floats from 0 to 1, whatever the file's bit depth, as its
#        documentation says.
# Seen:  white is 85.0 in a 2-bit and 17.0 in a 4-bit grey PNG: Pillow has already scaled the pixels to 255,
#        and Matplotlib divides by 2**bits - 1. With 1, 8 and 16 bits white is 1.0. PNG optimizers write such
#        files for drawn digits.
# So:    read with Pillow and divide by 255.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 matplotlib==3.11.2 pillow==13.0.0 pypng==0.20220715.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import matplotlib.image
import numpy as np
import png
from PIL import Image

for bits, white in ((1, 1.0), (2, 85.0), (4, 17.0), (8, 1.0), (16, 1.0)):
    with open("grey.png", "wb") as file:
        png.Writer(2, 1, greyscale=True, bitdepth=bits).write(file, [[0, 2**bits - 1]])
    check(f"{bits} bits", matplotlib.image.imread("grey.png").tolist(), [[0.0, white]])
    if bits in (2, 4):
        check("pillow", np.asarray(Image.open("grey.png")).tolist(), [[0, 255]])
print("as described")
PYTHON
