"""What goes through a network, seen on copies: the layers themselves go on showing what they saw last."""

import copy

import numpy as np

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
    x = np.asarray(x, getattr(net, "dtype", None))
    for name, layer in layers_of(function, net).items():
        layer = copy.deepcopy(layer)
        try:
            x = layer.forward(x, train_flg) if takes(layer.forward, "train_flg") else layer.forward(x)
        except ValueError as error:
            raise ValueError(f"{function}: x of shape {np.shape(x)} does not pass {name}: {error}") from error
        x = np.asarray(x)
        yield name, layer, x


def loss_layer(net):
    """The last layer, by the book's two spellings, or None."""
    return getattr(net, "last_layer", getattr(net, "lastLayer", None))


def labels(function, t):
    """Labels (N,) from labels or one-hot rows."""
    t = np.asarray(t)
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
    net, x = copy.deepcopy(net), np.asarray(x)
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
