"""The network of chapters 4 and 5."""
from collections import OrderedDict

import numpy as np

from ..layers import Affine, Relu, Sigmoid, SoftmaxWithLoss
from .network import Network


class TwoLayerNet(Network):
    """Affine, an activation, Affine, then softmax with loss: ch. 5.7.2 with ReLU, ch. 4.5.1 with sigmoid.

    The weights are drawn from NumPy's global state as the book draws them, so that the same seed gives the
    same network, whatever the dtype. ``predict`` returns scores in both cases; `softmax` of them are the
    probabilities that chapter 4 returns.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        Neurons in each layer: 784, 50 and 10 for MNIST.
    weight_init_std : float
        Standard deviation of the first weights.
    dtype : float64 or float32
        What the network computes in; inputs are converted to it.
    activation : {'relu', 'sigmoid'}
        The activation of the hidden layer.
    """

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01, *,
                 dtype=np.float64, activation="relu"):
        super().__init__(dtype)
        if activation not in ("relu", "sigmoid"):
            raise ValueError(f"TwoLayerNet: activation is {activation!r}; it must be 'relu' or 'sigmoid'")
        self.activation = activation

        self.params = {
            "W1": (weight_init_std * np.random.randn(input_size, hidden_size)).astype(self.dtype),
            "b1": np.zeros(hidden_size, self.dtype),
            "W2": (weight_init_std * np.random.randn(hidden_size, output_size)).astype(self.dtype),
            "b2": np.zeros(output_size, self.dtype),
        }
        self.owners = {"W1": ("Affine1", "W"), "b1": ("Affine1", "b"),
                       "W2": ("Affine2", "W"), "b2": ("Affine2", "b")}

        self.layers = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Affine1"].needs_dx = False
        if activation == "relu":
            self.layers["Relu1"] = Relu()
        else:
            self.layers["Sigmoid1"] = Sigmoid()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.last_layer = SoftmaxWithLoss()

    @property
    def lastLayer(self):
        """The book's name for ``last_layer`` in chapter 5."""
        return self.last_layer

    @lastLayer.setter
    def lastLayer(self, layer):
        self.last_layer = layer
