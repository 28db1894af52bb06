"""Numerical differentiation and gradient descent of chapter 4."""

import numpy as np

H = 1e-4    # the book's step, section 4.3.1


def numerical_diff(f, x):
    """(f(x + h) - f(x - h)) / 2h (section 4.3.1)."""
    return (f(x + H) - f(x - H)) / (2 * H)


def numerical_gradient(f, x):
    """The central difference of f along every element of x (section 4.4).

    Each element of `x` is changed in place, so that a function which reads the
    array from elsewhere sees the change, and is put back afterwards.
    """
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        value = x[i]
        x[i] = float(value) + H
        above = f(x)
        x[i] = float(value) - H
        below = f(x)
        grad[i] = (above - below) / (2 * H)
        x[i] = value
    return grad


def gradient_descent(f, init_x, lr=0.01, step_num=100):
    """Follow x := x - lr grad f(x); return the end and the path (section 4.4.1)."""
    x = init_x.copy()
    path = []
    for _ in range(step_num):
        path.append(x.copy())
        x -= lr * numerical_gradient(f, x)
    return x, np.array(path)
