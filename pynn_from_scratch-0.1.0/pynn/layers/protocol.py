"""What a network asks of a layer: its parameters, its buffers, and what its methods can be told.

A layer is any object with ``forward(x)`` and ``backward(dout)``. pynn's layers list the attributes that training changes in
``params`` and those that it only keeps in ``buffers``; of a reader's own layer they are found by the book's convention:
a weight ``W`` has its gradient in ``dW``.
"""

from functools import lru_cache

import numpy as np

_WEIGHTS = ("W", "b", "gamma", "beta")
_STATISTICS = ("running_mean", "running_var")
_PASSING = ("x", "y", "z", "a", "t", "out")     # what a pass leaves in a layer, gradients beside it or not


def parameter_names(layer):
    """The attributes of a layer that training changes: attribute ``name`` has its gradient in ``"d" + name``."""
    declared = getattr(layer, "params", None)
    if isinstance(declared, tuple):
        return declared
    attributes = getattr(layer, "__dict__", {})
    return tuple(name for name, value in attributes.items()
                 if isinstance(value, np.ndarray) and name not in _PASSING
                 and (name in _WEIGHTS or "d" + name in attributes))


def awaited_names(layer):
    """The attributes that would make a parameter of what a layer of the reader's own has now, or has not made yet.

    A weight may be made in the first pass, and its gradient in the first `backward`.
    """
    if isinstance(getattr(layer, "params", None), tuple):
        return ()
    attributes = getattr(layer, "__dict__", {})
    weights = [name for name in _WEIGHTS if not isinstance(attributes.get(name), np.ndarray)]
    gradients = ["d" + name for name, value in attributes.items()
                 if isinstance(value, np.ndarray) and name not in (*_WEIGHTS, *_PASSING) and "d" + name not in attributes]
    return (*weights, *gradients)


def has_come(layer, name):
    """Whether a layer has an awaited array by now."""
    return isinstance(getattr(layer, "__dict__", {}).get(name), (np.ndarray, np.generic))


def buffer_names(layer):
    """The attributes of a layer that belong to a trained network although no gradient changes them."""
    declared = getattr(layer, "buffers", None)
    if isinstance(declared, tuple):
        return declared
    return tuple(name for name in _STATISTICS if hasattr(layer, name))


def takes(method, argument):
    """Whether a method has an argument of that name, such as ``train_flg`` of a `forward`."""
    return argument in _arguments(getattr(method, "__func__", method))


@lru_cache(maxsize=512)
def _arguments(function):
    code = getattr(function, "__code__", None)
    if code is not None and not hasattr(function, "__wrapped__"):
        return code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    import inspect
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):         # written in C, without a signature
        return ()


def is_plain(layer):
    """Whether a layer of pynn computes what its class does: neither `forward` nor `backward` was replaced, here or in the class."""
    return (_defined(type(layer), "forward") and _defined(type(layer), "backward")
            and "forward" not in vars(layer) and "backward" not in vars(layer))


def _defined(kind, method):
    """Whether pynn's source has the method in just this class."""
    function = getattr(kind, method)
    return function.__module__ == kind.__module__ and function.__qualname__ == f"{kind.__name__}.{method}"
