"""An output and its loss as one layer: softmax and cross-entropy, identity and squared error (section 5.6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pynn._core as _core
from pynn._reading import number
from pynn.layers.share import current

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, MaybeArray, Real


class SoftmaxWithLoss:
    """The last layer of a classifier in training.

    Attributes
    ----------
    loss : float32 or float64 scalar
    y : ndarray, shape (N, classes)
        Probabilities, ``softmax(x)``.
    t : array_like
        The targets as they came.

    Notes
    -----
    The book's 1e-7 inside the logarithm caps the loss of a sample at -log(1e-7) = 16.118, whatever the dtype. The gradient leaves
    it out: where the loss is flat it still says which way to go. docs/comparing.md has the figures of other libraries.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    metric = "accuracy"

    def __init__(self) -> None:
        self.loss: Real | Any = None
        self.y: MaybeArray = None
        self.t: Any = None

    def forward(self, x: ArrayLike, t: ArrayLike) -> Real:
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
        self.loss, self.y = _core.softmax_with_loss(x, t)
        self.t = t
        return self.loss

    def backward(self, dout: float = 1) -> Array:
        """Return ``dx = dout (y - t) / N``, shape of x; `dout` is a number."""
        if self.y is None:
            raise RuntimeError("SoftmaxWithLoss.backward: call forward first; it keeps y and t")
        return _core.softmax_with_loss_backward(self.y, self.t, dout)

    def __repr__(self) -> str:
        return "SoftmaxWithLoss()"


class IdentityWithLoss:
    """The last layer of a regression in training: identity output and squared error (sections 3.5.1 and 4.2.1).

    Parameters
    ----------
    mean : bool
        Divide the loss by N, the number of rows; else it is the sum over the whole batch, as the book's formula says. Of a share
        of a batch the sum is that of as many rows as the batch has, so that shares can be averaged either way.

    Attributes
    ----------
    loss : float32 or float64 scalar
    y : ndarray, shape (N, outputs)
        A copy of `x`.
    t : array_like
        The targets as they came.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    metric = "rmse"

    def __init__(self, mean: bool = False) -> None:
        self.mean = mean
        self.loss: Real | Any = None
        self.y: MaybeArray = None
        self.t: Any = None

    def forward(self, x: ArrayLike, t: ArrayLike) -> Real:
        """Compute ``1/2 sum (x - t)^2``, divided by N with `mean`.

        Parameters
        ----------
        x : array_like, shape (N, outputs), or (outputs,) for one sample
            Outputs of the network; the results have their dtype.
        t : array_like, shape of `x`, or (N,) where `x` is (N, 1)

        Returns
        -------
        float32 or float64 scalar

        Raises
        ------
        ValueError
            If the shapes differ: a broadcast would compare unrelated elements.
        """
        self.loss, self.y = _core.identity_with_loss(x, t, self.mean)
        self.t = t
        self.loss *= self.loss.dtype.type(self._scale())        # NumPy 2.1 makes float64 of float32 times int in threads
        return self.loss

    def backward(self, dout: float = 1) -> Array:
        """Return ``dx = dout (y - t)``, divided by N with `mean`, in the shape of x; `dout` is a number."""
        if self.y is None:
            raise RuntimeError("IdentityWithLoss.backward: call forward first; it keeps y and t")
        return _core.identity_with_loss_backward(self.y, self.t, number("IdentityWithLoss.backward", "dout", dout) * self._scale(), self.mean)

    def _scale(self) -> float:
        """How many times the rows of this share the sum is to stand for."""
        share = current()
        return 1 if self.mean or share is None else 1 / share.weight

    def __repr__(self) -> str:
        return f"IdentityWithLoss(mean={self.mean})"
