"""The smallest network of chapter 4."""
import numpy as np

from ..layers import Affine, SoftmaxWithLoss
from .network import Network


class SimpleNet(Network):
    """Two inputs, three classes, one matrix ``W`` and no bias (ch. 4.4.2), to look at a gradient of 2x3 numbers.

    Parameters
    ----------
    dtype : float64 or float32
        What the network computes in.
    """

    def __init__(self, dtype=np.float64):
        super().__init__(dtype)
        self.params["W"] = np.random.randn(2, 3).astype(self.dtype)
        self.owners["W"] = ("Affine1", "W")
        self.layers["Affine1"] = Affine(self.params["W"], np.zeros(3, self.dtype))
        self.last_layer = SoftmaxWithLoss()

    @property
    def W(self):
        """The weights (2, 3); ``numerical_gradient(lambda _: net.loss(x, t), net.W)`` works on them in place."""
        return self.params["W"]

    @W.setter
    def W(self, W):
        self.params["W"] = W
