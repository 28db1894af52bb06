#!/usr/bin/env bash
# optax 0.2.8, jax 0.10.2, numpy 2.4.6
# Guess: softmax_cross_entropy_with_integer_labels gives nan, or an error, for a label that is no class, such as the -1 of a sample
#        without one.
# Seen:  for 3 of 3 classes it is nan; for -1 it is the loss of the last class, and the mean is a plausible number.
# So:    labels below 0 are refused with the first that is wrong; a test of every loss has one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2 optax==0.2.8
venv/bin/python -W ignore - <<'PYTHON'
import sys

import jax.numpy as jnp
import optax


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


scores = jnp.array([[1.0, 2.0, 3.0]] * 3)
losses = optax.softmax_cross_entropy_with_integer_labels(scores, jnp.array([-1, 2, 3])).tolist()
check("labels -1, 2, 3 of three classes", [round(loss, 4) for loss in losses], [0.4076, 0.4076, float("nan")])
print("as described")
PYTHON
