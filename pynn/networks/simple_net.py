"""The smallest network of chapter 4."""

import numpy as np

from pynn.layers import Affine
from pynn.networks.network import Network


class SimpleNet(Network):
    """Two inputs, three classes, one matrix ``W`` and no bias (section 4.4.2), to look at a gradient of 2x3 numbers.

    Parameters
    ----------
    dtype : float64 or float32
        What the network computes in.
    """

    def __init__(self, dtype=np.float64):
        super().__init__([Affine(np.random.randn(2, 3), None)], dtype=dtype)

    def places(self):
        """The only parameter, which needs no number."""
        return {"W": (self.layers[0], "W")}

    @property
    def W(self):
        """The weights (2, 3); ``numerical_gradient(lambda _: net.loss(x, t), net.W)`` works on them in place."""
        return self.params["W"]

    @W.setter
    def W(self, W):
        self.params["W"] = W
