"""The forward pass of chapter 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._core import affine_forward
from pynn._reading import has
from pynn.functions import identity_function, sigmoid, softmax
from pynn.networks import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pynn._typing import Array, ArrayLike


def _book_params():
    """The weights printed in section 3.4: two inputs, three and two hidden neurons, two outputs."""
    return {
        "W1": np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]), "b1": np.array([0.1, 0.2, 0.3]),
        "W2": np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]), "b2": np.array([0.1, 0.2]),
        "W3": np.array([[0.1, 0.3], [0.2, 0.4]]), "b3": np.array([0.1, 0.2]),
    }


class ThreeLayerNet:
    """Three layers that predict with weights already trained (sections 3.4 to 3.6).

    Parameters
    ----------
    params : dict, optional
        ``W1`` to ``W3`` and ``b1`` to ``b3``; without it, the small network of section 3.4.
    output : {'identity', 'softmax'}
        The function after the last layer: identity as in section 3.4, softmax to classify as in section 3.6.

    Examples
    --------
    >>> from pynn.networks import ThreeLayerNet
    >>> ThreeLayerNet().predict([1.0, 0.5])
    array([0.31682708, 0.69627909])

    The book's weights for MNIST: ``ThreeLayerNet(pynn.load_params('sample_weight.pkl'), output='softmax')``.
    """

    def __init__(self, params: Mapping[str, Array] | None = None, output: str = "identity") -> None:
        if output not in ("identity", "softmax"):
            raise ValueError(f"ThreeLayerNet: output is {output!r}; it must be 'identity' or 'softmax'")
        self.params: Mapping[str, Array] = _book_params() if params is None else has(
            "ThreeLayerNet", "params", params, "keys", why="it must be a dict of arrays by name")
        self.output_function: Callable[[Any], Any] = softmax if output == "softmax" else identity_function
        missing = [name for name in _book_params() if name not in self.params]
        if missing:
            raise ValueError(f"ThreeLayerNet: params has no {missing}; it has {list(self.params)}")

    def predict(self, x: ArrayLike) -> Array:
        """Return the output (N, classes) for x of shape (N, inputs), or (classes,) for one sample (inputs,)."""
        p = self.params
        z1 = sigmoid(affine_forward(x, p["W1"], p["b1"]))
        z2 = sigmoid(affine_forward(z1, p["W2"], p["b2"]))
        return self.output_function(affine_forward(z2, p["W3"], p["b3"]))

    def accuracy(self, x: ArrayLike, t: ArrayLike, batch_size: int = 1000) -> float:
        """Return the fraction of samples whose highest score is at their label, as `Network.accuracy`."""
        return metrics.accuracy(self, x, t, batch_size)
