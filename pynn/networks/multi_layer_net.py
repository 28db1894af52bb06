"""The fully connected network of chapter 6."""

from collections import OrderedDict

import numpy as np

from pynn import _core
from pynn.layers import Affine, Relu, Sigmoid, SoftmaxWithLoss
from pynn.networks.network import Network

ACTIVATIONS = {"relu": Relu, "sigmoid": Sigmoid}
SCALES = {"relu": 2.0, "he": 2.0, "sigmoid": 1.0, "xavier": 1.0}


class MultiLayerNet(Network):
    """Affine layers with an activation after each but the last, then softmax with loss (section 6.2 onwards).

    Parameters
    ----------
    input_size : int
    hidden_size_list : list of int
        Neurons in each hidden layer.
    output_size : int
    activation : {'relu', 'sigmoid'}
    weight_init_std : float or {'relu', 'he', 'sigmoid', 'xavier'}
        Standard deviation of the first weights: a number, ``sqrt(2 / n)`` after He for 'relu' and 'he', or
        ``sqrt(1 / n)`` after Xavier for 'sigmoid' and 'xavier', with n the neurons of the layer before.
    weight_decay_lambda : float
        Strength of the L2 penalty ``lambda / 2 sum W**2`` that is added to the loss (section 6.4.2).
    dtype : float64 or float32
        What the network computes in.
    """

    def __init__(self, input_size, hidden_size_list, output_size, activation="relu", weight_init_std="relu",
                 weight_decay_lambda=0, *, dtype=np.float64):
        super().__init__(dtype)
        self.input_size = input_size
        self.output_size = output_size
        self.hidden_size_list = hidden_size_list
        self.hidden_layer_num = len(hidden_size_list)
        self.weight_decay_lambda = weight_decay_lambda
        self._init_weight(weight_init_std)

        self.layers = OrderedDict()
        for idx in range(1, self.hidden_layer_num + 1):
            self._add_affine(idx)
            self._add_activation(idx, activation)
        self._add_affine(self.hidden_layer_num + 1)
        self.layers["Affine1"].needs_dx = False
        self.last_layer = SoftmaxWithLoss()

    def _init_weight(self, weight_init_std):
        name = str(weight_init_std).lower()
        if isinstance(weight_init_std, str) and name not in SCALES:
            raise ValueError(f"{type(self).__name__}: weight_init_std is {weight_init_std!r}; "
                             f"it must be a number or one of {list(SCALES)}")
        sizes = [self.input_size, *self.hidden_size_list, self.output_size]
        for idx, (before, size) in enumerate(zip(sizes, sizes[1:]), 1):
            scale = np.sqrt(SCALES[name] / before) if name in SCALES else weight_init_std
            self.params[f"W{idx}"] = (scale * np.random.randn(before, size)).astype(self.dtype)
            self.params[f"b{idx}"] = np.zeros(size, self.dtype)

    def _add_affine(self, idx):
        self.layers[f"Affine{idx}"] = Affine(self.params[f"W{idx}"], self.params[f"b{idx}"])
        self.owners[f"W{idx}"] = (f"Affine{idx}", "W")
        self.owners[f"b{idx}"] = (f"Affine{idx}", "b")

    def _add_activation(self, idx, activation):
        if str(activation).lower() not in ACTIVATIONS:
            raise ValueError(f"{type(self).__name__}: activation is {activation!r}; it must be 'relu' or 'sigmoid'")
        self.layers[f"Activation_function{idx}"] = ACTIVATIONS[activation.lower()]()

    def loss(self, x, t):
        """Return the mean cross-entropy of softmax(predict(x)) against t, plus the penalty on large weights."""
        return super().loss(x, t) + self._weight_decay()

    def _add_weight_decay(self, grads):
        for name in set(self._weights()) & set(grads) if self.weight_decay_lambda else ():
            grads[name] = grads[name].copy()
            _core.sgd(grads[name], self.params[name], -self.weight_decay_lambda)    # + lambda W

    def _weights(self):
        return [f"W{idx}" for idx in range(1, self.hidden_layer_num + 2)]

    def _weight_decay(self):
        if not self.weight_decay_lambda:
            return 0
        weights = (self.params[name].ravel() for name in self._weights())
        return 0.5 * self.weight_decay_lambda * sum(float(_core.matmul(W, W)) for W in weights)
