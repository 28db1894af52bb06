#!/usr/bin/env bash
# tinygrad 0.14.0, mlx 0.32.4, dezero 0.0.13, torch 2.13.0, numpy 2.4.6
# Guess: of equal pixels the first takes the whole gradient of max pooling, everywhere, and the gradient of a maximum sums to 1.
# Seen:  of 3, 3, 1, 3 in a 2x2 window PyTorch's pooling gives the first 1; tinygrad and mlx a third to each of the three, as the maximum of
#        a tensor does in PyTorch too. In dezero, the framework of the series' third volume, `max` and `pooling_simple` give 1 to each of them, three in all,
#        while its `pooling` gives the first 1.
# So:    pooling routes to the first, as the book's argmax does, and a test holds it; compare gradients with others on images without
#        flat regions only, or know why they differ.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 tinygrad==0.14.0 'mlx[cpu]==0.32.4' torch==2.13.0 \
    dezero==0.0.13 matplotlib==3.11.2 pillow==13.0.0
DEV=PYTHON venv/bin/python -W ignore - <<'PYTHON'
import sys

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import torch
from tinygrad import Tensor

np.int = int        # dezero was written for a NumPy that had it
import dezero
import dezero.functions as F

WINDOW = [[3.0, 3.0], [1.0, 3.0]]


def check(what, gradient, described):
    seen = [round(float(value), 6) for row in gradient for value in row]
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


FIRST = [1.0, 0.0, 0.0, 0.0]
THIRDS = [0.333333, 0.333333, 0.0, 0.333333]
EACH = [1.0, 1.0, 0.0, 1.0]

x = torch.tensor(WINDOW, requires_grad=True)
torch.nn.functional.max_pool2d(x.reshape(1, 1, 2, 2), 2).sum().backward()
check("torch, max_pool2d", x.grad.tolist(), FIRST)
x = torch.tensor(WINDOW, requires_grad=True)
x.max().backward()
check("torch, max", x.grad.tolist(), THIRDS)

x = Tensor(WINDOW)
x.reshape(1, 1, 2, 2).max_pool2d((2, 2)).sum().backward()
check("tinygrad, max_pool2d", x.grad.tolist(), THIRDS)

pool = nn.MaxPool2d(2, 2)
gradient = mx.grad(lambda image: pool(image.reshape(1, 2, 2, 1)).sum())(mx.array(WINDOW))
check("mlx, MaxPool2d", gradient.tolist(), THIRDS)


def gradient(function):
    x = dezero.Variable(np.array(WINDOW))
    function(x).backward()
    return x.grad.data


check("dezero, max", gradient(F.max), EACH)
check("dezero, pooling_simple", gradient(lambda x: F.sum(F.pooling_simple(F.reshape(x, (1, 1, 2, 2)), 2, 2, 0))), EACH)
check("dezero, pooling", gradient(lambda x: F.sum(F.pooling(F.reshape(x, (1, 1, 2, 2)), 2, 2, 0))), FIRST)
print("as described")
PYTHON
