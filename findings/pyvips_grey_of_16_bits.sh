#!/usr/bin/env bash
# pyvips 3.2.0, pyvips-binary 8.18.7, pillow 13.0.0, numpy 2.4.6
# Guess: an array of uint16 becomes a PNG of 16 bits, as one of uint16 colours does and as in a TIFF, or of its upper 8 bits, as in a JPEG.
# Seen:  a grey one becomes a PNG of 8 bits in which all from 255 up is white, with no word: new_from_array calls it "b-w", whose white is 255,
#        and not "grey16". The same array in a TIFF and in colours keeps its 16 bits.
# So:    interpretation="grey16" for grey uint16, or interpretation="auto".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pyvips==3.2.0 pyvips-binary==8.18.7 pillow==13.0.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
import pyvips
from PIL import Image


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def through(name, x, **how):
    pyvips.Image.new_from_array(x, **how).write_to_file(name)
    array = pyvips.Image.new_from_file(name).numpy()
    return array.dtype.name, array[0].tolist()


row = [0, 255, 256, 1000, 65535]
grey = np.array([row], np.uint16)
check("a TIFF", through("grey.tif", grey), ("uint16", row))
check("a PNG", through("grey.png", grey), ("uint8", [0, 255, 255, 255, 255]))
check("as Pillow reads it", np.asarray(Image.open("grey.png"))[0].tolist(), [0, 255, 255, 255, 255])
check("a PNG of colours", through("colours.png", np.stack([grey] * 3, axis=-1)), ("uint16", [[level] * 3 for level in row]))
check("a PNG, grey16", through("grey16.png", grey, interpretation="grey16"), ("uint16", row))
check("a PNG, auto", through("auto.png", grey, interpretation="auto"), ("uint16", row))
print("as described")
PYTHON
