"""Average pooling: section 7.3 names it beside max-pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pynn._core as _core

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, MaybeArray


class AveragePooling:
    """The mean of every window.

    Zeros around the images count in the mean, as the book's `im2col` would have it: with ``pad=1`` the corner of a 3x3 window
    is the sum of four pixels divided by nine.

    Parameters
    ----------
    pool_h, pool_w : int
        Size of the windows.
    stride, pad : int

    Attributes
    ----------
    x : ndarray
        What `forward` saw last.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()

    def __init__(self, pool_h: int, pool_w: int, stride: int = 2, pad: int = 0) -> None:
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad
        self.x: MaybeArray = None

    def forward(self, x: ArrayLike) -> Array:
        """Return the means, shape (N, C, out_h, out_w), for x of shape (N, C, H, W)."""
        x = _core.as_array("AveragePooling.forward", "x", x)
        out = _core.average_forward(x, self.pool_h, self.pool_w, self.stride, self.pad)
        self.x = x
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx: every pixel of a window gets an equal share of its dout."""
        if self.x is None:
            raise RuntimeError("AveragePooling.backward: call forward first; it keeps x")
        return _core.average_backward(dout, self.x.shape, self.pool_h, self.pool_w, self.stride, self.pad)

    def __repr__(self) -> str:
        return f"AveragePooling({self.pool_h}x{self.pool_w}, stride={self.stride}, pad={self.pad})"
