"""What goes through a network, seen on copies: the layers themselves go on showing what they saw last."""

import copy

import numpy as np

from pynn._reading import has, number, real_array
from pynn.layers.protocol import takes
from pynn.networks.chain import Layers


def layers_of(function, net):
    """The layers of a network, pynn's or a reader's own, with their names."""
    layers = getattr(net, "layers", None)
    if layers is None:
        raise TypeError(f"{function}: a {type(net).__name__} has no layers; it must be a network that keeps its layers in "
                        "`layers`, as in section 5.7.2")
    return Layers(layers)


def outputs(function, net, x, train_flg=False):
    """Pass x through copies of the layers; yield ``(name, copy, what comes out)`` for each.

    `train_flg` is for the layers whose `forward` takes it.
    """
    x = real_array(function, "x", x)
    x = x.astype(getattr(net, "dtype", x.dtype), copy=False)
    if not x.size:
        raise ValueError(f"{function}: x has shape {x.shape}; there must be samples")
    for name, layer in layers_of(function, net).items():
        layer = copy.deepcopy(layer)
        try:
            x = layer.forward(x, train_flg) if takes(layer.forward, "train_flg") else layer.forward(x)
        except ValueError as error:
            raise ValueError(f"{function}: x of shape {np.shape(x)} does not pass {name}: {error}") from error
        x = np.asarray(x)
        yield name, layer, x


def names_of(function, layers):
    """The names of the layers that are asked for; none for None, which is all."""
    if isinstance(layers, str) or not hasattr(layers, "__iter__") and layers is not None:
        raise TypeError(f"{function}: layers is {layers!r}; it must be a list of names")
    return () if layers is None else layers


def loss_layer(net):
    """The last layer, by the book's two spellings, or None."""
    return getattr(net, "last_layer", getattr(net, "lastLayer", None))


def labels(function, t):
    """Labels (N,) from labels or one-hot rows."""
    t = real_array(function, "t", t)
    if t.ndim == 2 and t.shape[1] > 1:
        return t.argmax(axis=1)
    if t.ndim != 1 or t.dtype.kind not in "biu":
        raise ValueError(f"{function}: t has shape {t.shape} and dtype {t.dtype}; it must be integer labels (N,) or one-hot rows "
                         "(N, classes) (section 4.2.3)")
    return t


def predicted(function, net, x, batch_size=1000):
    """The classes that a network predicts for x, or that its predictions (N,) or scores (N, classes) name."""
    if not hasattr(net, "predict"):
        if isinstance(net, (np.ndarray, list, tuple)):
            return labels(function, net)
        raise TypeError(f"{function}: the first argument is a {type(net).__name__}; it must be a network with predict(x), or "
                        "predictions: labels (N,) or scores (N, classes)")
    if x is None:
        raise TypeError(f"{function}: x is missing; give a network x and t")
    net, x = copy.deepcopy(has(function, "net", net, "predict", why="it must be a network")), real_array(function, "x", x)
    if not x.size:
        raise ValueError(f"{function}: x has shape {x.shape}; there must be samples")
    return np.concatenate([np.asarray(net.predict(x[start:start + batch_size])).argmax(axis=1)
                           for start in range(0, len(x), batch_size)])


def wanted(function, y, t):
    """t as labels, one for each prediction in y."""
    if t is None:
        raise TypeError(f"{function}: t is missing; it must have the right label of every sample")
    t = labels(function, t)
    if len(t) != len(y) or not len(t):
        raise ValueError(f"{function}: {len(y)} predictions for {len(t)} labels; there must be as many, and at least one")
    return t


def grid(function, f, xlim, ylim, points):
    """The coordinates of so many points along each side of a part of the plane, on which f is looked at."""
    if not callable(f):
        raise TypeError(f"{function}: f is a {type(f).__name__}; it must be a function of two arrays")
    sides = []
    for name, limits in ("xlim", xlim), ("ylim", ylim):
        if np.shape(limits) != (2,):
            raise ValueError(f"{function}: {name} is {limits!r}; it must be a pair of numbers")
        low, high = (number(function, name, limit) for limit in limits)
        if not (np.isfinite(low) and np.isfinite(high) and low != high):
            raise ValueError(f"{function}: {name} is {limits!r}; it must be two different finite numbers")
        sides.append(np.linspace(low, high, points))
    return np.meshgrid(*sides)
