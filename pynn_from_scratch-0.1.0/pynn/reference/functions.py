"""Activations and losses of chapters 3 and 4."""

import numpy as np

DELTA = 1e-7    # the book's guard against log(0), section 4.2.2


def identity_function(x):
    """x (section 3.4.3)."""
    return x.copy()


def step_function(x):
    """1 where x > 0, else 0, as int64 (section 3.2.2)."""
    return (x > 0).astype(np.int64)


def sigmoid(x):
    """1 / (1 + exp(-x)) (section 3.2.4)."""
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(x):
    """(1 - s) s with s = sigmoid(x) (section 5.5.2)."""
    s = sigmoid(x)
    return (1 - s) * s


def relu(x):
    """max(0, x) (section 3.2.7)."""
    return np.maximum(0, x)


def relu_grad(x):
    """1 where x >= 0, else 0, in the dtype of x."""
    return (x >= 0).astype(x.dtype)


def tanh(x):
    """Hyperbolic tangent (section 6.2.2 compares it with the sigmoid)."""
    return np.tanh(x)


def softmax(x):
    """exp(x - max x) / sum exp(x - max x) over the last axis (section 3.5.2)."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def matmul(a, b):
    """The matrix product (section 3.3)."""
    return np.matmul(a, b)


def mean_squared_error(y, t):
    """1/2 sum (y - t)^2: a sum, in spite of its name (section 4.2.1)."""
    return 0.5 * np.sum((y - t)**2)


sum_squared_error = mean_squared_error


def cross_entropy_error(y, t):
    """-1/N sum t log(y + 1e-7) (sections 4.2.2 to 4.2.4).

    Parameters
    ----------
    y : (N, C) or (C,) array
        Probabilities; one dimension is one sample.
    t : array
        As many elements as `y`: one-hot or soft targets. Otherwise (N,) labels.
    """
    if y.ndim == 1:
        y = y.reshape(1, -1)
    n = y.shape[0]
    if t.size == y.size:
        t = t.reshape(y.shape).astype(y.dtype, copy=False)
        return -np.sum(t * np.log(y + DELTA)) / n
    return -np.sum(np.log(y[np.arange(n), t.reshape(n)] + DELTA)) / n


def softmax_loss(x, t):
    """The cross-entropy error of softmax(x)."""
    return cross_entropy_error(softmax(x), t)


def entropy(p):
    """-sum p log p over the last axis in nats, with 0 log 0 = 0."""
    return cross_entropy(p, p)


def cross_entropy(p, q):
    """-sum p log q over the last axis in nats, with 0 log q = 0."""
    with np.errstate(divide="ignore"):
        log_q = np.log(np.where(p == 0, 1, q))
    return -np.sum(p * log_q, axis=-1)
