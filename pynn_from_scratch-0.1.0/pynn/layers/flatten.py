"""Images as rows."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import pynn._core as _core

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, Shape


class Flatten:
    """Make every sample a row: (N, ...) becomes (N, D).

    Attributes
    ----------
    original_x_shape : tuple of int
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.original_x_shape: Shape | Any = None

    def forward(self, x: ArrayLike) -> Array:
        """Return a copy of `x`, which has at least one axis, in the shape (N, D)."""
        out = _core.identity_function(x)
        if out.ndim == 0:
            raise ValueError("Flatten.forward: x is a scalar; it must be (N, ...)")
        self.original_x_shape = out.shape
        return out.reshape(len(out), prod(out.shape[1:]))

    def backward(self, dout: ArrayLike) -> Array:
        """Return a copy of `dout`, which must be (N, D), in the shape of x."""
        if self.original_x_shape is None:
            raise RuntimeError("Flatten.backward: call forward first; it keeps the shape of x")
        dx = _core.identity_function(dout)
        n, *rest = self.original_x_shape
        if dx.shape != (n, prod(rest)):
            raise ValueError(f"Flatten.backward: dout has shape {dx.shape} but forward gave {(n, prod(rest))}; "
                             "they must be equal")
        return dx.reshape(self.original_x_shape)

    def __repr__(self) -> str:
        return "Flatten()"
