"""The book's layers (chapters 5 to 7)."""

from pynn.layers.activations import Relu as Relu
from pynn.layers.activations import Sigmoid as Sigmoid
from pynn.layers.affine import Affine as Affine
from pynn.layers.arithmetic import AddLayer as AddLayer
from pynn.layers.arithmetic import MulLayer as MulLayer
from pynn.layers.convolution import Convolution as Convolution
from pynn.layers.convolution import Pooling as Pooling
from pynn.layers.loss import SoftmaxWithLoss as SoftmaxWithLoss
from pynn.layers.regularization import BatchNormalization as BatchNormalization
from pynn.layers.regularization import Dropout as Dropout

# without it, a star import would bring the modules too
__all__ = ["AddLayer", "Affine", "BatchNormalization", "Convolution", "Dropout", "MulLayer", "Pooling", "Relu", "Sigmoid",
           "SoftmaxWithLoss"]
