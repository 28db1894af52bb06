"""What a training that has diverged has to say."""

import copy

import numpy as np

from pynn.layers.protocol import takes


class DivergenceWarning(RuntimeWarning):
    """A training stopped because its loss was NaN or infinite."""


def explain(trainer, x, rows, loss):
    """One paragraph: which step, which layer, what was kept, what to try.

    Parameters
    ----------
    trainer : Trainer
        Whose network is still as it was when the loss was found.
    x : ndarray
        The batch.
    rows : ndarray of int
        Where in ``x_train`` its samples are.
    loss : float
    """
    step = trainer.current_iter + 1
    said = f"Trainer: the loss is {float(loss)} at step {step:,} of {trainer.max_iter:,}, so training stopped there. "
    bad = ~np.isfinite(np.asarray(x, np.float64).reshape(len(x), -1)).all(axis=1)
    if bad.any():
        return said + (f"x_train itself has NaN or infinity, for example in row {rows[bad.argmax()]}: clean the data "
                       "(numpy.nan_to_num, or leave out such rows).")
    said += _where(trainer.network, x)
    lr = getattr(trainer.optimizer, "lr", None)
    return said + (f"The network keeps the last parameters with a finite loss. Try a smaller learning rate (lr is {lr:g}), "
                   "first weights after He or Xavier, or clip_norm (sections 4.4.1, 6.1 and 6.2).")


def _where(network, x):
    """The first layer whose output is not finite, in a sentence; nothing if there are no layers to ask."""
    layers = getattr(network, "layers", None)
    if layers is None:
        return ""
    with np.errstate(all="ignore"):
        for name, layer in layers.items() if hasattr(layers, "items") else enumerate(layers):
            layer = copy.copy(layer)        # the layers go on showing what they saw
            x = layer.forward(x, True) if takes(layer.forward, "train_flg") else layer.forward(x)
            if not np.isfinite(x).all():
                return f"The output of {name} was the first that is not finite. "
        loss = type(getattr(network, "last_layer", None)).__name__
        return f"{loss} overflowed: the outputs reach {np.abs(x).max():.1e}. "
