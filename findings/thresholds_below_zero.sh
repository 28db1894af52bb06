#!/usr/bin/env bash
# pytorch-ignite 0.5.5, torch 2.13.0, optax 0.2.8, jax 0.10.2, numpy 2.4.6
# Guess: "no improvement by more than the threshold for so long" stops the training, or lowers the learning rate, whatever sign the value has:
#        ignite's own examples watch the negated loss, and a likelihood of densities is negative.
# Seen:  a relative threshold of a negative value lies on the wrong side of it. ignite's EarlyStopping counts a loss that grows by 5 % at every
#        step as an improvement and never stops; it stops the same losses given as 1 / loss. ReduceLROnPlateau in PyTorch, whose threshold is
#        relative by default, and optax's reduce_on_plateau never lower the rate of a constant loss of -1; that of 1 they lower.
# So:    absolute thresholds, which `min_delta` of pynn's callbacks is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 pytorch-ignite==0.5.5 jax==0.10.2 optax==0.2.8
venv/bin/python -W ignore - <<'PYTHON'
import sys

import jax.numpy as jnp
import optax.contrib
import torch
from ignite.engine import Engine
from ignite.handlers import EarlyStopping

WORSE = [1.05**step for step in range(20)]


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def stops(scores, **threshold):
    """After how many of these scores, of which the largest is the best, ignite stops, or None."""
    scores, trainer, engine = iter(scores), Engine(lambda engine, batch: None), Engine(lambda engine, batch: None)
    stop = EarlyStopping(3, lambda engine: next(scores), trainer, **threshold)
    for step in range(20):
        stop(engine)
        if trainer.should_terminate:
            return step + 1


def torch_rate(loss, **threshold):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3, **threshold)
    for _ in range(10):
        plateau.step(loss)
    return round(optimizer.param_groups[0]["lr"], 6)


def optax_rate(loss, **threshold):
    W = jnp.zeros(1)
    plateau = optax.contrib.reduce_on_plateau(patience=3, **threshold)
    state = plateau.init(W)
    for _ in range(10):
        _, state = plateau.update(W, state, value=loss)
    return round(float(state.scale), 6)


check("ignite, minus a growing loss, 10 % of it", stops([-loss for loss in WORSE], threshold=0.1, threshold_mode="rel"), None)
check("ignite, 1 / the same loss, 10 % of it", stops([1 / loss for loss in WORSE], threshold=0.1, threshold_mode="rel"), 4)
check("ignite, minus a growing loss, 0.1", stops([-loss for loss in WORSE], threshold=0.1, threshold_mode="abs"), 4)
check("torch, a loss of 1 for ten epochs", torch_rate(1.0), 0.01)
check("torch, a loss of -1 for ten epochs", torch_rate(-1.0), 1.0)
check("torch, a loss of -1 for ten epochs, absolute", torch_rate(-1.0, threshold_mode="abs"), 0.01)
check("optax, a loss of 1 for ten epochs", optax_rate(1.0), 0.001)
check("optax, a loss of -1 for ten epochs", optax_rate(-1.0), 1.0)
check("optax, a loss of -1 for ten epochs, absolute", optax_rate(-1.0, rtol=0.0, atol=1e-4), 0.001)
print("as described")
PYTHON
