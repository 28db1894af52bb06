"""The neural networks of the book *Deep Learning from Scratch* on C kernels: NumPy arrays in and out."""

from pynn import plot as plot
from pynn._version import __version__ as __version__
from pynn.functions import *
from pynn.check import *
from pynn.gradient import *
from pynn.layers import *
from pynn.threads import *
from pynn.config import show_config as show_config
from pynn.networks import *
from pynn.optimizer import *
from pynn.perceptron import *
from pynn.trainer import Trainer as Trainer
from pynn.util import col2im as col2im
from pynn.util import im2col as im2col
from pynn.util import shuffle_dataset as shuffle_dataset
from pynn.util import smooth_curve as smooth_curve
from pynn.weights import load_params as load_params
from pynn.weights import save_params as save_params


def __getattr__(name):
    # what reads data sets imports a good deal, so only when it is asked for
    if name in ("load_digits", "load_fashion_mnist", "load_mnist"):
        from pynn import datasets
        return getattr(datasets, name)
    raise AttributeError(f"module 'pynn' has no attribute {name!r}")
