"""What the nodes of a graph compute: the value, and a function from the gradient of the result to those of the inputs."""

import numpy as np


def add(x, y):
    return x + y, lambda dout: (dout, dout)


def subtract(x, y):
    return x - y, lambda dout: (dout, -dout)


def multiply(x, y):
    return x * y, lambda dout: (dout * y, dout * x)


def divide(x, y):
    return x / y, lambda dout: (dout / y, -dout * x / y ** 2)


def power(x, y):
    out = x ** y
    return out, lambda dout: (dout * y * x ** (y - 1), dout * out * np.log(x))


def dot(x, y):
    return np.dot(x, y), lambda dout: (_outer(dout, np.transpose(y)), _outer(np.transpose(x), dout))


def _outer(a, b):
    """The product of section 5.6, where a vector stands for a row on the left and a column on the right."""
    return np.outer(a, b) if np.ndim(a) == np.ndim(b) == 1 else np.dot(a, b)


def exp(x):
    out = np.exp(x)
    return out, lambda dout: dout * out


def log(x):
    return np.log(x), lambda dout: dout / x


def maximum(x, y):
    """At a tie y has the gradient."""
    return np.maximum(x, y), lambda dout: (dout * np.greater(x, y), dout * np.less_equal(x, y))


def fixed_power(x, exponent):
    return x ** exponent, lambda dout: dout * exponent * x ** (exponent - 1)


def total(x, axis, keepdims):
    return np.sum(x, axis=axis, keepdims=keepdims), lambda dout: _stretched(dout, x, axis, keepdims)


def largest(x, axis, keepdims):
    x = np.asarray(x)
    first = np.zeros_like(x, dtype=bool)
    if axis is None:
        first.flat[x.argmax()] = True
    else:
        np.put_along_axis(first, x.argmax(axis=axis, keepdims=True), True, axis)
    return x.max(axis=axis, keepdims=keepdims), lambda dout: _stretched(dout, x, axis, keepdims) * first


def _stretched(dout, x, axis, keepdims):
    """The gradient of a sum in the shape of what was summed."""
    if axis is not None and not keepdims:
        dout = np.expand_dims(dout, axis)
    return np.broadcast_to(dout, np.shape(x))


def summed(grad, value):
    """A gradient in the shape of its value: what broadcasting repeated adds up, as the bias of section 5.6.2."""
    grad, shape = np.asarray(grad), np.shape(value)
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    grad = grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 < grad.shape[i]), keepdims=True)
    return grad if shape else grad.item()
