"""Validation samples: training samples that are set aside, to measure on and not to learn from."""

import numpy as np

from pynn._reading import number


def set_aside(trainer, share):
    """Split validation samples off the training samples, in an order drawn from the trainer's generator."""
    n = round(share * len(trainer.x_train)) if 0 < number("Trainer", "validation_split", share) < 1 else 0
    if not 0 < n < len(trainer.x_train):
        raise ValueError(f"Trainer: validation_split is {share!r}; it must be a share of the {len(trainer.x_train)} training "
                         "samples that leaves some on both sides, such as 0.1")
    order = (trainer.rng or np.random).permutation(len(trainer.x_train))
    _divide(trainer, trainer.x_train, trainer.t_train, order, n)


def set_aside_again(trainer, order):
    """Set those aside that `order` has first: a training that goes on must not learn from them now."""
    back = trainer._order.argsort()
    x, t = (np.concatenate(parts)[back] for parts in ((trainer.x_val, trainer.x_train), (trainer.t_val, trainer.t_train)))
    _divide(trainer, x, t, order, len(trainer.x_val))


def _divide(trainer, x, t, order, n):
    trainer.x_val, trainer.t_val = x[order[:n]], t[order[:n]]
    trainer.x_train, trainer.t_train = x[order[n:]], t[order[n:]]
    trainer._order = order
