#!/usr/bin/env bash
# jax 0.10.2, mlx 0.32.4, torch 2.13.0, numpy 2.4.6
# Guess: a uniform draw from [low, high) is never high, as the documentation of each says, in float32 and float16.
# Seen:  among ten million draws from [10, 11) in float32 JAX and MLX have 11.0, and MLX from [1, 2) in float16 has 2.0: they draw from
#        [0, 1) and round what they make of it. PyTorch keeps below the end in all of these.
# So:    an index is drawn as a whole number, not as int(uniform(0, n)); a learning rate's range is open only up to rounding.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2 'mlx[cpu]==0.32.4' torch==2.13.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import jax
import mlx.core as mx
import torch

MANY = 10_000_000


def check(what, seen, described):
    print(f"{what}: {float(seen)}")
    if (float(seen) == described[0]) != described[1]:
        sys.exit(f"changed: whether {what} reached {described[0]} was {described[1]}")


check("jax, float32 from 10 to 11, largest", jax.random.uniform(jax.random.key(0), (MANY,), "float32", 10, 11).max(), (11, True))
check("mlx, float32 from 10 to 11, largest", mx.random.uniform(10, 11, (MANY,), key=mx.random.key(0)).max().item(), (11, True))
half = mx.random.uniform(1, 2, (MANY,), mx.float16, key=mx.random.key(0))
check("mlx, float16 from 1 to 2, largest", half.max().item(), (2, True))
for low, high, dtype in ((10, 11, torch.float32), (1, 2, torch.float16), (0, 3, torch.float16)):
    torch.manual_seed(0)
    check(f"torch, {dtype} from {low} to {high}, largest", torch.empty(MANY, dtype=dtype).uniform_(low, high).max(), (high, False))
print("as described")
PYTHON
