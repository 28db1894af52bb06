"""The affine layer (section 5.6)."""

from math import prod

from pynn import _core


class Affine:
    """Fully connected layer, ``out = x W + b``.

    Parameters
    ----------
    W : ndarray, shape (D, M)
    b : ndarray, shape (M,), or None
        None is a layer without bias, ``out = x W``.

    Attributes
    ----------
    x : ndarray, shape (N, D) or (D,)
        What `forward` saw last, a row for each sample.
    original_x_shape : tuple of int
        Its shape as it came.
    dW, db : ndarray
        Gradients of the loss, set by `backward`; `db` is None in a layer without bias.
    needs_dx : bool
        False on the first layer of a network, whose input no one differentiates: `backward` then returns None.
    """

    params = ("W", "b")
    buffers = ()

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
        x = _core.as_array("Affine.forward", "x", x)
        self.original_x_shape = x.shape
        self.x = x if x.ndim <= 2 else x.reshape(len(x), prod(x.shape[1:]))
        return _core.affine_forward(self.x, self.W, self.b)

    def backward(self, dout):
        """Set ``dW = x^T dout`` and ``db``, the sum of dout's rows; return ``dx = dout W^T`` in the shape of x."""
        if self.x is None:
            raise RuntimeError("Affine.backward: call forward first; it keeps x")
        dx, self.dW, db = _core.affine_backward(self.x, self.W, dout, self.needs_dx)
        self.db = None if self.b is None else db
        return dx if dx is None or len(self.original_x_shape) <= 2 else dx.reshape(self.original_x_shape)
