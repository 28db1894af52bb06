#!/usr/bin/env bash
# paddlepaddle 3.3.1, numpy 2.4.6
# Guess: paddle.to_tensor keeps numbers of every dtype that it accepts; sum and mean of pixels are NumPy's.
# Seen:  the pixels of a 16-bit picture, uint16, are taken for the bits of bfloat16: 256 becomes 2.35e-38, 16256 becomes 1, 65535 NaN. The
#        sum of uint8 wraps in uint8, the mean of whole numbers is a whole number, that of a mask is True.
# So:    pixels and masks are floats before they become tensors.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 paddlepaddle==3.3.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
import paddle


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


pixels = paddle.to_tensor(np.array([256, 16256, 65535], np.uint16))
check("dtype of 16-bit pixels", str(pixels.dtype), "paddle.bfloat16")
check("16-bit pixels", [float(f"{value:.3g}") for value in pixels.astype("float32").tolist()], [2.35e-38, 1.0, float("nan")])
check("8-bit pixels", paddle.to_tensor(np.array([1, 255], np.uint8)).astype("float32").tolist(), [1.0, 255.0])

x = np.array([200, 100, 250, 3, 9, 128], np.uint8)
check("sum of uint8, NumPy and Paddle", [int(x.sum()), int(paddle.to_tensor(x).sum())], [690, 178])
x = np.array([-7, 7, -8, 5, 3, -3])
check("mean of int64, NumPy and Paddle", [float(x.mean()), paddle.to_tensor(x).mean().item()], [-0.5, 0])
x = np.array([True, False, True, True, False, False])
check("mean of a mask, NumPy and Paddle", [float(x.mean()), paddle.to_tensor(x).mean().item()], [0.5, True])
print("as described")
PYTHON
