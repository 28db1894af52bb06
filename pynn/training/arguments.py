"""The arguments of a Trainer, checked."""

import math
from collections.abc import Mapping

import numpy as np

import pynn._core as _core
import pynn.optimizer as optimizers
from pynn._reading import count, has, number
from pynn.layers.protocol import takes
from pynn.training.callbacks import Callback

EVENTS = ("on_begin", "on_step", "on_epoch", "on_end")

OPTIMIZERS = {name.lower(): getattr(optimizers, name) for name in optimizers.__all__}


def samples_of(name, x, t):
    """The arrays of a set, or None and None."""
    if x is None and t is None and name != "train":
        return None, None
    if x is None or t is None:
        raise ValueError(f"Trainer: {'x' if x is None else 't'}_{name} is None; samples and their labels come together")
    x = x if getattr(x, "rows_on_demand", False) else _core.as_array("Trainer", f"x_{name}", x)
    t = _core.as_array("Trainer", f"t_{name}", t)
    if x.ndim == 0 or t.ndim == 0 or len(x) != len(t):
        sizes = [len(a) if a.ndim else "no axis of" for a in (x, t)]
        raise ValueError(f"Trainer: x_{name} has {sizes[0]} samples but t_{name} has {sizes[1]} labels")
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


def random_state(rng):
    """What draws the batches: a generator, or one of a seed; None is NumPy's global state."""
    if rng is None or rng is np.random:
        return None
    if isinstance(rng, (np.random.Generator, np.random.RandomState)):
        return rng
    return np.random.default_rng(count("Trainer", "rng", rng, least=0))


def watchers(callbacks, on_step, on_epoch):
    """The callbacks and the functions as one list."""
    if not hasattr(callbacks, "__iter__"):
        raise TypeError(f"Trainer: callbacks is a {type(callbacks).__name__}; it must be a list of callbacks")
    callbacks = list(callbacks)
    for callback in callbacks:
        has("Trainer", "a callback", callback, why="")
        if not any(callable(getattr(callback, event, None)) for event in EVENTS):
            raise TypeError(f"Trainer: a callback is a {type(callback).__name__}, which has none of {', '.join(EVENTS)}")
    for name, function in (("on_step", on_step), ("on_epoch", on_epoch)):
        if function is not None and not callable(function):
            raise TypeError(f"Trainer: {name} is a {type(function).__name__}; it must be a function of the trainer")
    return callbacks if on_step is on_epoch is None else [*callbacks, Callback(on_step, on_epoch)]


def steps_of(epochs, samples, batch_size):
    """How many steps so many epochs are."""
    steps = number("Trainer", "epochs", epochs) * max(samples / batch_size, 1)
    if not math.isfinite(steps):
        raise ValueError(f"Trainer: epochs is {epochs}; it must be a finite number")
    if steps < 1:
        raise ValueError(f"Trainer: {epochs} epochs of {samples} samples are no step of {batch_size} samples; give more epochs")
    return int(steps)


def optimizer_of(optimizer, param):
    """An optimizer by its name, or as it came."""
    if hasattr(optimizer, "update") and not isinstance(optimizer, (str, dict)):
        return has("Trainer", "optimizer", optimizer, "update", why="it must have update(params, grads)")
    if not isinstance(optimizer, str) or optimizer.lower() not in OPTIMIZERS:
        raise ValueError(f"Trainer: optimizer is {optimizer!r}; it must be one of {optimizers.__all__}, or an object with "
                         "update(params, grads)")
    if not isinstance(param, Mapping):
        raise TypeError(f"Trainer: optimizer_param is a {type(param).__name__}; it must be a dict of the optimizer's arguments")
    kind = OPTIMIZERS[optimizer.lower()]
    unknown = [name for name in param if not isinstance(name, str) or not takes(kind.__init__, name)]
    if unknown:
        raise TypeError(f"Trainer: optimizer_param has {unknown}, which {kind.__name__} has not; it must hold arguments of {kind.__name__}")
    return kind(**param)
