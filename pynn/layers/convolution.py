"""Convolution and max-pooling (chapter 7), and the rearrangements that explain them.

Images are arrays of shape (N, C, H, W): samples, channels, rows, columns. Windows slide over them ``stride`` pixels
apart, with ``pad`` rows and columns of zeros on every side; there are ``(H + 2 pad - FH) // stride + 1`` of them along
H, and likewise along W. Pixels that no window reaches at the far side are ignored, as in the book.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import pynn._core as _core
from pynn.layers.derived import Derived
from pynn._reading import count, float_dtype
from pynn.layers.initial import draw_weights, standard_deviation

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, DTypeLike, MaybeArray, Shape
    from typing_extensions import Self


def im2col(input_data: ArrayLike, filter_h: int, filter_w: int, stride: int = 1, pad: int = 0) -> Array:
    """Lay out every window of the images as a row (section 7.4.2).

    `Convolution` does not need it; it shows how a convolution becomes one matrix product.

    Parameters
    ----------
    input_data : array_like, shape (N, C, H, W)
    filter_h, filter_w : int
        Size of the windows.
    stride, pad : int

    Returns
    -------
    ndarray, shape (N out_h out_w, C filter_h filter_w)

    Raises
    ------
    ValueError
        If the windows are larger than the padded images.
    """
    return _core.im2col(input_data, filter_h, filter_w, stride, pad)


def col2im(col: ArrayLike, input_shape: Shape, filter_h: int, filter_w: int, stride: int = 1, pad: int = 0) -> Array:
    """Add the rows of `col` up where their pixels lie: the transpose of `im2col`.

    A pixel that lies in several windows is the sum of its copies, which is why this is not the inverse.

    Parameters
    ----------
    col : array_like, shape (N out_h out_w, C filter_h filter_w)
    input_shape : tuple of int
        (N, C, H, W).
    filter_h, filter_w, stride, pad : int
        As for `im2col`.

    Returns
    -------
    ndarray, shape (N, C, H, W)
    """
    return _core.col2im(col, input_shape, filter_h, filter_w, stride, pad)


class Convolution:
    """Slide filters over images (section 7.2).

    ``out[n, f, y, x] = b[f] + sum of W[f, c, i, j] x[n, c, y stride + i - pad, x stride + j - pad] over c, i, j``

    The matrix of `im2col` is never built: memory stays a small multiple of one image's input and output.

    Parameters
    ----------
    W : ndarray, shape (FN, C, FH, FW)
    b : ndarray, shape (FN,), a number, or None
        None is a layer without bias.
    stride, pad : int

    Attributes
    ----------
    x : ndarray
        What `forward` saw last.
    dW, db : ndarray, shapes (FN, C, FH, FW) and (FN,)
        Gradients of the loss, set by `backward`; `db` is None in a layer without bias.
    """

    params: tuple[str, ...] = ("W", "b")
    buffers: tuple[str, ...] = ()

    def __init__(self, W: Array, b: Array | float | None, stride: int = 1, pad: int = 0) -> None:
        self.W = W
        self.b: MaybeArray = b
        self.stride = stride
        self.pad = pad
        self.x: MaybeArray = None
        self.dW: MaybeArray = None
        self.db: MaybeArray = None
        self.block: Any = None       # what computed the last forward pass, if not this layer alone

    @classmethod
    def of(cls, channels: int, filters: int, size: int, stride: int = 1, pad: int = 0,
           weight_init_std: float | str = "relu", *, bias: bool = True, dtype: DTypeLike = np.float64) -> Self:
        """A layer with weights drawn from NumPy's global state and a bias of zeros.

        Parameters
        ----------
        channels, filters : int
            C and FN.
        size : int
            FH and FW.
        stride, pad : int
        weight_init_std : float or {'relu', 'he', 'sigmoid', 'tanh', 'xavier'}
            Standard deviation of the weights; by name ``sqrt(2 / n)`` or ``sqrt(1 / n)`` for ``n = C FH FW`` (section 6.2).
        bias : bool
            Whether there is a bias.
        dtype : float64 or float32
        """
        channels, filters, size = (count(cls.__name__, name, value)
                                   for name, value in (("channels", channels), ("filters", filters), ("size", size)))
        scale, dtype = standard_deviation(cls.__name__, weight_init_std, channels * size * size), float_dtype(cls.__name__, dtype)
        W = draw_weights(scale, (filters, channels, size, size), dtype)
        return cls(W, np.zeros(filters, dtype) if bias else None, stride, pad)

    def forward(self, x: ArrayLike) -> Array:
        """Return the images filtered.

        Parameters
        ----------
        x : array_like, shape (N, C, H, W)

        Returns
        -------
        ndarray, shape (N, FN, out_h, out_w)

        Raises
        ------
        ValueError
            If the channels of `x` and `W` differ in number, or a filter is larger than the padded images.
        """
        x = _core.as_array("Convolution.forward", "x", x)
        out = _core.conv_forward(x, self.W, self.b, self.stride, self.pad)
        self.x, self.block = x, None
        return out

    def backward(self, dout: ArrayLike, needs_dx: bool = True) -> MaybeArray:
        """Set ``dW`` and ``db``; return dx in the shape of x, or None without `needs_dx`."""
        if self.x is None:
            raise RuntimeError("Convolution.backward: call forward first; it keeps x")
        dx, self.dW, db = _core.conv_backward(self.x, self.W, dout, self.stride, self.pad, needs_dx)
        self.db = None if self.b is None else db
        return dx

    def __repr__(self) -> str:
        shape = np.shape(self.W)
        filters = f"{shape[1]} -> {shape[0]}, {shape[2]}x{shape[3]}" if len(shape) == 4 else f"W of shape {shape}"
        return (f"Convolution({filters}, stride={self.stride}, pad={self.pad}"
                f"{'' if self.b is not None else ', no bias'})")


class Pooling:
    """Keep the largest pixel of every window (section 7.3).

    Zeros around the images take part, as in the book. Where several pixels are the largest the first one counts.

    Parameters
    ----------
    pool_h, pool_w : int
        Size of the windows.
    stride : int
        2 as in the book's current code; its first printings had 1.
    pad : int

    Attributes
    ----------
    x : ndarray
        What `forward` saw last.
    index : ndarray of int, shape of the output
        Where in its window, counted by rows, each largest pixel lies.
    arg_max : ndarray of int64, shape (N out_h out_w C,)
        The same as the book has it: the windows in the order of an output whose channels come last.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    x: MaybeArray = Derived()

    def __init__(self, pool_h: int, pool_w: int, stride: int = 2, pad: int = 0) -> None:
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad
        self.x = None
        self.index: MaybeArray = None

    def forward(self, x: ArrayLike) -> Array:
        """Return the largest pixels, shape (N, C, out_h, out_w), for x of shape (N, C, H, W)."""
        x = _core.as_array("Pooling.forward", "x", x)
        out, self.index = _core.pool_forward(x, self.pool_h, self.pool_w, self.stride, self.pad)
        self.x = x
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx: dout at the largest pixel of every window, added up where windows share it, and 0 elsewhere."""
        if self.index is None:
            raise RuntimeError("Pooling.backward: call forward first; it keeps where the largest pixels are")
        index = np.ascontiguousarray(self.index, np.int32)
        return _core.pool_backward(dout, index, self.x.shape, self.pool_h, self.pool_w, self.stride, self.pad)

    @property
    def arg_max(self) -> Array | None:
        if self.index is None:
            return None
        return self.index.transpose(0, 2, 3, 1).ravel().astype(np.int64)

    def __repr__(self) -> str:
        return f"Pooling({self.pool_h}x{self.pool_w}, stride={self.stride}, pad={self.pad})"
