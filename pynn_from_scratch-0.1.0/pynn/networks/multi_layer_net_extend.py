"""MultiLayerNet with batch normalization and dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pynn.layers import BatchNormalization, Dropout
from pynn.networks.multi_layer_net import MultiLayerNet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pynn._typing import DTypeLike


class MultiLayerNetExtend(MultiLayerNet):
    """`MultiLayerNet` with, in every hidden layer, Affine, batch normalization, activation and dropout.

    Sections 6.3 and 6.4. Where the two are switched off it is `MultiLayerNet`.

    Parameters
    ----------
    input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda, dtype
        As of `MultiLayerNet`.
    use_dropout : bool
    dropout_ration : float
        The share of units to drop; the book spells it so.
    use_batchnorm : bool
    """

    def __init__(self, input_size: int, hidden_size_list: Sequence[int], output_size: int, activation: str = "relu",
                 weight_init_std: float | str = "relu", weight_decay_lambda: float = 0, use_dropout: bool = False,
                 dropout_ration: float = 0.5, use_batchnorm: bool = False, *, dtype: DTypeLike = np.float64) -> None:
        self.use_dropout = use_dropout
        self.dropout_ration = dropout_ration
        self.use_batchnorm = use_batchnorm
        super().__init__(input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda,
                         dtype=dtype)

    def _hidden_layers(self, idx, size, activation):
        layers = {f"BatchNorm{idx}": BatchNormalization.of(size)} if self.use_batchnorm else {}
        layers |= super()._hidden_layers(idx, size, activation)
        if self.use_dropout:
            layers[f"Dropout{idx}"] = Dropout(self.dropout_ration)
        return layers
