"""The affine layer (section 5.6)."""

import numpy as np

from pynn import _core


class Affine:
    """Fully connected layer, ``out = x W + b``.

    Parameters
    ----------
    W : ndarray, shape (D, M)
    b : ndarray, shape (M,)

    Attributes
    ----------
    x : ndarray
        What `forward` saw last.
    original_x_shape : tuple of int
        Its shape.
    dW, db : ndarray
        Gradients of the loss, set by `backward`.
    needs_dx : bool
        False on the first layer of a network, whose input no one differentiates: `backward` then returns None.
    """

    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.original_x_shape = None
        self.dW = None
        self.db = None
        self.needs_dx = True

    def forward(self, x):
        """Compute ``x W + b``.

        Parameters
        ----------
        x : array_like, shape (N, D), (N, ...) with D values a row, or (D,)

        Returns
        -------
        ndarray, shape (N, M), or (M,) for one sample
        """
        self.x = x if isinstance(x, np.ndarray) else np.asarray(x)
        self.original_x_shape = self.x.shape
        return _core.affine_forward(x, self.W, self.b)

    def backward(self, dout):
        """Set ``dW = x^T dout`` and ``db``, the sum of dout's rows; return ``dx = dout W^T`` in the shape of x."""
        dx, self.dW, self.db = _core.affine_backward(self.x, self.W, dout, self.needs_dx)
        return dx
