#!/usr/bin/env bash
# torch 2.13.0, jax 0.10.2, numpy 2.4.6
# Guess: after one gradient and 2,000 that are zero, the momentum of SGD and Adam's first moment are exactly 0 in float32, as
#        0.9 to the power of 2,000 is far below the smallest number; in PyTorch as in a jitted JAX step.
# Seen:  in PyTorch, and in NumPy, they stay at 5.6e-45, four times the smallest subnormal number: 0.9 times that rounds back to it. So does
#        RMSprop's mean of squares. JAX takes subnormal numbers for 0 on the CPU, and has 0.
# So:    the optimizers set what has faded below the smallest normal number to 0: on Intel's processors each operation with a subnormal
#        number takes some hundred cycles, and an Adam that has some thousands of them seven times as long.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 jax==0.10.2
venv/bin/python -W ignore - <<'PYTHON'
import sys

import jax
import jax.numpy as jnp
import numpy as np
import torch

STUCK = float(4 * np.finfo(np.float32).smallest_subnormal)
FIRST = [1.0, 0.5, -0.25, 2.0]


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def after_zero_gradients(optimizer, name, **options):
    """An optimizer's state, one gradient and 2,000 zeros later."""
    W = torch.zeros(4, requires_grad=True)
    descend = optimizer([W], lr=0.01, **options)
    W.grad = torch.tensor(FIRST)
    descend.step()
    W.grad = torch.zeros(4)
    for _ in range(2000):
        descend.step()
    return descend.state[W][name].tolist()


signs = [STUCK, STUCK, -STUCK, STUCK]
check("torch SGD, momentum 0.9", after_zero_gradients(torch.optim.SGD, "momentum_buffer", momentum=0.9), signs)
check("torch Adam", after_zero_gradients(torch.optim.Adam, "exp_avg"), signs)
check("torch RMSprop, alpha 0.9", after_zero_gradients(torch.optim.RMSprop, "square_avg", alpha=0.9), [STUCK] * 4)

fade = np.array(FIRST, np.float32)
for _ in range(2000):
    fade = np.float32(0.9) * fade
check("NumPy, 0.9 v", fade.tolist(), signs)

jitted = jax.jit(lambda v: 0.9 * v)
fade = jnp.array(FIRST)
for _ in range(2000):
    fade = jitted(fade)
check("JAX, 0.9 v", np.asarray(fade).tolist(), [0.0] * 4)

print("as described")
PYTHON
