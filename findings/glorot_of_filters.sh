#!/usr/bin/env bash
# tinygrad 0.14.0, mlx 0.32.4, numpy 2.4.6
# Guess: glorot_uniform of 16 filters of 8x3x3 draws up to the root of 6 / (72 + 144): what goes into an element, and what goes out of one.
# Seen:  tinygrad counts 16 for the filters' outputs, without their 3x3 places, and draws up to 0.261 for 0.167: a variance 2.5 times as large,
#        and 4.5 times for 64 filters of 8x5x5. For matrices it is right; MLX is for both.
# So:    pynn draws by fan-in alone, as the book does; take tinygrad's filters over only with their numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 tinygrad==0.14.0 mlx==0.32.4 mlx-cpu==0.32.4
venv/bin/python -W ignore - <<'PYTHON'
import sys

import mlx.core as mx
import mlx.nn
import numpy as np
from tinygrad import Tensor


def check(what, draws, described):
    largest = float(np.abs(np.asarray(draws)).max())
    print(f"{what}: up to {largest:.3f}")
    if not 0.97 * described < largest <= described * 1.0001:
        sys.exit(f"changed: {what} was {described:.3f}")


def by_mlx(out, *rest):
    return mlx.nn.init.glorot_uniform()(mx.zeros((out, *rest[1:], *rest[:1])))


def by_tinygrad(*shape):
    return Tensor.glorot_uniform(*shape).numpy()


def formula(out, channels, *places):
    fans = (out + channels) * int(np.prod(places))
    return (6 / fans) ** 0.5


mx.random.seed(0)
Tensor.manual_seed(0)
for shape in (50, 784), (16, 8, 3, 3), (64, 8, 5, 5):
    check(f"mlx {shape}", by_mlx(*shape), formula(*shape))
check("tinygrad (50, 784)", by_tinygrad(50, 784), formula(50, 784))
check("tinygrad (16, 8, 3, 3)", by_tinygrad(16, 8, 3, 3), (6 / (16 + 8 * 9)) ** 0.5)
check("tinygrad (64, 8, 5, 5)", by_tinygrad(64, 8, 5, 5), (6 / (64 + 8 * 25)) ** 0.5)
print("as described")
PYTHON
