"""The network of chapters 4 and 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.layers import Affine
from pynn.networks.activations import activation_layer
from pynn.networks.network import Network

if TYPE_CHECKING:
    from pynn._typing import DTypeLike, Loss


class TwoLayerNet(Network):
    """Affine, an activation, Affine, then softmax with loss: section 5.7.2 with ReLU, section 4.5.1 with sigmoid.

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
    activation : {'relu', 'sigmoid', 'tanh', 'leaky_relu'}
        The activation of the hidden layer.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float | str = 0.01, *,
                 dtype: DTypeLike = np.float64, activation: str = "relu") -> None:
        hidden = activation_layer(type(self).__name__, activation)
        self.activation = activation
        super().__init__({
            "Affine1": Affine.of(input_size, hidden_size, weight_init_std),
            f"{type(hidden).__name__}1": hidden,
            "Affine2": Affine.of(hidden_size, output_size, weight_init_std)}, dtype=dtype)

    @property
    def lastLayer(self) -> Any:
        """The book's name for ``last_layer`` in chapter 5."""
        return self.last_layer

    @lastLayer.setter
    def lastLayer(self, layer: Loss) -> None:
        self.last_layer = layer
