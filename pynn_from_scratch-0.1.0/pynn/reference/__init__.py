"""The book's definitions in pure NumPy.

Written from the formulas, in the book's structure and under its names: the
tests take every result from here, the benchmarks time this as "the book's
code", and a reader can hold it beside the C kernels, which it never calls.

Two things differ from the printed code. Arrays keep their precision, so that a
float32 network stays float32 from its labels to its updates, and ``backward``
never writes into ``dout``. Nothing here checks its arguments. The imports are
relative, unlike elsewhere in pynn: the benchmarks load this folder under another
name, without pynn.
"""

from .convnets import DeepConvNet, SimpleConvNet
from .convolution import AveragePooling, Convolution, Pooling, col2im, im2col
from .functions import (
    cross_entropy, cross_entropy_error, entropy, identity_function, matmul,
    mean_squared_error, relu, relu_grad, sigmoid, sigmoid_grad, softmax,
    softmax_loss, step_function, sum_squared_error, tanh)
from .gradient import gradient_descent, numerical_diff, numerical_gradient
from .layers import (
    AddLayer, Affine, BatchNormalization, Dropout, Flatten, IdentityWithLoss, LeakyRelu, MulLayer, Relu,
    Sigmoid, SoftmaxWithLoss, Tanh)
from .networks import MultiLayerNet, MultiLayerNetExtend, SimpleNet, TwoLayerNet
from .optimizers import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop

__all__ = [
    "AdaGrad", "Adam", "AdamW", "AddLayer", "Affine", "AveragePooling", "BatchNormalization",
    "Convolution", "DeepConvNet", "Dropout", "Flatten", "IdentityWithLoss", "LeakyRelu", "Momentum", "MulLayer",
    "MultiLayerNet", "MultiLayerNetExtend", "Nesterov", "Pooling", "RMSprop",
    "Relu", "SGD", "Sigmoid", "SimpleConvNet", "SimpleNet", "SoftmaxWithLoss",
    "Tanh", "TwoLayerNet", "col2im", "cross_entropy", "cross_entropy_error", "entropy",
    "gradient_descent", "identity_function", "im2col", "matmul",
    "mean_squared_error", "numerical_diff", "numerical_gradient", "relu",
    "relu_grad", "sigmoid", "sigmoid_grad", "softmax", "softmax_loss",
    "step_function", "sum_squared_error", "tanh",
]
