"""The smallest network of chapter 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.layers import Affine
from pynn.networks.network import Network

if TYPE_CHECKING:
    from pynn._typing import Array, DTypeLike


class SimpleNet(Network):
    """Two inputs, three classes, one matrix ``W`` and no bias (section 4.4.2), to look at a gradient of 2x3 numbers.

    Parameters
    ----------
    dtype : float64 or float32
        What the network computes in.
    """

    def __init__(self, dtype: DTypeLike = np.float64) -> None:
        super().__init__([Affine(np.random.randn(2, 3), None)], dtype=dtype)

    def places(self) -> dict[str, tuple[Any, str]]:
        """The only parameter, which needs no number."""
        return {"W": (self.layers[0], "W")}

    @property
    def W(self) -> Array:
        """The weights (2, 3); ``numerical_gradient(lambda _: net.loss(x, t), net.W)`` works on them in place."""
        return self.params["W"]

    @W.setter
    def W(self, W: Array) -> None:
        self.params["W"] = W
