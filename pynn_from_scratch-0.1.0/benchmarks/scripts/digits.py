"""MNIST out of its unpacked files, for libraries that do not bring it along."""

import os
from pathlib import Path

import numpy as np


def load():
    """Training and test set: float32 images (N, 784) from 0 to 1, and labels."""
    folder = Path(os.environ["PYNN_DATA_HOME"], "mnist")
    pairs = []
    for part in "train", "t10k":
        x = np.fromfile(folder / f"{part}-images-idx3-ubyte", "u1", offset=16).reshape(-1, 784)
        t = np.fromfile(folder / f"{part}-labels-idx1-ubyte", "u1", offset=8)
        pairs.append((x.astype("float32") / 255, t))
    return pairs
