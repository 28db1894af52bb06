"""The networks that are timed: the same weights, and the same batches, for every contestant."""

import importlib.util
import os
import sys

import numpy as np

LEARNING_RATE = 0.01
MULTI_LAYER = 784, [100] * 4, 10
DEEP_FILTERS = [(16, 1), (16, 1), (32, 1), (32, 2), (64, 1), (64, 1)]     # (number, pad)


class Unavailable(Exception):
    """This peer cannot run this case; the message says why."""


def reference():
    """pynn.reference, the book's formulas in NumPy, without importing pynn itself.

    So nothing of pynn is in a peer's process.
    """
    name = "pynn_reference"
    if name not in sys.modules:
        [folder] = importlib.util.find_spec("pynn").submodule_search_locations
        path = os.path.join(folder, "reference", "__init__.py")
        spec = importlib.util.spec_from_file_location(
            name, path, submodule_search_locations=[os.path.dirname(path)])
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def draw(library, network, dtype, hidden=50):
    """A network with weights from seed 0: the same ones from pynn and from the book."""
    np.random.seed(0)
    make = getattr(library, network, None)
    if make is None:
        raise Unavailable(f"{library.__name__} has no {network}")
    if network == "TwoLayerNet":
        return make(784, hidden, 10, dtype=dtype)
    if network == "MultiLayerNet":
        return make(*MULTI_LAYER, dtype=dtype)
    return make(dtype=dtype)


def batch(network, dtype, size):
    """Random pixels in [0, 1) and one-hot labels, as load_mnist gives them."""
    rng = np.random.default_rng(1)
    shape = (1, 28, 28) if "Conv" in network else (784,)
    x = rng.random((size, *shape)).astype(dtype)
    return x, np.eye(10, dtype=dtype)[rng.integers(0, 10, size)]
