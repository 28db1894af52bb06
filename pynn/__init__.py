"""The neural networks of the book *Deep Learning from Scratch* on C kernels: NumPy arrays in and out."""

from pynn._version import __version__ as __version__
from pynn.functions import *
from pynn.gradient import *
from pynn.layers import *
from pynn.threads import *
