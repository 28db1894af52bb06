"""What chapter 5's script imports, in NumPy: the book's network, and its data set out of the pickle it keeps."""

import os
import pickle
from pathlib import Path

import numpy as np

from benchmarks.peers import reference

TwoLayerNet = reference().TwoLayerNet


def load_mnist(normalize, one_hot_label):
    with open(Path(os.environ["PYNN_DATA_HOME"], "mnist", "mnist.pkl"), "rb") as file:
        arrays = pickle.load(file)
    pairs = []
    for part in "train", "test":
        x, t = arrays[f"{part}_img"], arrays[f"{part}_label"]
        if normalize:
            x = x.astype(np.float32)
            x /= 255.0
        pairs.append((x, np.eye(10)[t] if one_hot_label else t))
    return pairs
