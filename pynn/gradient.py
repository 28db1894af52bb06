"""Numerical differentiation and gradient descent (chapter 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import pynn._core as _core
from pynn._reading import count, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pynn._typing import Array, ArrayLike

__all__ = ["gradient_descent", "mlp_numerical_gradient", "numerical_diff", "numerical_gradient"]

H = 1e-4            # the book's step (section 4.3.1)
H_FLOAT32 = 2.0**-8


def numerical_diff(f: Callable[[Any], Any], x: ArrayLike, method: str = "central") -> Any:
    """Derivative of a function of one variable by a finite difference.

    Parameters
    ----------
    f : callable
        Gets a number, or an array to which it applies element by element.
    x : float or array_like
        Integers count as float64.
    method : {'central', 'forward'}
        ``(f(x + h) - f(x - h)) / 2h``, or ``(f(x + h) - f(x)) / h`` for contrast.

    Returns
    -------
    float or ndarray
        What `f` returns, in its shape.

    Notes
    -----
    The error is ``h^2/6 f'''`` (central) or ``h/2 f''`` (forward), plus the rounding of `f` divided by `h`. The step is
    the book's ``h = 1e-4``; for float32 it is ``max(1, |x|) / 256``, as in `numerical_gradient`.

    Section 4.3.1.
    """
    if method not in ("central", "forward"):
        raise ValueError(f"numerical_diff: method is {method!r}; it must be 'central' or 'forward'")
    if not callable(f):
        raise TypeError(f"numerical_diff: f is a {type(f).__name__}; it must be a function of x")
    at: Any = _as_float("numerical_diff", "x", x)[()]       # a 0-d array becomes a number
    if at.dtype == np.float32:
        h = H_FLOAT32 * np.maximum(1, np.abs(at))
        above, below = at + h, at - h if method == "central" else at
        width = above - below       # f may change what it gets
    else:
        above, below = at + H, at - H if method == "central" else at
        width = 2 * H if method == "central" else H
    right, left = f(above), f(below)
    try:
        return (right - left) / width
    except (TypeError, ValueError) as error:
        raise TypeError(f"numerical_diff: f returned a {type(right).__name__} and a {type(left).__name__}, which cannot be subtracted; it must "
                        "return a number, or an array of the shape of x") from error


def numerical_gradient(f: Callable[[Any], Any], x: Array) -> Array:
    """Gradient of a function of many variables by central differences.

    Parameters
    ----------
    f : callable
        Gets `x` and returns one number. It may ignore its argument and read `x` from elsewhere, as the book's
        ``lambda W: net.loss(x, t)`` does: each element is changed in `x` itself.
    x : ndarray of float32 or float64, any shape and strides
        Changed in place, one element at a time, and restored to the bit, also when `f` raises.

    Returns
    -------
    ndarray
        ``(f(x + h e_i) - f(x - h e_i)) / 2h`` for every element `i`, in the shape and dtype of `x`.

    Raises
    ------
    TypeError
        If `x` is not an array that can be changed in place (a list, integers, float16, read-only), or if `f` returns
        anything but one real number.

    Notes
    -----
    float64 has the book's ``h = 1e-4`` and its formula, hence its digits. With that step the loss of a float32 network
    would change by little more than its own rounding, so float32 has ``h = max(1, |x|) / 256`` and divides by the distance of
    the two rounded points: the error is about ``1.5e-5 |f| + 2.5e-6 |f'''|`` where `f` rounds once and ``|x| < 1``.

    Section 4.4, and the book's ``common/gradient.py``.
    """
    return _core.numerical_gradient(f, x)


def mlp_numerical_gradient(x: ArrayLike, t: ArrayLike, params: Sequence[ArrayLike],
                           activation: str = "relu") -> tuple[Array, ...]:
    """`numerical_gradient` of the loss of a multi-layer perceptron for all its parameters, thousands of times as fast.

    The loss is ``softmax_loss`` of affine layers with `activation` between them. A changed weight changes one column of
    its layer's output, so only what follows from that column is computed again, in C.

    Parameters
    ----------
    x : array_like, shape (N, D), (N, ...) with D values a row, or (D,)
    t : array_like, shape (N,) of labels or (N, C) of one-hot or soft targets
    params : sequence of array_like
        ``W1, b1, W2, b2, ...`` of shapes (D, H1), (H1,), (H1, H2), ..., (C,). They are not modified.
    activation : {'relu', 'sigmoid'}

    Returns
    -------
    tuple of ndarray
        ``(L(w + h) - L(w - h)) / 2h`` with ``h = 1e-4`` for every element of every parameter, in the shapes and dtypes of
        `params`, integers counting as float64. The arithmetic is that of float64 whatever the dtypes are.

    Raises
    ------
    ValueError
        If shapes do not fit, or there is no sample.
    IndexError
        If a label is not in 0..C-1.

    Notes
    -----
    The difference quotient is the book's, kinks of ReLU within ``w - h`` to ``w + h`` included, and agrees with its loop to
    the rounding of the loss divided by h, some 1e-11. All derivatives are NaN where the loss, `x` or a weight is not finite.

    Sections 4.4 and 4.5; ``csrc/kernels/numgrad_tmpl.h`` derives the formulas.
    """
    return _core.mlp_numerical_gradient(x, t, params, activation)


def gradient_descent(f: Callable[[Any], Any], init_x: ArrayLike, lr: float = 0.01, step_num: int = 100,
                     ascent: bool = False) -> tuple[Array, Array]:
    """Follow the numerical gradient downhill: ``x -= lr * grad f(x)``, `step_num` times.

    Parameters
    ----------
    f : callable
        Gets an array of the shape of `init_x` and returns one number.
    init_x : array_like
        Where to start. It is not modified, unlike in the book. Integers count as float64.
    lr : float
        Learning rate: too large and `x` diverges, too small and it hardly moves.
    step_num : int
    ascent : bool
        Go uphill instead.

    Returns
    -------
    x : ndarray
        Where the last step ended.
    path : ndarray, shape (step_num + 1, \\*x.shape)
        Every point on the way, from `init_x` to `x`.

    Notes
    -----
    Section 4.4.1.
    """
    x = _as_float("gradient_descent", "init_x", init_x)
    rate = number("gradient_descent", "lr", lr)
    path = [x.copy()]
    for _ in range(count("gradient_descent", "step_num", step_num, least=0)):
        step = rate * numerical_gradient(f, x)
        x += step if ascent else -step
        path.append(x.copy())
    return x, np.array(path)


def _as_float(func, name, x):
    """A new array of float32 or float64, which f may do with as it likes."""
    x = np.array(_core.as_array(func, name, x))
    if x.dtype.kind in "biu":
        x = x.astype(np.float64)
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{func}: {name} has dtype {x.dtype}; it must be float32 or float64")
    return x
