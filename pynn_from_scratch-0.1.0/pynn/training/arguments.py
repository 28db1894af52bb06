"""The arguments of a Trainer, checked."""

import numpy as np

import pynn._core as _core
import pynn.optimizer as optimizers

OPTIMIZERS = {name.lower(): getattr(optimizers, name) for name in optimizers.__all__}


def samples_of(name, x, t):
    """The arrays of a set, or None and None."""
    if x is None and t is None and name != "train":
        return None, None
    if x is None or t is None:
        raise ValueError(f"Trainer: {'x' if x is None else 't'}_{name} is None; samples and their labels come together")
    x, t = x if getattr(x, "rows_on_demand", False) else np.asarray(x), np.asarray(t)
    if x.ndim == 0 or t.ndim == 0 or len(x) != len(t):
        count = [len(a) if a.ndim else "no axis of" for a in (x, t)]
        raise ValueError(f"Trainer: x_{name} has {count[0]} samples but t_{name} has {count[1]} labels")
    if not len(x):
        raise ValueError(f"Trainer: x_{name} has no samples")
    return x, t


def rows_of(x, rows):
    """These rows as an array of their own; of samples in a file only they are read."""
    return x.take(rows, axis=0) if getattr(x, "rows_on_demand", False) else _core.take_rows(x, rows)


def positive(name, value):
    """A number above 0."""
    if not isinstance(value, (int, float, np.integer, np.floating)) or not value > 0:
        raise ValueError(f"Trainer: {name} is {value!r}; it must be a number above 0")
    return value


def optimizer_of(optimizer, param):
    """An optimizer by its name, or as it came."""
    if hasattr(optimizer, "update") and not isinstance(optimizer, (str, dict)):
        return optimizer
    if not isinstance(optimizer, str) or optimizer.lower() not in OPTIMIZERS:
        raise ValueError(f"Trainer: optimizer is {optimizer!r}; it must be one of {optimizers.__all__}, or an object with "
                         "update(params, grads)")
    return OPTIMIZERS[optimizer.lower()](**param)
