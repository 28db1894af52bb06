"""MultiLayerNet with batch normalization and dropout."""

import numpy as np

from pynn.layers import BatchNormalization, Dropout
from pynn.networks.multi_layer_net import MultiLayerNet


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

    def __init__(self, input_size, hidden_size_list, output_size, activation="relu", weight_init_std="relu",
                 weight_decay_lambda=0, use_dropout=False, dropout_ration=0.5, use_batchnorm=False, *,
                 dtype=np.float64):
        self.use_dropout = use_dropout
        self.dropout_ration = dropout_ration
        self.use_batchnorm = use_batchnorm
        super().__init__(input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda,
                         dtype=dtype)

    def _add_activation(self, idx, activation):
        if self.use_batchnorm:
            size = self.hidden_size_list[idx - 1]
            gamma = self.params[f"gamma{idx}"] = np.ones(size, self.dtype)
            beta = self.params[f"beta{idx}"] = np.zeros(size, self.dtype)
            self.layers[f"BatchNorm{idx}"] = BatchNormalization(gamma, beta)
            self.owners[f"gamma{idx}"] = (f"BatchNorm{idx}", "gamma")
            self.owners[f"beta{idx}"] = (f"BatchNorm{idx}", "beta")
        super()._add_activation(idx, activation)
        if self.use_dropout:
            self.layers[f"Dropout{idx}"] = Dropout(self.dropout_ration)

    def predict(self, x, train_flg=False):
        """Return the scores of every class, (N, classes), before the softmax, for x of shape (N, inputs).

        With `train_flg`, batch normalization takes the statistics of x and dropout drops.
        """
        return self._forward(x, train_flg)

    def loss(self, x, t, train_flg=False):
        """Return the mean cross-entropy of softmax(predict(x, train_flg)) against t, plus the penalty."""
        return self.last_layer.forward(self.predict(x, train_flg), t) + self._weight_decay()

    def _training_loss(self, x, t):
        return self.loss(x, t, train_flg=True)
