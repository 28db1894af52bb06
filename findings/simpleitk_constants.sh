#!/usr/bin/env bash
# SimpleITK 2.5.7, numpy 2.4.6
# Guess: image * 0.5 of uint8 pixels is half as bright, in floats or rounded, or is refused; image / 2 gives floats, after all.
# Seen:  the number is cut to the pixels' type first: image * 0.5 is black, image * 1.5 is the image, image < 0.5 holds for no pixel, not even
#        for black ones, and image + 300 is image + 44. image / 2 is in float64, and right. The squared difference of 200 and 0 is 64.
# So:    sitk.Cast(image, sitk.sitkFloat32) before any arithmetic.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 SimpleITK==2.5.7
venv/bin/python - <<'PYTHON'
import sys

import numpy as np
import SimpleITK as sitk


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def pixels(image):
    array = sitk.GetArrayFromImage(image)
    return array.dtype.name, array[0].tolist()


image = sitk.GetImageFromArray(np.array([[200, 100, 1, 0]], np.uint8))
black = image - image
check("* 0.5", pixels(image * 0.5), ("uint8", [0, 0, 0, 0]))
check("* 1.5", pixels(image * 1.5), ("uint8", [200, 100, 1, 0]))
check("+ 300", pixels(image + 300), ("uint8", [244, 144, 45, 44]))
check("< 0.5", pixels(image < 0.5), ("uint8", [0, 0, 0, 0]))
check("/ 2", pixels(image / 2), ("float64", [100.0, 50.0, 0.5, 0.0]))
check("squared difference from black", pixels(sitk.SquaredDifference(image, black)), ("uint8", [64, 16, 1, 0]))
floats = sitk.Cast(image, sitk.sitkFloat32)
check("float32 * 0.5", pixels(floats * 0.5), ("float32", [100.0, 50.0, 0.5, 0.0]))
print("as described")
PYTHON
