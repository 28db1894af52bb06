#!/usr/bin/env bash
# astropy 8.0.2, numpy 2.4.6
# Guess: a column of int8, such as quantized weights, comes back from a FITS table as int8 or as a wider integer, as from a FITS image,
#        or is refused (the format's tables have no signed bytes).
# Seen:  it becomes a column of truth values: -1, 127 and 0 are read as True, True and False. No warning. uint8 and int16 are right, and
#        an image of int8 too; float16 comes back as float32.
# So:    int16 before a table of int8 is written; compare dtypes behind every format.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 astropy==8.0.2
venv/bin/python -W error - <<'PYTHON'
import sys

import numpy as np
from astropy.io import fits
from astropy.table import Table


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def through_table(values, dtype):
    Table({"W": np.array(values, dtype)}).write("weights.fits", overwrite=True)
    column = Table.read("weights.fits")["W"]
    return column.dtype.newbyteorder("=").name, column.tolist()


def through_image(x):
    fits.writeto("image.fits", x, overwrite=True)
    return fits.getdata("image.fits").tolist()


W = [-1, 127, 0]
check("int8", through_table(W, np.int8), ("bool", [True, True, False]))
check("int16", through_table(W, np.int16), ("int16", W))
check("uint8", through_table([0, 255], np.uint8), ("uint8", [0, 255]))
check("float16", through_table([0.5], np.float16), ("float32", [0.5]))
check("an image of int8", through_image(np.array([W], np.int8)), [W])
print("as described")
PYTHON
