"""What `Trainer` adds to the steps it takes: drawing batches, gathering rows, the progress bar."""

import os
import sys

import numpy as np

from . import peers, steps
from .timing import ONE_THREAD

SAMPLES = 60_000
CHECKED_STEPS = 20


def measure(bench):
    for threads in bench.threads:
        for loss_after_update in (False, True):
            case = steps.case("TwoLayerNet", "float32", steps.SIZE)
            case |= {"name": f"Trainer, loss_after_update={loss_after_update}",
                     "loss_after_update": loss_after_update}
            contestants = ["pynn", "Trainer", "earlier Trainer"] + ["Trainer, one thread"] * (threads > 1)
            yield from bench.compare("trainer", case, contestants, threads, {"Trainer, one thread": ONE_THREAD}, budget=1)


def prepare(peer, case):
    """The bare step on one batch, or an epoch of the Trainer over 60,000 samples.

    The Trainer's parameters are compared with those of the book's own loop in
    float64, given the same seed for its batches.
    """
    if not isinstance(peer, peers.Trainer):
        return steps.prepare(peer, case | {"name": "TwoLayerNet"})
    sys.stdout = sys.stderr = open(os.devnull, "w")     # the bar is drawn, and not seen
    x, t = peers.batch("TwoLayerNet", "float32", SAMPLES)
    net = peers.draw(peer.library, "TwoLayerNet", "float32")

    def trainer(samples):
        return peer.library.Trainer(
            net, x[:samples], t[:samples], x[:100], t[:100], epochs=1, mini_batch_size=steps.SIZE,
            optimizer_param={"lr": peers.LEARNING_RATE}, evaluate_sample_num_per_epoch=100,
            loss_after_update=case["loss_after_update"])

    samples = CHECKED_STEPS * steps.SIZE
    np.random.seed(2)
    trainer(samples).train()
    expected = book(x[:samples], t[:samples])
    error = max(np.abs(net.params[key] - value).max() for key, value in expected.items())
    long = trainer(SAMPLES)
    return long.train, SAMPLES // steps.SIZE, float(error), 1e-5


def book(x, t):
    """The parameters after the book's mini-batch loop in float64."""
    library = peers.reference()
    net, optimizer = peers.draw(library, "TwoLayerNet", "float64"), library.SGD(peers.LEARNING_RATE)
    np.random.seed(2)
    for _ in range(CHECKED_STEPS):
        rows = np.random.choice(len(x), steps.SIZE)
        optimizer.update(net.params, net.gradient(x[rows].astype("float64"), t[rows]))
    return net.params
