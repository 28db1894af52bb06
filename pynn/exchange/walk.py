"""A network as a row of layers, and the shapes on the way through it."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from pynn.functions import softmax
from pynn.layers import Affine, Sigmoid
from pynn.layers.protocol import takes
from pynn.networks import Network, Sequential, ThreeLayerNet
from pynn.networks.summary import given_shape, sample_shape


class Step(NamedTuple):
    """A layer under its name in the network, the shapes of one sample before and after it, and the names of its arrays."""

    name: str
    layer: Any
    before: tuple[int, ...]
    after: tuple[int, ...]
    names: dict[str, str]       # of the layer's attributes, as in `Network.params`: {"W": "W1", "b": "b1"}


def in_layers(network: Any, caller: str) -> tuple[Network, bool]:
    """The network as one that is nothing but its layers, and whether a softmax follows them."""
    if type(network) is ThreeLayerNet:
        p = network.params
        layers: list[Any] = [Affine(p["W1"], p["b1"]), Sigmoid(), Affine(p["W2"], p["b2"]), Sigmoid(), Affine(p["W3"], p["b3"])]
        return Sequential(layers), network.output_function is softmax
    if not isinstance(network, Network):
        raise TypeError(f"{caller}: network is a {type(network).__name__}; it must be a network of pynn's, such as Sequential or "
                        "TwoLayerNet")
    if type(network).predict is not Network.predict or "predict" in vars(network):
        raise TypeError(f"{caller}: {type(network).__name__} has a predict of its own, and layers are all that can be taken over; "
                        "put what it does into layers")
    return network, False


def steps(network: Network, input_shape: Any, caller: str) -> list[Step]:
    """The steps of a pass: a sample of zeros goes through copies of the layers."""
    shape = sample_shape(network, caller) if input_shape is None else given_shape(caller, input_shape)
    names: dict[int, dict[str, str]] = {}
    for name, (layer, attribute) in (*network.places().items(), *network.buffers().items()):
        names.setdefault(id(layer), {})[attribute] = name
    found, x = [], np.zeros((1, *shape), network.dtype)
    for name, layer in network.layers.items():
        twin = copy.copy(layer)
        try:
            y = np.asarray(twin.forward(x, False) if takes(twin.forward, "train_flg") else twin.forward(x))
        except ValueError as error:
            raise ValueError(f"{caller}: a sample of shape {shape} does not pass {name}: {error}") from error
        found.append(Step(name, layer, x.shape[1:], y.shape[1:], names.get(id(layer), {})))
        x = y.astype(network.dtype, copy=False)
    return found


def kind_of(layer: Any, kinds: Any) -> Any:
    """The one of `kinds` whose own `forward` the layer uses: in a class that changes it, the layer is another."""
    forward: Any = getattr(type(layer), "forward", None)
    for kind in kinds:
        if (isinstance(layer, kind) and "forward" not in vars(layer)
                and (forward.__module__, forward.__qualname__) == (kind.__module__, f"{kind.__name__}.forward")):
            return kind
    return None
