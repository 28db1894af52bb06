"""The parameters of an estimator, checked when it is fitted, as scikit-learn wants it."""

from __future__ import annotations

import numbers

import pynn.optimizer as optimizers
from pynn._reading import has, number
from pynn.layers.protocol import takes

SOLVERS = {name.lower(): getattr(optimizers, name) for name in optimizers.__all__}


def hidden_sizes(estimator):
    """``hidden_layer_sizes`` as a list; one number is one layer."""
    given = estimator.hidden_layer_sizes
    sizes = [given] if not hasattr(given, "__iter__") else list(given)
    if not all(isinstance(size, numbers.Integral) and size >= 1 for size in sizes):
        raise ValueError(f"{_name(estimator)}: hidden_layer_sizes is {given!r}; it must be the number of neurons of each hidden "
                         "layer, from 1")
    return sizes


def batch_size(estimator, n_samples):
    """Samples in a batch: no more than there are."""
    given = estimator.batch_size
    if given == "auto":
        return min(200, n_samples)
    return min(_whole(estimator, "batch_size", " or 'auto'"), n_samples)


def check_numbers(estimator):
    """``max_iter`` and ``n_iter_no_change`` count epochs; what else must be numbers."""
    for name in ("max_iter", "n_iter_no_change"):
        _whole(estimator, name)
    for name in ("alpha", "dropout", "tol", "validation_fraction"):
        value = getattr(estimator, name)
        if number(_name(estimator), name, value) != value:
            raise ValueError(f"{_name(estimator)}: {name} is {value}; it must be a number")


def new_optimizer(estimator):
    """The optimizer that ``solver`` names or makes."""
    solver, lr = estimator.solver, estimator.learning_rate_init
    if not isinstance(lr, numbers.Real) or not lr > 0:
        raise ValueError(f"{_name(estimator)}: learning_rate_init is {lr!r}; it must be a number above 0")
    if callable(solver):
        return has(_name(estimator), "what solver returned", solver(lr=lr), "update", why="it must be an optimizer")
    if not isinstance(solver, str) or solver not in SOLVERS:
        raise ValueError(f"{_name(estimator)}: solver is {solver!r}; it must be one of {list(SOLVERS)}, or a function that takes "
                         "lr and returns an optimizer")
    settings = {"momentum": estimator.momentum, "beta1": estimator.beta_1, "beta2": estimator.beta_2}
    kind = SOLVERS[solver]
    return kind(lr=lr, **{name: value for name, value in settings.items() if takes(kind.__init__, name)})


def _whole(estimator, name, alternative=""):
    value = getattr(estimator, name)
    if not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"{_name(estimator)}: {name} is {value!r}; it must be a whole number from 1{alternative}")
    return value


def _name(estimator):
    return type(estimator).__name__
