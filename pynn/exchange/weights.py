"""Weights of another library, layer by layer, into a network that has the same layers."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from pynn import layers
from pynn._reading import number
from pynn.exchange.normalization import at_our_root
from pynn.exchange.walk import kind_of
from pynn.io.arrays import dtype_fault, shown
from pynn.layers.protocol import parameter_names
from pynn.networks import Network, saving

KINDS = {layers.Affine: "affine", layers.Convolution: "convolution", layers.BatchNormalization: "batch normalization"}
ATTRIBUTES = {"affine": ("W", "b"), "convolution": ("W", "b"),
              "batch normalization": ("gamma", "beta", "running_mean", "running_var")}


class Place(NamedTuple):
    """A layer with parameters, and the names that the network has for its attributes."""

    layer: Any
    kind: str
    names: dict[str, str]
    channels: int | None        # of the images that became the rows which come in, where no affine layer has seen them yet


class Found(NamedTuple):
    """What a file has for one layer: arrays by our attribute, or data sets that are read when their shape is due."""

    name: str
    arrays: dict[str, Any]


def places(network: Any, caller: str) -> list[Place]:
    """The layers of a network that another library's weights belong to."""
    if not isinstance(network, Network):
        raise TypeError(f"{caller}: network is a {type(network).__name__}; it must be a network of pynn's, such as Sequential")
    names: dict[int, dict[str, str]] = {}
    for name, (layer, attribute) in (*network.places().items(), *network.buffers().items()):
        names.setdefault(id(layer), {})[attribute] = name
    found, channels, rows = [], None, False
    for name, layer in network.layers.items():
        kind = kind_of(layer, KINDS)
        if kind is None and parameter_names(layer):
            raise TypeError(f"{caller}: {shown(name)} is a {type(layer).__name__} with parameters of its own; set those of the "
                            "network one by one, net.params[name][...] = array")
        if isinstance(layer, layers.Convolution):
            channels = len(layer.W)
        rows = rows or isinstance(layer, (layers.Flatten, layers.Affine))
        if kind is not None:
            found.append(Place(layer, KINDS[kind], names[id(layer)], channels if rows else None))
        if isinstance(layer, layers.Affine):
            channels = None
    return found


def fill(network: Network, due: list[Place], found: dict[str, list[Found]], turn: Any, epsilon: float, caller: str,
         path: str) -> None:
    """Copy what a file has for the layers of each kind, in their order, to the places of the network; all of it or nothing.

    ``turn(place, attribute)`` gives the shape that an array must have, and the function that lays it out as pynn's.
    """
    if not 0 <= number(caller, "epsilon", epsilon) < np.inf:
        raise ValueError(f"{caller}: epsilon is {epsilon}; it must be a number of at least 0")
    for kind in ATTRIBUTES:
        there, want = len(found[kind]), sum(place.kind == kind for place in due)
        if there != want:
            raise ValueError(f"{caller}: {path} has the weights of {there} {kind} layers, and the network has {want}; build it "
                             "as it was saved")
    waiting, state = {kind: iter(found[kind]) for kind in ATTRIBUTES}, {}
    for place in due:
        state.update(_laid_out(place, next(waiting[place.kind]), turn, epsilon, f"{caller}: {path}"))
    saving.load_state(network, state, caller, path)
    _warn_of_dropout(network, caller)


def _laid_out(place, found, turn, epsilon, head):
    """The arrays of one layer by the network's names."""
    arrays = {}
    for attribute, source in found.arrays.items():
        if getattr(place.layer, attribute) is None:
            raise ValueError(f"{head}: {shown(found.name)} has a bias, and {place.layer!r} has none")
        shape, lay_out = turn(place, attribute)
        if tuple(source.shape) != tuple(shape):
            raise ValueError(f"{head}: {shown(found.name)} has shape {tuple(source.shape)}, where {tuple(shape)} is due for "
                             f"{place.names[attribute]}, {place.layer!r}")
        if source.dtype.kind != "f" or dtype_fault(source.dtype):
            raise ValueError(f"{head}: {shown(found.name)} has dtype {source.dtype}, which NumPy has no floats for; "
                             "save it in float32")
        arrays[attribute] = lay_out(source[()])
    if place.kind == "batch normalization":
        arrays["gamma"], arrays["running_var"] = at_our_root(arrays["gamma"], arrays["running_var"], epsilon)
    elif place.layer.b is not None:
        arrays.setdefault("b", np.zeros(np.shape(place.layer.b)))       # a layer without bias adds nothing
    return {place.names[attribute]: array for attribute, array in arrays.items()}


def _warn_of_dropout(network, caller):
    book = [name for name, layer in network.layers.items() if isinstance(layer, layers.Dropout) and not layer.inverted]
    if book:
        warnings.warn(f"{caller}: {', '.join(book)} scales in use, as in the book; where the weights come from, dropout scales in "
                      "training, and predict gives other scores. Make them Dropout(ratio, inverted=True)", UserWarning, stacklevel=4)
