#!/usr/bin/env bash
# pytorch-ignite 0.5.5, torch 2.13.0, keras 3.15.1, jax 0.10.2, numpy 2.4.6
# Guess: a NaN is no improvement: EarlyStopping with a patience of 3 ends a training whose score has become NaN after 3 more epochs, and the best
#        checkpoint is never one whose score is NaN.
# Seen:  in ignite a NaN counts as an improvement, each time anew, and training goes on for ever. A checkpoint whose score is NaN is kept for
#        good if it was the first, however good those that follow. Keras stops, PyTorch's ReduceLROnPlateau lowers the rate.
# So:    pynn's callbacks take no NaN for the best, not even the first: a test has it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pytorch-ignite==0.5.5 torch==2.13.0 numpy==2.4.6 keras==3.15.1 jax==0.10.2
venv/bin/python -W ignore - <<'PYTHON'
import os
import sys
import types

os.environ["KERAS_BACKEND"] = "jax"
import keras
import torch
from ignite.engine import Engine
from ignite.handlers import Checkpoint, DiskSaver, EarlyStopping

nan = float("nan")


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def stopped_after(scores):
    trainer, evaluator = Engine(lambda engine, batch: None), Engine(lambda engine, batch: None)
    stop = EarlyStopping(patience=3, score_function=lambda engine: engine.state.score, trainer=trainer)
    for epoch, score in enumerate(scores):
        evaluator.state.score = score
        stop(evaluator)
        if trainer.should_terminate:
            return epoch
    return "never"


def kept(folder, scores):
    save = Checkpoint({"net": torch.nn.Linear(1, 1)}, DiskSaver(folder, create_dir=True), n_saved=1, score_name="score",
                      score_function=lambda engine: engine.state.score)
    engine = Engine(lambda engine, batch: None)
    for score in scores:
        engine.state.score = score
        save(engine)
    return os.listdir(folder)


def stopped_by_keras(losses):
    stop = keras.callbacks.EarlyStopping("val_loss", patience=3)
    stop.set_model(types.SimpleNamespace(stop_training=False))
    stop.on_train_begin()
    for epoch, loss in enumerate(losses):
        stop.on_epoch_end(epoch, {"val_loss": loss})
        if stop.model.stop_training:
            return epoch
    return "never"


check("ignite, 0.5 and then 0.4: stops after epoch", stopped_after([0.5] + 100 * [0.4]), 3)
check("ignite, 0.5 and then NaN: stops after epoch", stopped_after([0.5] + 100 * [nan]), "never")
check("ignite, the checkpoint of 0.1, 0.9, NaN", kept("first", [0.1, 0.9, nan]), ["net_score=0.9000.pt"])
check("ignite, the checkpoint of NaN, 0.1, 0.9", kept("second", [nan, 0.1, 0.9]), ["net_score=nan.pt"])
check("keras, 0.5 and then NaN: stops after epoch", stopped_by_keras([0.5] + 100 * [nan]), 3)
optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
for loss in [0.5] + 5 * [nan]:
    plateau.step(loss)
check("torch ReduceLROnPlateau, the rate after 0.5 and five NaN", optimizer.param_groups[0]["lr"], 0.1)
print("as described")
PYTHON
