"""The neural networks of the book *Deep Learning from Scratch* on C kernels: NumPy arrays in and out."""

from typing import TYPE_CHECKING

try:
    import pynn._core
except ImportError as error:
    from pynn._unbuilt import explain
    raise ImportError(explain(error)) from error

from pynn import (
    check as check, functions as functions, gradient as gradient, io as io, layers as layers, networks as networks,
    optimizer as optimizer, perceptron as perceptron, threads as threads, training as training, util as util)
from pynn._version import __version__ as __version__
from pynn.check import diagnose, gradient_check
from pynn.config import show_config
from pynn.functions import (
    cross_entropy, cross_entropy_error, entropy, identity_function, matmul, mean_squared_error, relu, relu_grad, sigmoid,
    sigmoid_grad, softmax, softmax_loss, step_function, sum_squared_error, tanh)
from pynn.gradient import gradient_descent, mlp_numerical_gradient, numerical_diff, numerical_gradient
from pynn.io import load_params, save_params
from pynn.kernels import kernels, use_kernels
from pynn.layers import (
    AddLayer, Affine, AveragePooling, BatchNormalization, Convolution, Dropout, Flatten, IdentityWithLoss, LeakyRelu, MulLayer,
    Pooling, Relu, Sigmoid, SoftmaxWithLoss, Tanh)
from pynn.networks import (
    DeepConvNet, MultiLayerNet, MultiLayerNetExtend, Network, Sequential, SimpleConvNet, SimpleNet, ThreeLayerNet, TwoLayerNet)
from pynn.optimizer import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop
from pynn.perceptron import AND, NAND, OR, XOR, Perceptron, full_adder, half_adder, ripple_carry_adder
from pynn.threads import get_num_threads, num_threads, set_num_threads
from pynn.training import (
    Callback, CosineDecay, DivergenceWarning, EarlyStopping, ReduceLROnPlateau, StepDecay, Trainer, find_lr)
from pynn.util import col2im, im2col, shuffle_dataset, smooth_curve

if TYPE_CHECKING:
    from pynn import plot as plot
    from pynn.check import GradientCheck, HealthReport
    from pynn.datasets import load_digits, load_fashion_mnist, load_folder, load_image, load_mnist
    from pynn.exchange import export_onnx, from_torch, load_keras_weights, load_onnx, load_torch_weights, to_torch

__all__ = [
    "AND", "AdaGrad", "Adam", "AdamW", "AddLayer", "Affine", "AveragePooling", "BatchNormalization", "Callback", "Convolution",
    "CosineDecay", "DeepConvNet", "DivergenceWarning", "Dropout", "EarlyStopping", "Flatten", "GradientCheck", "HealthReport",
    "IdentityWithLoss", "LeakyRelu", "Momentum", "MulLayer", "MultiLayerNet", "MultiLayerNetExtend", "NAND", "Nesterov",
    "Network", "OR", "Perceptron", "Pooling", "RMSprop", "ReduceLROnPlateau", "Relu", "SGD", "Sequential", "Sigmoid",
    "SimpleConvNet", "SimpleNet", "SoftmaxWithLoss", "StepDecay", "Tanh", "ThreeLayerNet", "Trainer", "TwoLayerNet", "XOR",
    "col2im", "cross_entropy", "cross_entropy_error", "diagnose", "entropy", "export_onnx", "find_lr", "from_torch",
    "full_adder", "get_num_threads", "gradient_check", "gradient_descent", "half_adder", "identity_function", "im2col",
    "kernels", "load_digits", "load_fashion_mnist", "load_folder", "load_image", "load_keras_weights", "load_mnist",
    "load_onnx", "load_params", "load_torch_weights", "matmul", "mean_squared_error", "mlp_numerical_gradient", "num_threads",
    "numerical_diff", "numerical_gradient", "plot", "relu", "relu_grad", "ripple_carry_adder", "save_params", "set_num_threads",
    "show_config", "shuffle_dataset", "sigmoid", "sigmoid_grad", "smooth_curve", "softmax", "softmax_loss", "step_function",
    "sum_squared_error", "tanh", "to_torch", "use_kernels",
]

# what imports a good deal, so only when it is asked for
_LATER = {
    **dict.fromkeys(("load_digits", "load_fashion_mnist", "load_folder", "load_image", "load_mnist"), "pynn.datasets"),
    **dict.fromkeys(("GradientCheck", "HealthReport"), "pynn.check"),
    **dict.fromkeys(("export_onnx", "from_torch", "load_keras_weights", "load_onnx", "load_torch_weights", "to_torch"), "pynn.exchange"),
}

if not TYPE_CHECKING:       # which would take it to mean that pynn has every name
    def __getattr__(name):
        if name in ("exchange", "plot", "sklearn", "widgets"):
            from importlib import import_module
            return import_module(f"pynn.{name}")
        if name in _LATER:
            from importlib import import_module
            return getattr(import_module(_LATER[name]), name)
        raise AttributeError(f"module 'pynn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *globals(), "exchange", "sklearn", "widgets"} - {"TYPE_CHECKING", "pynn"})
