"""The neural networks of the book *Deep Learning from Scratch* on C kernels: NumPy arrays in and out."""

try:
    import pynn._core
except ImportError as error:
    from pynn._unbuilt import explain
    raise ImportError(explain(error)) from error

from pynn import plot as plot
from pynn._version import __version__ as __version__
from pynn.check import *
from pynn.config import show_config as show_config
from pynn.functions import *
from pynn.gradient import *
from pynn.io import load_params as load_params
from pynn.io import save_params as save_params
from pynn.kernels import *
from pynn.layers import *
from pynn.networks import *
from pynn.optimizer import *
from pynn.perceptron import *
from pynn.threads import *
from pynn.training import *
from pynn.util import col2im as col2im
from pynn.util import im2col as im2col
from pynn.util import shuffle_dataset as shuffle_dataset
from pynn.util import smooth_curve as smooth_curve

# what reads data sets imports a good deal, so only when it is asked for
_DATASETS = ("load_digits", "load_fashion_mnist", "load_folder", "load_image", "load_mnist")
_REPORTS = ("GradientCheck", "HealthReport")


def __getattr__(name):
    if name in _DATASETS:
        import pynn.datasets
        return getattr(pynn.datasets, name)
    if name in _REPORTS:
        import pynn.check
        return getattr(pynn.check, name)
    if name == "widgets":
        import pynn.widgets
        return pynn.widgets
    raise AttributeError(f"module 'pynn' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_DATASETS, *_REPORTS, "widgets"})
