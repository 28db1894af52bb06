"""Two names of the book's ``common/gradient.py`` that `pynn.gradient.numerical_gradient` makes unnecessary."""

from pynn.gradient import numerical_gradient


def _numerical_gradient_1d(f, x):
    """Gradient of `f` at `x`, an array with one axis (section 4.4)."""
    return numerical_gradient(f, x)


def numerical_gradient_2d(f, X):
    """Gradient of `f` at `X` of shape (D,), or at each row of `X` of shape (N, D) by itself (section 4.4).

    `f` gets one row at a time.
    """
    if X.ndim == 1:
        return numerical_gradient(f, X)
    grad = X.copy()
    for row, x in zip(grad, X):
        row[...] = numerical_gradient(f, x)
    return grad
