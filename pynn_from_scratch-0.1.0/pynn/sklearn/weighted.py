"""Losses whose rows do not all count the same.

With the weights w of a batch brought to mean 1, the loss is the mean of ``w_i`` times the loss of row i, so the gradient of the scores is
that of the plain loss with row i times ``w_i``. Twice the weight then is the same as the row twice.
"""

from __future__ import annotations

import numpy as np

from pynn.layers import IdentityWithLoss, SoftmaxWithLoss


class WeightedSoftmaxWithLoss(SoftmaxWithLoss):
    """`SoftmaxWithLoss` of labels; ``weights`` has a number for each row, with mean 1."""

    weights = None

    def forward(self, x, t):
        """The weighted mean of ``-log(softmax(x)[t] + 1e-7)``."""
        super().forward(x, t)
        self.loss = np.mean(self.weights * -np.log(self.y[np.arange(len(t)), t] + 1e-7))
        return self.loss

    def backward(self, dout=1):
        """``w_i`` times row i of the plain gradient."""
        return super().backward(dout) * self.weights[:, None]


class WeightedIdentityWithLoss(IdentityWithLoss):
    """`IdentityWithLoss`; ``weights`` has a number for each row, with mean 1."""

    weights = None

    def forward(self, x, t):
        """Half of the squared errors, each row times its weight, summed or with `mean` divided by N."""
        super().forward(x, t)
        rows = self.weights * np.square(self.y - t).sum(axis=1)
        self.loss = 0.5 * (rows.mean() if self.mean else rows.sum())
        return self.loss

    def backward(self, dout=1):
        """``w_i`` times row i of the plain gradient."""
        return super().backward(dout) * self.weights[:, None]


def weighted(loss):
    """The loss with weights that belongs to a plain one.

    Raises
    ------
    ValueError
        If it is a loss of the reader's own: what it would be with weights only its author knows.
    """
    if type(loss) is SoftmaxWithLoss:
        return WeightedSoftmaxWithLoss()
    if type(loss) is IdentityWithLoss:
        return WeightedIdentityWithLoss(loss.mean)
    raise ValueError(f"sample_weight and class_weight: the network's loss is a {type(loss).__name__}; it must be SoftmaxWithLoss or "
                     "IdentityWithLoss")
