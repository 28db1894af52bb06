"""The fully connected network of chapter 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._reading import has
from pynn.layers import Affine
from pynn.layers.initial import standard_deviation
from pynn.networks.activations import activation_layer
from pynn.networks.network import Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pynn._typing import DTypeLike


class MultiLayerNet(Network):
    """Affine layers with an activation after each but the last, then softmax with loss (section 6.2 onwards).

    Parameters
    ----------
    input_size : int
    hidden_size_list : list of int
        Neurons in each hidden layer.
    output_size : int
    activation : {'relu', 'sigmoid', 'tanh', 'leaky_relu'}
    weight_init_std : float or {'relu', 'he', 'sigmoid', 'tanh', 'xavier'}
        Standard deviation of the first weights: a number, ``sqrt(2 / n)`` after He for 'relu' and 'he', or
        ``sqrt(1 / n)`` after Xavier for the others, with n the neurons of the layer before.
    weight_decay_lambda : float
        Strength of the L2 penalty ``lambda / 2 sum W**2`` that is added to the loss (section 6.4.2).
    dtype : float64 or float32
        What the network computes in.
    """

    def __init__(self, input_size: int, hidden_size_list: Sequence[int], output_size: int, activation: str = "relu",
                 weight_init_std: float | str = "relu", weight_decay_lambda: float = 0, *,
                 dtype: DTypeLike = np.float64) -> None:
        self.input_size = input_size
        self.output_size = output_size
        self.hidden_size_list = hidden_size_list
        self.hidden_layer_num = len(has(type(self).__name__, "hidden_size_list", hidden_size_list, "__len__",
                                        why="it must be a list of whole numbers"))
        sizes = [input_size, *hidden_size_list, output_size]
        layers: dict[str, Any] = {}
        for idx, (before, size) in enumerate(zip(sizes, sizes[1:]), 1):
            scale = standard_deviation(type(self).__name__, weight_init_std, before)
            layers[f"Affine{idx}"] = Affine.of(before, size, scale)
            if idx <= self.hidden_layer_num:
                layers.update(self._hidden_layers(idx, size, activation))
        super().__init__(layers, dtype=dtype, weight_decay_lambda=weight_decay_lambda)

    def _hidden_layers(self, idx, size, activation):
        """What follows the affine layer `idx` of `size` neurons."""
        return {f"Activation_function{idx}": activation_layer(type(self).__name__, activation)}
