"""Weights of PyTorch: a ``state_dict`` in a ``.safetensors`` file."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._reading import has
from pynn.exchange.weights import ATTRIBUTES, Found, fill, places
from pynn.io import load_params
from pynn.io.arrays import Refused, shown
from pynn.io.files import path_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pynn._typing import FilePath

CALLER = "load_torch_weights"
NAMES = {"weight": "W", "bias": "b", "running_mean": "running_mean", "running_var": "running_var"}
OF_NORMALIZATION = {"W": "gamma", "b": "beta", "running_mean": "running_mean", "running_var": "running_var"}


def load_torch_weights(network: Any, path: FilePath, modules: Sequence[str] | None = None, epsilon: float = 1e-5) -> None:
    """Copy the ``state_dict`` of a PyTorch module into a network with the same layers.

    Parameters
    ----------
    network : Network
        With an `Affine` for every ``Linear``, a `Convolution` for every ``Conv2d`` and a `BatchNormalization` for every
        ``BatchNorm`` of the module.
    path : str or path-like
        A ``.safetensors`` file, as of ``safetensors.torch.save_file(module.state_dict(), path)``.
    modules : list of str, optional
        The names of the modules in the order of the network's layers, such as ``["conv1", "fc1", "fc2"]``. The file has lost their
        order; without `modules` it is that of the network's layers where these have the same names, as `to_torch` gives them, else
        that of the numbers in the names.
    epsilon : float
        What the module's batch normalization adds to the variance (``eps``); the file does not say it.

    Raises
    ------
    ValueError
        If the order is not clear from the names and shapes, or the file has other modules with weights, another number of them,
        or other shapes than the network; if it is damaged. Nothing is changed then.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If the network has the book's dropout, which scales in use where PyTorch scales in training.

    Notes
    -----
    Weights of a ``Linear`` are turned from (outputs, inputs). Files of pickles (``.pt``, ``.pth``) are not read.
    """
    name: str = path_of(path, CALLER)
    if not name.endswith(".safetensors"):
        raise ValueError(f"{CALLER}: {name} must end in .safetensors; save it with "
                         "safetensors.torch.save_file(module.state_dict(), path)")
    try:
        groups, due = _modules(load_params(name)), places(network, CALLER)
        fill(network, due, _in_order(groups, modules, network), _turn, epsilon, CALLER, name)
    except Refused as error:
        raise ValueError(f"{CALLER}: {name}: {error}") from None


def _modules(arrays):
    """The arrays of every module by our attribute, and its kind: ``{"conv1": ("convolution", {"W": ..., "b": ...})}``."""
    groups = {}
    for name, array in arrays.items():
        module, _, attribute = name.rpartition(".")
        if attribute == "num_batches_tracked":
            continue
        if attribute not in NAMES:
            raise Refused(f"{shown(name)} is no weight of a layer that pynn has; read are {', '.join(NAMES)}")
        groups.setdefault(module, {})[NAMES[attribute]] = array
    return {module: (_kind(module, arrays), arrays) for module, arrays in groups.items()}


def _kind(module, arrays):
    if arrays.keys() == OF_NORMALIZATION.keys():
        return "batch normalization"
    kind = {2: "affine", 4: "convolution"}.get(np.ndim(arrays.get("W")))
    if kind is None or not arrays.keys() <= {"W", "b"}:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise Refused(f"module {shown(module)} has {shapes}, as no layer of pynn has")
    return kind


def _in_order(groups, modules, network):
    """What the file has for each kind of layer; modules with the names of the network's layers have their order."""
    if modules is not None:
        modules = list(has(CALLER, "modules", modules, "__iter__", why="it must be a list of names"))
    own = [name for name in network.layers.keys() if name in groups]
    if modules is None and len(own) == len(groups):
        modules = own
    if modules is None:
        modules = sorted(groups, key=_by_numbers)
        _check_clear(groups)
    elif Counter(modules) != Counter(groups.keys()):
        raise Refused(f"it has the modules {', '.join(map(shown, sorted(groups)))}; modules must name each of them once")
    found = {kind: [] for kind in ATTRIBUTES}
    for module in modules:
        kind, arrays = groups[module]
        if kind == "batch normalization":
            arrays = {OF_NORMALIZATION[name]: array for name, array in arrays.items()}
        found[kind].append(Found(module, arrays))
    return found


def _by_numbers(name):
    """``fc10`` behind ``fc9``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", name)]


def _check_clear(groups):
    """Refuse modules of one kind whose names differ in more than numbers: their order could be any."""
    stems = {}
    for module, (kind, _) in groups.items():
        stems.setdefault(kind, {}).setdefault(re.sub(r"\d+", "", module), module)
    for kind, names in stems.items():
        if len(names) > 1:
            raise Refused(f"which of {' and '.join(map(shown, names.values()))} comes first is not in the file; say the order "
                          f"of all its modules: modules={sorted(groups, key=_by_numbers)}, or another")


def _turn(place, attribute):
    shape = np.shape(getattr(place.layer, attribute))
    if place.kind == "affine" and attribute == "W":
        return shape[::-1], np.transpose
    return shape, lambda values: values
