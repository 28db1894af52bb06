#!/usr/bin/env bash
# mahotas 1.4.19, scipy 1.17.1, numpy 2.4.6
# Guess: mahotas' dilation of a grey digit is the largest of a pixel and its four neighbours, its erosion the smallest, as scipy's with a
#        footprint; of a digit of 0s and 1s it is that of the same digit as truth values.
# Seen:  dilate is brighter by 1 and erode darker by 1: the default neighbourhood has ones, and they are added and taken away. In uint8 only
#        black pixels stay 0; in int64 the background becomes 1, or -1. Of 0s and 1s the dilation has 2s. open and close come out even, and
#        truth values are right.
# So:    digits of grey are dilated with scipy or OpenCV; truth values for mahotas.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 mahotas==1.4.19 scipy==1.17.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import mahotas
import numpy as np
from scipy import ndimage


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


digit = np.zeros((7, 7), np.uint8)
digit[2:5, 2:5] = 100
digit[3, 3] = 200
cross = ndimage.generate_binary_structure(2, 1)
check("scipy, dilated", ndimage.grey_dilation(digit, footprint=cross)[3].tolist(), [0, 100, 200, 200, 200, 100, 0])
check("mahotas, dilated", mahotas.dilate(digit)[3].tolist(), [0, 101, 201, 201, 201, 101, 0])
check("mahotas, dilated, int64", mahotas.dilate(digit.astype(int))[3].tolist(), [1, 101, 201, 201, 201, 101, 1])
check("scipy, eroded", ndimage.grey_erosion(digit, footprint=cross)[3].tolist(), [0, 0, 0, 100, 0, 0, 0])
check("mahotas, eroded", mahotas.erode(digit)[3].tolist(), [0, 0, 0, 99, 0, 0, 0])
check("mahotas, eroded, int64", mahotas.erode(digit.astype(int))[3].tolist(), [-1, -1, -1, 99, -1, -1, -1])
check("mahotas, closed", mahotas.close(digit)[3].tolist(), [0, 0, 100, 200, 100, 0, 0])
ink = digit > 0
check("truth values, dilated", mahotas.dilate(ink)[3].astype(int).tolist(), [0, 1, 1, 1, 1, 1, 0])
check("0s and 1s, dilated", mahotas.dilate(ink.astype(np.uint8))[3].tolist(), [0, 2, 2, 2, 2, 2, 0])
print("as described")
PYTHON
