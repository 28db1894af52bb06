"""The data set that whole scripts load: MNIST unpacked, as pynn's cache keeps it, and pickled, as the book does."""

import functools
import pickle

import numpy as np

from .build import PLACE

NAMES = "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
KEYS = "train_img", "train_label", "test_img", "test_label"         # the book's
MAGIC = {1: 0x0801, 3: 0x0803}                                      # IDX: unsigned bytes, so many dimensions


@functools.cache
def home():
    """A folder for PYNN_DATA_HOME, and what is in it: "MNIST", or "synthetic data" of its size where MNIST is not here."""
    arrays, name = mnist(), "MNIST"
    if arrays is None:
        name = "synthetic data"
    folder = PLACE / "data" / name.replace(" ", "-") / "mnist"
    if not (folder / "mnist.pkl").exists():
        arrays = arrays or synthetic()
        folder.mkdir(parents=True, exist_ok=True)
        for file, array in zip(NAMES, arrays):
            header = np.array([MAGIC[array.ndim], *array.shape], ">u4")
            (folder / file).write_bytes(header.tobytes() + array.tobytes())
        rows = [array.reshape(len(array), -1) if array.ndim > 1 else array for array in arrays]
        (folder / "mnist.pkl").write_bytes(pickle.dumps(dict(zip(KEYS, rows))))
    return folder.parent, name


def mnist():
    """Images and labels of both sets in bytes, or None: nothing is downloaded for a benchmark."""
    from pynn.datasets import DatasetError, load_mnist

    try:
        pairs = load_mnist(normalize=False, flatten=False, download=False)
    except DatasetError:
        return None
    return [np.squeeze(array) for pair in pairs for array in pair]


def synthetic():
    """Ten patterns in noise, as many and as large as the digits of MNIST, and as quickly learned."""
    rng = np.random.default_rng(0)
    patterns = 160 * (rng.random((10, 28, 28)) < 0.2)
    arrays = []
    for size in 60_000, 10_000:
        labels = rng.integers(0, 10, size, dtype="u1")
        noise = rng.integers(0, 96, (size, 28, 28), dtype="u1")
        arrays += [patterns.astype("u1")[labels] + noise, labels]
    return arrays
