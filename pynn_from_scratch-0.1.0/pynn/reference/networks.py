"""The networks of chapters 4 to 8.

Weights come from `np.random.randn` in the book's order, so that one seed gives
one network whoever draws it; `dtype` rounds them afterwards.
"""

from collections import OrderedDict

import numpy as np

from .convolution import Convolution
from .functions import cross_entropy_error, softmax
from .gradient import numerical_gradient
from .layers import (
    Affine, BatchNormalization, Dropout, Relu, Sigmoid, SoftmaxWithLoss)

ACTIVATIONS = {"relu": Relu, "sigmoid": Sigmoid}


def _randn(std, *shape, dtype):
    return (std * np.random.randn(*shape)).astype(dtype)


def _init_scale(weight_init_std, fan_in):
    """He's sqrt(2/n), Xavier's sqrt(1/n), or the number itself (section 6.2)."""
    name = str(weight_init_std).lower()
    if name in ("relu", "he"):
        return np.sqrt(2.0 / fan_in)
    if name in ("sigmoid", "xavier"):
        return np.sqrt(1.0 / fan_in)
    return weight_init_std


class _Network:
    """What the book's networks share: `params`, `layers` and the two gradients."""

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x, t):
        if t.ndim != 1:
            t = np.argmax(t, axis=1)
        return np.mean(np.argmax(self.predict(x), axis=1) == t)

    def numerical_gradient(self, x, t):
        """Two forward passes for every element of every parameter (section 4.5.1)."""
        return {key: numerical_gradient(lambda _: self._training_loss(x, t), param)
                for key, param in self.params.items()}

    def gradient(self, x, t):
        """Backpropagation (section 5.7.2)."""
        self._training_loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        return self._grads()

    def _training_loss(self, x, t):
        return self.loss(x, t)

    def _weighted(self):
        return [layer for layer in self.layers.values()
                if isinstance(layer, (Affine, Convolution))]

    def _grads(self):
        grads = {}
        for idx, layer in enumerate(self._weighted(), 1):
            grads[f"W{idx}"], grads[f"b{idx}"] = layer.dW, layer.db
        return grads


class SimpleNet:
    """One 2x3 weight and a softmax (section 4.4.2)."""

    def __init__(self):
        self.W = np.random.randn(2, 3)

    def predict(self, x):
        return np.dot(x, self.W)

    def loss(self, x, t):
        return cross_entropy_error(softmax(self.predict(x)), t)


class TwoLayerNet(_Network):
    """Affine, activation, affine, softmax (section 5.7.2; with 'sigmoid', 4.5.1)."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01,
                 dtype=np.float64, activation="relu"):
        W1 = _randn(weight_init_std, input_size, hidden_size, dtype=dtype)
        W2 = _randn(weight_init_std, hidden_size, output_size, dtype=dtype)
        self.params = {"W1": W1, "b1": np.zeros(hidden_size, dtype),
                       "W2": W2, "b2": np.zeros(output_size, dtype)}
        self.layers = OrderedDict(
            Affine1=Affine(W1, self.params["b1"]),
            Relu1=ACTIVATIONS[activation](),
            Affine2=Affine(W2, self.params["b2"]))
        self.last_layer = SoftmaxWithLoss()


class MultiLayerNet(_Network):
    """Any number of hidden layers with weight decay (section 6.2 onwards)."""

    def __init__(self, input_size, hidden_size_list, output_size, activation="relu",
                 weight_init_std="relu", weight_decay_lambda=0, dtype=np.float64):
        self.weight_decay_lambda = weight_decay_lambda
        sizes = [input_size, *hidden_size_list, output_size]
        self.hidden_layer_num = len(hidden_size_list)
        self.params = {}
        for idx, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:]), 1):
            scale = _init_scale(weight_init_std, fan_in)
            self.params[f"W{idx}"] = _randn(scale, fan_in, fan_out, dtype=dtype)
            self.params[f"b{idx}"] = np.zeros(fan_out, dtype)
        self.layers = OrderedDict()
        for idx in range(1, self.hidden_layer_num + 2):
            self.layers[f"Affine{idx}"] = Affine(self.params[f"W{idx}"], self.params[f"b{idx}"])
            if idx <= self.hidden_layer_num:
                self._add_hidden(idx, sizes[idx], ACTIVATIONS[activation.lower()], dtype)
        self.last_layer = SoftmaxWithLoss()

    def _add_hidden(self, idx, size, activation, dtype):
        self.layers[f"Activation_function{idx}"] = activation()

    def loss(self, x, t):
        return super().loss(x, t) + self._weight_decay()

    def _weight_decay(self):
        # a Python float, so that a float32 loss stays float32
        return 0.5 * self.weight_decay_lambda * sum(
            float(np.sum(layer.W**2)) for layer in self._weighted())

    def _grads(self):
        grads = super()._grads()
        for idx, layer in enumerate(self._weighted(), 1):
            grads[f"W{idx}"] = layer.dW + self.weight_decay_lambda * layer.W
        return grads


class MultiLayerNetExtend(MultiLayerNet):
    """MultiLayerNet with batch normalization and dropout (sections 6.3 and 6.4)."""

    def __init__(self, input_size, hidden_size_list, output_size, activation="relu",
                 weight_init_std="relu", weight_decay_lambda=0, use_dropout=False,
                 dropout_ration=0.5, use_batchnorm=False, dtype=np.float64):
        self.use_dropout = use_dropout
        self.dropout_ration = dropout_ration
        self.use_batchnorm = use_batchnorm
        super().__init__(input_size, hidden_size_list, output_size, activation,
                         weight_init_std, weight_decay_lambda, dtype)
        # in the order of the layers, in which the book prints the gradients
        by_layer = [f"{name}{idx}" for idx in range(1, self.hidden_layer_num + 2)
                    for name in ("W", "b", "gamma", "beta")]
        self.params = {name: self.params[name] for name in by_layer if name in self.params}

    def _add_hidden(self, idx, size, activation, dtype):
        if self.use_batchnorm:
            gamma = self.params[f"gamma{idx}"] = np.ones(size, dtype)
            beta = self.params[f"beta{idx}"] = np.zeros(size, dtype)
            self.layers[f"BatchNorm{idx}"] = BatchNormalization(gamma, beta)
        super()._add_hidden(idx, size, activation, dtype)
        if self.use_dropout:
            self.layers[f"Dropout{idx}"] = Dropout(self.dropout_ration)

    def predict(self, x, train_flg=False):
        for layer in self.layers.values():
            if isinstance(layer, (BatchNormalization, Dropout)):
                x = layer.forward(x, train_flg)
            else:
                x = layer.forward(x)
        return x

    def loss(self, x, t, train_flg=False):
        y = self.predict(x, train_flg)
        return self.last_layer.forward(y, t) + self._weight_decay()

    def _training_loss(self, x, t):
        return self.loss(x, t, train_flg=True)

    def _grads(self):
        grads = super()._grads()
        if self.use_batchnorm:
            for idx in range(1, self.hidden_layer_num + 1):
                layer = self.layers[f"BatchNorm{idx}"]
                grads[f"gamma{idx}"], grads[f"beta{idx}"] = layer.dgamma, layer.dbeta
        return grads
