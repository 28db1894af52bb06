"""The book's layers (chapters 5 to 7)."""

from pynn.layers.activations import LeakyRelu as LeakyRelu
from pynn.layers.activations import Relu as Relu
from pynn.layers.activations import Sigmoid as Sigmoid
from pynn.layers.activations import Tanh as Tanh
from pynn.layers.affine import Affine as Affine
from pynn.layers.arithmetic import AddLayer as AddLayer
from pynn.layers.arithmetic import MulLayer as MulLayer
from pynn.layers.average_pooling import AveragePooling as AveragePooling
from pynn.layers.convolution import Convolution as Convolution
from pynn.layers.convolution import Pooling as Pooling
from pynn.layers.flatten import Flatten as Flatten
from pynn.layers.loss import IdentityWithLoss as IdentityWithLoss
from pynn.layers.loss import SoftmaxWithLoss as SoftmaxWithLoss
from pynn.layers.regularization import BatchNormalization as BatchNormalization
from pynn.layers.regularization import Dropout as Dropout

# without it, a star import would bring the modules too
__all__ = ["AddLayer", "Affine", "AveragePooling", "BatchNormalization", "Convolution", "Dropout", "Flatten",
           "IdentityWithLoss", "LeakyRelu", "MulLayer", "Pooling", "Relu", "Sigmoid", "SoftmaxWithLoss", "Tanh"]
