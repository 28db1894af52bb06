"""Softmax and the cross-entropy error as one layer (section 5.6.3)."""

from pynn import _core


class SoftmaxWithLoss:
    """The last layer of a classifier in training.

    Attributes
    ----------
    loss : float32 or float64 scalar
    y : ndarray, shape (N, classes)
        Probabilities, ``softmax(x)``.
    t : array_like
        The targets as they came.
    """

    def __init__(self):
        self.loss = None
        self.y = None
        self.t = None

    def forward(self, x, t):
        """Compute ``-1/N sum t log(softmax(x) + 1e-7)`` in one pass over `x`.

        Parameters
        ----------
        x : array_like, shape (N, classes), or (classes,) for one sample
            Scores; the results have their dtype.
        t : array_like, shape (N,) or the shape of `x`
            With as many elements as `x`: one-hot or soft targets. Otherwise integer labels.

        Returns
        -------
        float32 or float64 scalar

        Raises
        ------
        ValueError, IndexError, TypeError
            As `pynn.functions.cross_entropy_error`.
        """
        self.t = t
        self.loss, self.y = _core.softmax_with_loss(x, t)
        return self.loss

    def backward(self, dout=1):
        """Return ``dx = dout (y - t) / N``, shape of x; `dout` is a number."""
        if self.y is None:
            raise RuntimeError("SoftmaxWithLoss.backward: call forward first; it keeps y and t")
        return _core.softmax_with_loss_backward(self.y, self.t, dout)
