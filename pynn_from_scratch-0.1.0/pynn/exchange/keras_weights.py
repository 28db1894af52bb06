"""Weights of Keras: the ``.weights.h5`` that ``model.save_weights`` writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.exchange.library import library
from pynn.exchange.weights import ATTRIBUTES, Found, fill, places
from pynn.io.arrays import Refused, shown
from pynn.io.files import in_words, path_of

if TYPE_CHECKING:
    from pynn._typing import FilePath

CALLER = "load_keras_weights"
KINDS = {"dense": "affine", "conv2d": "convolution", "batch_normalization": "batch normalization"}


def load_keras_weights(network: Any, path: FilePath, epsilon: float = 1e-3) -> None:
    """Copy the weights of a Keras model into a network with the same layers.

    Parameters
    ----------
    network : Network
        With an `Affine` for every ``Dense``, a `Convolution` for every ``Conv2D`` and a `BatchNormalization` for every
        ``BatchNormalization`` of the model, in its order; batch normalization of images has a value for each channel.
    path : str or path-like
        A ``.weights.h5`` of Keras 3, of a model without models in it.
    epsilon : float
        What the model's batch normalization adds to the variance; the file does not say it.

    Raises
    ------
    ValueError
        If the file has other layers with weights, another number of layers or other shapes than the network; if it is damaged.
        Nothing is changed then.
    ImportError
        If h5py is not installed.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If the network has the book's dropout, which scales in use where Keras scales in training.

    Notes
    -----
    Layers are found by class and order, as the file has no more: its paths count the layers of a class, whatever their names. Filters
    are turned from (height, width, channels, filters). Keras has channels last, so that an image becomes a row in another order;
    the weights behind are put in ours: `predict` takes images (N, C, H, W).
    """
    name: str = path_of(path, CALLER)
    h5py, due = library("h5py", CALLER, "keras"), places(network, CALLER)
    with in_words(CALLER, name, "read"):
        with open(name, "rb"):          # for a missing file in our words
            pass
        try:
            with h5py.File(name, "r") as file:
                fill(network, due, _found(h5py, file), _turn, epsilon, CALLER, name)
        except Refused as error:
            raise ValueError(f"{CALLER}: {name}: {error}") from None
        except (OSError, KeyError, RuntimeError, TypeError) as error:
            raise ValueError(f"{CALLER}: {name} is damaged or is no .weights.h5 file: {error}") from error


def _found(h5py, file):
    """What the file has for each kind of layer, in the order of the model."""
    if not isinstance(file.get("layers"), h5py.Group):
        raise Refused("it has no layers; the weights of Keras 3 have, in a file that model.save_weights wrote")
    found = {kind: {} for kind in ATTRIBUTES}
    for name in file["layers"]:
        layer = _member(h5py, file["layers"], name, h5py.Group)
        if "layers" in layer:
            raise Refused(f"{shown(name)} is a model in the model, whose place among the layers the file does not say")
        variables = _member(h5py, layer, "vars", h5py.Group) if "vars" in layer else ()
        if not len(variables):
            continue
        kind, number = re.fullmatch(r"(.*?)(?:_(\d{1,6}))?", name, re.DOTALL).groups()
        if kind not in KINDS:
            raise Refused(f"{shown(name)} has weights that no layer of pynn has; read are those of {', '.join(KINDS)}")
        same = found[KINDS[kind]]
        if int(number or 0) in same:
            raise Refused(f"{shown(name)} and {shown(same[int(number or 0)].name)} have the same number")
        same[int(number or 0)] = Found(name, _arrays(h5py, name, variables, ATTRIBUTES[KINDS[kind]]))
    return {kind: [layers[number] for number in sorted(layers)] for kind, layers in found.items()}


def _arrays(h5py, name, variables, attributes):
    count = len(variables)
    if count != len(attributes) and not (count == 1 and attributes == ("W", "b")):
        raise Refused(f"{shown(name)} has {count} arrays, where {' and '.join(attributes)} are due (a batch normalization needs "
                      "center=True and scale=True)")
    return {attribute: _member(h5py, variables, str(index), h5py.Dataset)
            for index, attribute in zip(range(count), attributes)}


def _member(h5py, group, name, kind):
    """A member that lies in the file itself, as Keras writes it: no link to elsewhere, nothing packed."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink) or not isinstance(group[name], kind):
        raise Refused(f"{shown(name)} is no {kind.__name__.lower()} of the file")
    member = group[name]
    if kind is h5py.Dataset and (member.external or member.is_virtual or member.chunks):
        raise Refused(f"{shown(name)} lies outside of the file or is packed; Keras writes neither")
    return member


def _turn(place, attribute):
    """The shape that Keras has for an attribute, and how its values are laid out for pynn."""
    shape = np.shape(getattr(place.layer, attribute))
    if place.kind == "convolution" and attribute == "W":
        filters, channels, height, width = shape
        return (height, width, channels, filters), lambda W: W.transpose(3, 2, 0, 1)
    if place.channels and attribute != "b":
        return shape, lambda values: _channels_first(values, place.channels)
    return shape, lambda values: values


def _channels_first(values, channels):
    """Rows of images whose channels came last, in the order of (C, H, W)."""
    return values.reshape(-1, channels, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)
