#!/usr/bin/env bash
# imageio 2.38.1, opencv-python-headless 5.0.0.93, pillow 13.0.0, numpy 2.4.6
# Guess: imageio.v3.imread(path) returns the same array whatever else is installed.
# Seen:  once OpenCV is installed, a float32 PFM comes back as uint8, its fractions gone, and a black and
#        white PBM as three colour channels instead of one of bool. With plugin="pillow" the answer is the old
#        one.
# So:    name the plugin, or read with Pillow itself; check dtype and number of axes before using a picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
install="venv/bin/pip install --quiet --disable-pip-version-check --no-compile"

cat >read.py <<'PYTHON'
import sys

import imageio.v3
import numpy as np

with open("depth.pfm", "wb") as file:
    file.write(b"Pf\n2 1\n-1.0\n" + np.array([0.25, 3.75], "<f4").tobytes())
with open("drawing.pbm", "wb") as file:
    file.write(b"P1\n4 1\n0 1 1 0\n")
plugin = sys.argv[1] if len(sys.argv) > 1 else None
depth = imageio.v3.imread("depth.pfm", plugin=plugin)
drawing = imageio.v3.imread("drawing.pbm", plugin=plugin)
print(depth.dtype, depth.tolist(), drawing.dtype, drawing.shape)
PYTHON

check() {
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "changed: $1 was $3" >&2; exit 1; }
}

right="float32 [[0.25, 3.75]] bool (1, 4)"
$install numpy==2.4.6 pillow==13.0.0 imageio==2.38.1
check "imageio alone" "$(venv/bin/python read.py)" "$right"
$install opencv-python-headless==5.0.0.93
check "with OpenCV installed" "$(venv/bin/python read.py)" "uint8 [[0, 4]] uint8 (1, 4, 3)"
check "with plugin=pillow" "$(venv/bin/python read.py pillow)" "$right"
echo "as described"
