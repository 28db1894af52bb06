#!/usr/bin/env bash
# pillow 13.0.0, opencv 5.0.0, imagecodecs 2026.3.6, numpy 2.4.6
# Guess: a grey PNG of 16 bits read as 8 bits by convert("L") is the picture in 256 steps, 65535 is 255 and 256 is 1, as OpenCV's IMREAD_GRAYSCALE.
# Seen:  Pillow cuts at 255: of 0, 1, 256, 32768, 65535 it makes 0, 1, 255, 255, 255, so that all but the blackest is white, without a warning.
#        The same pixels with an alpha channel beside them it divides by 256, on opening already. OpenCV divides both.
# So:    look at the mode before convert("L"), and scale "I;16" with NumPy, as `load_image` does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pillow==13.0.0 opencv-python-headless==5.0.0.93 imagecodecs==2026.3.6
venv/bin/python - <<'PYTHON'
import sys

import cv2
import imagecodecs
import numpy as np
from PIL import Image

PIXELS = np.array([[0, 1, 256, 32768, 65535]], np.uint16)
STEPS = [0, 0, 1, 128, 255]


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def write(name, pixels):
    with open(name, "wb") as file:
        file.write(imagecodecs.png_encode(pixels))


write("grey.png", PIXELS)
write("alpha.png", np.stack([PIXELS, np.full_like(PIXELS, 65535)], axis=-1))
for name, mode, described in (("grey.png", "I;16", [0, 1, 255, 255, 255]), ("alpha.png", "RGBA", STEPS)):
    image = Image.open(name)
    check(f"{name}, pillow, mode", image.mode, mode)
    check(f"{name}, pillow, convert('L')", np.asarray(image.convert("L"))[0].tolist(), described)
    check(f"{name}, opencv", cv2.imread(name, cv2.IMREAD_GRAYSCALE)[0].tolist(), STEPS)
print("as described")
PYTHON
