"""A network in a file: its parameters, and what belongs to it beside them."""

import warnings

import numpy as np

from pynn.io import load_params, save_params
from pynn.layers.protocol import buffer_names


def state_of(network):
    """Everything that a network has learned, by name, not copied: its parameters, and the running statistics of batch normalization.

    A reader's own network has at least ``params``.
    """
    buffers = {name: getattr(layer, attribute) for name, (layer, attribute) in buffer_places(network).items()}
    return {**network.params, **{name: value for name, value in buffers.items() if value is not None}}


def buffer_places(network):
    """Which attribute of which layer each buffer is."""
    if hasattr(network, "buffers"):
        return network.buffers()
    layers = getattr(network, "layers", {})
    values = layers.values() if hasattr(layers, "values") else layers
    return {f"{name}{number}": (layer, name) for number, layer in enumerate(values, 1) for name in buffer_names(layer)}


def save(network, path):
    """Write `state_of` the network."""
    save_params(state_of(network), path)


def load(network, path):
    """Copy the arrays of a file into the network's own."""
    load_state(network, load_params(path), f"{type(network).__name__}.load_params", path)


def load_state(network, loaded, func, path):
    """Copy `loaded` into the network's own arrays; nothing is changed unless everything fits."""
    params = network.params
    for name, param in params.items():
        if name not in loaded:
            raise ValueError(f"{func}: {path} has no {name}; it has {list(loaded)}")
        _check(func, path, name, loaded[name], np.shape(param))
    missing = []
    for name, (layer, attribute) in network.buffers().items():
        if name not in loaded:
            missing.append(name)
        elif (present := getattr(layer, attribute)) is not None:
            _check(func, path, name, loaded[name], np.shape(present))
    for name, param in params.items():
        if isinstance(param, np.ndarray) and param.dtype.kind == "f" and param.flags.writeable:
            param[...] = loaded[name]
        else:                       # a number, a list, what is read-only, whole numbers that would cut off what comes
            params[name] = loaded[name].astype(network.dtype)
    for name, (layer, attribute) in network.buffers().items():
        if name in loaded:
            setattr(layer, attribute, loaded[name].astype(network.dtype))
    unknown = [name for name in loaded if name not in params and name not in network.buffers()]
    if unknown:
        warnings.warn(f"{func}: {path} has {', '.join(unknown)}, which the network has not; if they belong to layers that it lacks, "
                      "such as batch normalization, build it as it was saved", UserWarning, stacklevel=4)
    if missing:
        warnings.warn(f"{func}: {path} has no {', '.join(missing)}: the running statistics of batch normalization stay as they "
                      "are in the network, and predict uses them. The book's files lack them; train a little, or save again with "
                      "network.save_params (section 6.3)", UserWarning, stacklevel=4)


def _check(func, path, name, array, shape):
    if array.shape != shape:
        raise ValueError(f"{func}: {name} in {path} has shape {array.shape} but the network has {shape}; "
                         "build the network with the sizes it was saved with")
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(f"{func}: {name} in {path} has dtype {array.dtype}; parameters are real numbers of at most 64 bits")
