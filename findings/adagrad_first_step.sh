#!/usr/bin/env bash
# optax 0.2.8, jax 0.10.2, numpy 2.4.6
# Guess: AdaGrad's first step is lr whatever the gradient's size, h being that gradient squared (so in the
#        book and PyTorch).
# Seen:  optax starts its accumulator at 0.1: the first step is 0.995 lr for a gradient of 3, 0.3 lr for 0.1
#        and 0.003 lr for 0.001. With initial_accumulator_value=0 it is lr.
# So:    to compare curves, set initial_accumulator_value=0 there, or h to 0.1 here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2 optax==0.2.8
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import jax.numpy as jnp
import optax


def first_step(gradient, **options):
    optimizer = optax.adagrad(1.0, **options)
    w = jnp.array([1.0])
    update, _ = optimizer.update(jnp.array([gradient]), optimizer.init(w), w)
    return round(-float(update[0]), 4)


check("gradient 3", first_step(3.0), 0.9945)
check("gradient 0.1", first_step(0.1), 0.3015)
check("gradient 0.001", first_step(0.001), 0.0032)
check("gradient 0.1 from zero", first_step(0.1, initial_accumulator_value=0.0), 1.0)
print("as described")
PYTHON
