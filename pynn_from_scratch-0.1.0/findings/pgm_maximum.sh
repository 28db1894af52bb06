#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93, pillow 13.0.0, netpbmfile 2026.1.29, numpy 2.4.6
# Guess: readers of a PGM whose header says "maximum 15" agree, and OpenCV reads its binary and its text form
#        alike.
# Seen:  Pillow scales to 255; netpbmfile leaves 0..15; OpenCV leaves 0..15 in the binary form (P5) and scales
#        in the text form (P2), rounding down: the same picture saved twice is two pictures, one of them
#        nearly black.
# So:    8x8 digits of 0..16 as PGM: divide by the file's own maximum after a reader that leaves it alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pillow==13.0.0 netpbmfile==2026.1.29 opencv-python-headless==5.0.0.93
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import cv2
import netpbmfile
import numpy as np
from PIL import Image

with open("binary.pgm", "wb") as file:
    file.write(b"P5\n4 1\n15\n" + bytes([0, 4, 9, 15]))
with open("text.pgm", "wb") as file:
    file.write(b"P2\n4 1\n15\n0 4 9 15\n")
readers = {
    "opencv": lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED),
    "pillow": lambda path: np.asarray(Image.open(path)),
    "netpbmfile": netpbmfile.imread,
}
described = {
    "opencv": ([0, 4, 9, 15], [0, 68, 153, 255]),
    "pillow": ([0, 68, 153, 255], [0, 68, 153, 255]),
    "netpbmfile": ([0, 4, 9, 15], [0, 4, 9, 15]),
}
for name, read in readers.items():
    check(name + ", binary and text", (read("binary.pgm")[0].tolist(), read("text.pgm")[0].tolist()), described[name])
print("as described")
PYTHON
