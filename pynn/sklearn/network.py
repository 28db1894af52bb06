"""The network of an estimator: built, used, and laid to rest."""

from __future__ import annotations

import copy
import threading
from contextlib import contextmanager
from math import prod

import numpy as np
from sklearn.base import is_regressor

from pynn.layers import Dropout, IdentityWithLoss
from pynn.layers.protocol import buffer_names, parameter_names
from pynn.networks import MultiLayerNetExtend, Network
from pynn.networks.chain import Layers
from pynn.networks.summary import given_shape
from pynn.sklearn.arguments import hidden_sizes

_BATCH = 1000       # rows that pass at once where nothing is learned
_DRAWING = threading.RLock()       # a network's maker may fit another


def new_network(estimator, n_outputs, dtype, rng):
    """The network that the parameters describe, its weights drawn from `rng`."""
    shape = sample_shape(estimator)
    with _drawing_from(rng):
        if estimator.network is not None and not callable(estimator.network):
            raise TypeError(f"{type(estimator).__name__}: network is a {type(estimator.network).__name__}; it must be a function that "
                            "makes a pynn.Network")
        if estimator.network is None:
            network = _fully_connected(estimator, n_outputs, dtype)
        else:
            network = estimator.network(shape, n_outputs, dtype)
    if not isinstance(network, Network):
        raise TypeError(f"{type(estimator).__name__}: network returned a {type(network).__name__}; it must return a pynn.Network, such "
                        "as pynn.Sequential")
    return network


def _fully_connected(estimator, n_outputs, dtype):
    network = MultiLayerNetExtend(
        estimator.n_features_in_, hidden_sizes(estimator), n_outputs, estimator.activation,
        weight_init_std="xavier" if estimator.activation in ("sigmoid", "tanh") else "he",
        use_dropout=estimator.dropout > 0, dropout_ration=estimator.dropout, use_batchnorm=estimator.batch_norm,
        dtype=dtype)
    if is_regressor(estimator):
        network.last_layer = IdentityWithLoss(mean=True)
    return network


def sample_shape(estimator):
    """The shape in which the network sees a row."""
    n_features, shape = estimator.n_features_in_, estimator.input_shape
    if shape is None:
        return (n_features,)
    shape = given_shape(f"{type(estimator).__name__}", shape)
    if prod(shape) != n_features:
        raise ValueError(f"{type(estimator).__name__}: input_shape is {shape}, {prod(shape)} values, but X has {n_features} features; "
                         "they must be as many")
    return shape


@contextmanager
def _drawing_from(rng):
    """Let NumPy's global state, from which layers draw their weights, be that of `rng` for a while."""
    with _DRAWING:
        before = np.random.get_state()
        np.random.set_state(rng.get_state())
        try:
            yield
        finally:
            after = np.random.get_state()
            np.random.set_state(before)
            rng.set_state(after)        # last: it may be the global state itself


def drop_from(network, rng):
    """Have dropout draw from `rng`."""
    for layer in network.layers.values():
        if isinstance(layer, Dropout):
            layer.rng = rng


def outputs(network, X, shape, rows=None):
    """What the network puts out for some rows of X, or all, in batches: no more memory than one of them, whatever X is.

    The passes are those of a copy, so threads may share a network.
    """
    network = at_rest(network)
    starts = range(0, len(X) if rows is None else len(rows), _BATCH)
    batches = [slice(start, start + _BATCH) if rows is None else rows[start:start + _BATCH] for start in starts]
    return np.concatenate([network.predict(X[batch].reshape(-1, *shape)) for batch in batches])


def at_rest(network):
    """A network of the same parameters whose layers remember no pass: as small as what it has learned."""
    rested = copy.copy(network)
    layers = Layers(network.layers)
    for name, layer in network.layers.items():
        layers[name] = _forgetting(layer)
    rested.layers = layers
    rested.last_layer = _forgetting(network.last_layer)
    return rested


def _forgetting(layer):
    """A copy of a layer; of pynn's own only with what it has learned, since a reader's may need what it keeps."""
    layer = copy.copy(layer)
    if not type(layer).__module__.startswith("pynn.layers."):
        return layer
    learned = (*parameter_names(layer), *buffer_names(layer))
    for name, value in list(vars(layer).items()):
        if name.startswith("_") and name.endswith("_later"):        # see pynn.layers.derived
            del vars(layer)[name]
            setattr(layer, name[1:-len("_later")], None)
        elif isinstance(value, (np.ndarray, np.random.RandomState)) and name not in learned:
            setattr(layer, name, None)
    return layer
