"""The book's functions (chapters 3 and 4, appendix A), each computed by a C kernel.

All of them take what NumPy can read as an array of numbers: float32 and float64 are computed as they are, integers and
bool become float64, float16 is computed in float32 and rounded; any other dtype is a TypeError. Results are new arrays,
or NumPy scalars where they have no axes. Functions of a last axis refuse a scalar with a ValueError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import pynn._core as _core

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, Number, Real


@overload
def identity_function(x: Number) -> Real: ...
@overload
def identity_function(x: ArrayLike) -> Array: ...
def identity_function(x: ArrayLike) -> Any:
    """The activation of an output layer for regression: a copy of `x` (section 3.4.3).

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`
    """
    return _core.identity_function(x)


@overload
def step_function(x: Number) -> Real: ...
@overload
def step_function(x: ArrayLike) -> Array: ...
def step_function(x: ArrayLike) -> Any:
    """1 where ``x > 0``, else 0 (section 3.2.2).

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray of int64, shape of `x`
    """
    return _core.step_function(x)


@overload
def sigmoid(x: Number) -> Real: ...
@overload
def sigmoid(x: ArrayLike) -> Array: ...
def sigmoid(x: ArrayLike) -> Any:
    """Logistic function, ``1 / (1 + exp(-x))`` (section 3.2.4).

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`
        In [0, 1]; nothing overflows on the way.
    """
    return _core.sigmoid(x)


@overload
def sigmoid_grad(x: Number) -> Real: ...
@overload
def sigmoid_grad(x: ArrayLike) -> Array: ...
def sigmoid_grad(x: ArrayLike) -> Any:
    """Derivative of the sigmoid, ``(1 - s) s`` with ``s = sigmoid(x)`` (section 5.5.2).

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`
    """
    return _core.sigmoid_grad(x)


@overload
def relu(x: Number) -> Real: ...
@overload
def relu(x: ArrayLike) -> Array: ...
def relu(x: ArrayLike) -> Any:
    """Rectified linear unit, ``max(0, x)`` (section 3.2.7).

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`
        NaN stays NaN.
    """
    return _core.relu(x)


@overload
def relu_grad(x: Number) -> Real: ...
@overload
def relu_grad(x: ArrayLike) -> Array: ...
def relu_grad(x: ArrayLike) -> Any:
    """Derivative of the ReLU: 1 where ``x >= 0``, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`
    """
    return _core.relu_grad(x)


@overload
def tanh(x: Number) -> Real: ...
@overload
def tanh(x: ArrayLike) -> Array: ...
def tanh(x: ArrayLike) -> Any:
    """Hyperbolic tangent (section 6.2.2 compares it with the sigmoid).

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`
    """
    return _core.tanh(x)


def softmax(x: ArrayLike) -> Array:
    """Probabilities of the classes, ``exp(x) / sum(exp(x))`` over the last axis (section 3.5).

    Parameters
    ----------
    x : array_like, shape (..., classes)
        The largest of a row is subtracted first, so nothing overflows.

    Returns
    -------
    ndarray, shape of `x`
        Rows that sum to 1. A row with NaN or +inf is NaN throughout, as the formula gives.
    """
    return _core.softmax(x)


def mean_squared_error(y: ArrayLike, t: ArrayLike) -> Real:
    """``1/2 sum (y - t)^2``: a sum, in spite of its name (section 4.2.1).

    Parameters
    ----------
    y, t : array_like
        Outputs and targets, of one shape.

    Returns
    -------
    float32 or float64 scalar

    Raises
    ------
    ValueError
        If the shapes differ: a broadcast would sum differences of unrelated elements.
    """
    return _core.mean_squared_error(y, t)


sum_squared_error = mean_squared_error


def cross_entropy_error(y: ArrayLike, t: ArrayLike) -> Real:
    """``-1/N sum t log(y + 1e-7)`` (sections 4.2.2 to 4.2.4).

    Parameters
    ----------
    y : array_like, shape (N, classes), or (classes,) for one sample
        Probabilities.
    t : array_like, shape (N,) or the shape of `y`
        With as many elements as `y`: one-hot or soft targets. Otherwise integer labels in ``0..classes - 1``.

    Returns
    -------
    float32 or float64 scalar

    Raises
    ------
    ValueError
        If the shapes do not fit or `y` is empty.
    IndexError
        If a label is not the number of a class.
    TypeError
        If labels are not integers.
    """
    return _core.cross_entropy_error(y, t)


def softmax_loss(x: ArrayLike, t: ArrayLike) -> Real:
    """``cross_entropy_error(softmax(x), t)``, computed in one pass.

    Parameters
    ----------
    x : array_like, shape (N, classes), or (classes,) for one sample
        Scores; the result has their dtype.
    t : array_like
        As in `cross_entropy_error`, which has the errors, too.

    Returns
    -------
    float32 or float64 scalar
    """
    return _core.softmax_loss(x, t)


def entropy(p: ArrayLike) -> Any:
    """Entropy ``-sum p log p`` over the last axis in nats, with ``0 log 0 = 0`` (appendix).

    Parameters
    ----------
    p : array_like, shape (..., classes)
        Probabilities; they need not sum to 1. A negative one gives NaN, as its logarithm does.

    Returns
    -------
    ndarray, shape (...)
    """
    return _core.entropy(p)


def cross_entropy(p: ArrayLike, q: ArrayLike) -> Any:
    """Cross entropy ``-sum p log q`` over the last axis in nats, with ``0 log q = 0`` (appendix).

    Parameters
    ----------
    p, q : array_like, shape (..., classes)
        Distributions of one shape. Where ``q = 0 < p`` the result is infinite: nothing guards this logarithm.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    return _core.cross_entropy(p, q)


def matmul(a: ArrayLike, b: ArrayLike) -> Any:
    """Matrix product, as ``a @ b``.

    Parameters
    ----------
    a : array_like, shape (..., m, k) or (k,)
    b : array_like, shape (..., k, n) or (k,)
        Any strides: transposed and sliced operands are read where they lie.

    Returns
    -------
    ndarray, shape (..., m, n)
        The axes before the last two broadcast; an operand with one axis loses it, as in NumPy.

    Raises
    ------
    ValueError
        If the columns of `a` and the rows of `b` differ in number.
    """
    return _core.matmul(a, b)
