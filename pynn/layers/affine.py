"""The affine layer (section 5.6)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

import pynn._core as _core
from pynn._reading import count, float_dtype
from pynn.layers.initial import draw_weights, standard_deviation

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, DTypeLike, MaybeArray, Shape
    from typing_extensions import Self


class Affine:
    """Fully connected layer, ``out = x W + b``.

    Parameters
    ----------
    W : ndarray, shape (D, M)
    b : ndarray, shape (M,), or None
        None is a layer without bias, ``out = x W``.

    Attributes
    ----------
    x : ndarray, shape (N, D) or (D,)
        What `forward` saw last, a row for each sample.
    original_x_shape : tuple of int
        Its shape as it came.
    dW, db : ndarray
        Gradients of the loss, set by `backward`; `db` is None in a layer without bias.
    """

    params: tuple[str, ...] = ("W", "b")
    buffers: tuple[str, ...] = ()

    def __init__(self, W: Array, b: Array | None) -> None:
        self.W = W
        self.b: MaybeArray = b
        self.x: MaybeArray = None
        self.original_x_shape: Shape | Any = None
        self.dW: MaybeArray = None
        self.db: MaybeArray = None

    @classmethod
    def of(cls, inputs: int, outputs: int, weight_init_std: float | str = "relu", *, bias: bool = True,
           dtype: DTypeLike = np.float64) -> Self:
        """A layer with weights drawn from NumPy's global state and a bias of zeros.

        Parameters
        ----------
        inputs, outputs : int
            D and M.
        weight_init_std : float or {'relu', 'he', 'sigmoid', 'tanh', 'xavier'}
            Standard deviation of the weights; by name ``sqrt(2 / D)`` or ``sqrt(1 / D)`` (section 6.2).
        bias : bool
            Whether there is a bias.
        dtype : float64 or float32
        """
        scale, dtype = standard_deviation(cls.__name__, weight_init_std, inputs), float_dtype(cls.__name__, dtype)
        W = draw_weights(scale, (inputs, count(cls.__name__, "outputs", outputs)), dtype)
        return cls(W, np.zeros(outputs, dtype) if bias else None)

    def forward(self, x: ArrayLike) -> Array:
        """Compute ``x W + b``.

        Parameters
        ----------
        x : array_like, shape (N, D), (N, ...) with D values a row, or (D,)

        Returns
        -------
        ndarray, shape (N, M), or (M,) for one sample
        """
        x = _core.as_array("Affine.forward", "x", x)
        rows = x if x.ndim <= 2 else x.reshape(len(x), prod(x.shape[1:]))
        out = _core.affine_forward(rows, self.W, self.b)
        self.x, self.original_x_shape = rows, x.shape
        return out

    def backward(self, dout: ArrayLike, needs_dx: bool = True) -> MaybeArray:
        """Set ``dW = x^T dout`` and ``db``, the sum of dout's rows; return ``dx = dout W^T`` in the shape of x.

        Without `needs_dx` return None: the input of a network's first layer has no one to differentiate it.
        """
        if self.x is None:
            raise RuntimeError("Affine.backward: call forward first; it keeps x")
        dx, self.dW, db = _core.affine_backward(self.x, self.W, dout, needs_dx)
        self.db = None if self.b is None else db
        return dx if dx is None or len(self.original_x_shape) <= 2 else dx.reshape(self.original_x_shape)

    def __repr__(self) -> str:
        shape = np.shape(self.W)
        sizes = f"{shape[0]} -> {shape[1]}" if len(shape) == 2 else f"W of shape {shape}"
        return f"Affine({sizes}{'' if self.b is not None else ', no bias'})"
