#!/usr/bin/env bash
# pillow 13.0.0, tifffile 2026.3.3, numpy 2.4.6
# Guess: Pillow opens a TIFF of int8 or uint32 with its values, or refuses it as it refuses float64.
# Seen:  int8 comes as unsigned "L" (-1 is 255), uint32 as signed "I" (4294967295 is -1); int16, uint16 and
#        float32 are right.
# So:    read scientific TIFFs (label masks in uint32, signed differences) with tifffile.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
import tifffile
from PIL import Image


def through_pillow(values, dtype):
    tifffile.imwrite("values.tif", np.array([values], dtype))
    image = Image.open("values.tif")
    return image.mode, np.asarray(image)[0].tolist()


check("int8", through_pillow([-1, 5, -100], np.int8), ("L", [255, 5, 156]))
check("uint32", through_pillow([7, 2**31, 2**32 - 1], np.uint32), ("I", [7, -(2**31), -1]))
check("int16", through_pillow([-1, 5, -100], np.int16), ("I", [-1, 5, -100]))
check("float32", through_pillow([-1, 0.5], np.float32), ("F", [-1.0, 0.5]))
print("as described")
PYTHON
