#!/usr/bin/env bash
# tensorboardX 2.6.5, plotly 7.1.0, pillow 13.0.0, numpy 2.4.6
# Guess: what is above white is drawn white, what is below black black, as Matplotlib does; a pixel that is NaN leaves the others as they are.
# Seen:  tensorboardX wraps: 1.5 is drawn as 126 of 255, -0.5 as 129, and whole numbers of int64 or float pixels from 0 to 255 are times 255
#        and wrap, so that 200 is 56. One NaN, or one infinite pixel, makes plotly's
#        px.imshow(binary_string=True) all black, and so does float16 from -60,000 to 60,000.
# So:    a reconstruction goes into a board by x.clip(0, 1); NaN is looked for before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 tensorboardX==2.6.5 plotly==7.1.0 pillow==13.0.0
venv/bin/python -W ignore - <<'PYTHON'
import base64
import io
import sys

import numpy as np
import plotly.express
import tensorboardX.summary
from PIL import Image


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def pixels(png):
    picture = np.array(Image.open(io.BytesIO(png)))
    return picture.reshape(picture.shape[0] * picture.shape[1], -1)[:, 0].tolist()


def by_board(row, dtype):
    image = tensorboardX.summary.image("picture", np.array([row], dtype), dataformats="HW")
    return pixels(image.value[0].image.encoded_image_string)


def by_plotly(row, dtype):
    figure = plotly.express.imshow(np.array([row], dtype), binary_string=True)
    return pixels(base64.b64decode(figure.data[0].source.split(",")[1]))


check("tensorboardX, -0.5, 0, 0.5, 1, 1.5", by_board([-0.5, 0, 0.5, 1, 1.5], np.float32), [129, 0, 127, 255, 126])
check("tensorboardX, 0, 1, 200, 255 in uint8", by_board([0, 1, 200, 255], np.uint8), [0, 1, 200, 255])
for dtype in np.int64, np.float32:
    check(f"tensorboardX, 0, 1, 200, 255 in {dtype.__name__}", by_board([0, 1, 200, 255], dtype), [0, 255, 56, 1])

check("plotly, 0, 0.5, 1", by_plotly([0, 0.5, 1], np.float32), [0, 127, 255])
check("plotly, 0, 0.5, 1 and NaN", by_plotly([0, 0.5, 1, np.nan], np.float32), [0, 0, 0, 0])
check("plotly, 0, 0.5, 1 and infinity", by_plotly([0, 0.5, 1, np.inf], np.float32), [0, 0, 0, 0])
check("plotly, -60000, 0, 60000 in float32", by_plotly([-6e4, 0, 6e4], np.float32), [0, 127, 255])
check("plotly, -60000, 0, 60000 in float16", by_plotly([-6e4, 0, 6e4], np.float16), [0, 0, 0])
print("as described")
PYTHON
