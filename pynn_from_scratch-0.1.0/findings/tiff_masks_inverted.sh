#!/usr/bin/env bash
# tifffile 2026.3.3, pillow 13.0.0, opencv-python-headless 5.0.0.93, numpy 2.4.6
# Guess: a boolean mask written with tifffile.imwrite is the same mask in every reader.
# Seen:  it is written as "white is zero" by default: tifffile gives it back, Pillow and OpenCV give the
#        opposite. With photometric="minisblack" all agree. Of 8-bit files with "white is zero" the first two
#        turn the values over and tifffile does not; of 16-bit ones nobody here does.
# So:    write photometric="minisblack"; after reading, look whether the paper is light or dark.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 opencv-python-headless==5.0.0.93
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import cv2
import numpy as np
import tifffile
from PIL import Image


def read(path):
    return (
        tifffile.imread(path)[0].tolist(),
        np.asarray(Image.open(path))[0].tolist(),
        cv2.imread(path, cv2.IMREAD_UNCHANGED)[0].tolist(),
    )


mask = np.array([[True, False, True, True]])
tifffile.imwrite("default.tif", mask)
kept = [True, False, True, True]
check("default", read("default.tif"), (kept, [False, True, False, False], [0, 255, 0, 0]))
tifffile.imwrite("black.tif", mask, photometric="minisblack")
check("minisblack", read("black.tif"), (kept, kept, [255, 0, 255, 255]))
grey = [0, 10, 255]
tifffile.imwrite("grey.tif", np.array([grey], np.uint8), photometric="miniswhite")
check("8 bits, miniswhite", read("grey.tif"), (grey, [255, 245, 0], [255, 245, 0]))
tifffile.imwrite("deep.tif", np.array([grey], np.uint16), photometric="miniswhite")
check("16 bits, miniswhite", read("deep.tif"), (grey, grey, grey))
print("as described")
PYTHON
