"""Small helpers of the book's ``common/util.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import pynn._core as _core
from pynn._reading import number, real_array
from pynn.layers.convolution import col2im as col2im
from pynn.layers.convolution import im2col as im2col

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike

_WINDOW = 11


def conv_output_size(input_size: int, filter_size: int, stride: int = 1, pad: int = 0) -> float:
    """How many windows fit along an axis of an image, ``(input_size + 2 pad - filter_size) / stride + 1``.

    Parameters
    ----------
    input_size, filter_size : int
        Pixels of the image and of the window along the axis.
    stride : int
        Pixels from a window to the next.
    pad : int
        Pixels of zeros on either side.

    Returns
    -------
    float
        As the formula gives it.  What follows the point is the share of a last
        window that does not fit: `Convolution` leaves those pixels out.

    Raises
    ------
    ValueError
        If `stride` is 0.

    References
    ----------
    The book's ``common/util.py``; section 7.2.4.
    """
    size, window, step, zeros = (number("conv_output_size", name, value) for name, value in (
        ("input_size", input_size), ("filter_size", filter_size), ("stride", stride), ("pad", pad)))
    if step == 0:
        raise ValueError("conv_output_size: stride is 0; it must be at least 1")
    return (size + 2 * zeros - window) / step + 1


def smooth_curve(x: ArrayLike) -> Array:
    """Smooth a curve, such as the losses of a training run, for plotting.

    The curve is continued at both ends by its own mirror image and convolved
    with a Kaiser window of 11 points (beta = 2) whose weights sum to 1.

    Parameters
    ----------
    x : array_like, shape (n,)
        The values, at equal steps.  Curves shorter than the window are
        mirrored as often as it takes.

    Returns
    -------
    ndarray, shape (n,), float64

    Raises
    ------
    ValueError
        If `x` is empty or not 1-D.

    References
    ----------
    The book's ``common/util.py``, used for the curves of chapter 6.
    """
    x = real_array("smooth_curve", "x", x).astype(np.float64, copy=False)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(
            f"smooth_curve: x has shape {x.shape}; it must be (n,) with n >= 1")
    # The book repeats the last point in the mirror image and not the first.
    padded = np.pad(x, (_WINDOW - 1, 0), mode="reflect")
    padded = np.pad(padded, (0, _WINDOW - 1), mode="symmetric")
    window = np.kaiser(_WINDOW, 2)
    y = np.convolve(window / window.sum(), padded, mode="valid")
    half = _WINDOW // 2
    return y[half:-half]


def shuffle_dataset(x: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
    """Shuffle examples and their labels together.

    The order is drawn from NumPy's global generator, so that
    ``np.random.seed`` makes it repeatable.

    Parameters
    ----------
    x : array_like, shape (N, ...)
        Examples: rows of features, or images (N, C, H, W).
    t : array_like, shape (N,) or (N, classes)
        Their labels.

    Returns
    -------
    x, t : ndarray
        Shuffled copies.

    Raises
    ------
    ValueError
        If `x` and `t` differ in length or are single numbers.

    References
    ----------
    The book's ``common/util.py``, used in section 6.5.
    """
    x, t = (_core.as_array("shuffle_dataset", name, array) for name, array in (("x", x), ("t", t)))
    if x.ndim == 0 or t.ndim == 0:
        raise ValueError(
            "shuffle_dataset: x and t must have an axis of examples; "
            f"x has shape {x.shape} and t has shape {t.shape}")
    if len(x) != len(t):
        raise ValueError(
            f"shuffle_dataset: x has {len(x)} examples but t has {len(t)} labels; "
            "every example needs its label")
    order = np.random.permutation(len(x))
    return x[order], t[order]
