"""Dropout and batch normalization (sections 6.3 and 6.4)."""

from __future__ import annotations

import numbers
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

import pynn._core as _core
from pynn._reading import count, float_dtype, has, real_array
from pynn.layers import shared_normalization
from pynn.layers.share import current

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, DTypeLike, MaybeArray, Shape
    from typing_extensions import Self


class Dropout:
    """Drop units at random in training; scale all of them in use (section 6.4.3).

    Parameters
    ----------
    dropout_ratio : float
        The share of units to drop, in [0, 1].
    inverted : bool
        Divide what is kept by ``1 - dropout_ratio`` in training instead, and change nothing in use, as PyTorch, Keras and
        ONNX do.
    rng : numpy.random.Generator or numpy.random.RandomState, optional
        Draws the masks instead of NumPy's global state.

    Attributes
    ----------
    mask : ndarray of bool
        What the last forward pass in training kept.
    trained : bool
        Whether the last forward pass was one in training: `backward` differentiates what `forward` did last.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    inverted = False        # of the class, for the book's pickles

    rng: np.random.Generator | np.random.RandomState | None = None      # of the book's pickles as well

    def __init__(self, dropout_ratio: float = 0.5, inverted: bool = False, *,
                 rng: np.random.Generator | np.random.RandomState | None = None) -> None:
        if not isinstance(dropout_ratio, (float, numbers.Real)):        # to a type checker a float is no Real
            raise TypeError(f"Dropout: dropout_ratio is {dropout_ratio!r}; it must be a number from 0 to 1")
        if not 0 <= dropout_ratio <= 1:
            raise ValueError(f"Dropout: dropout_ratio is {dropout_ratio}; it must be from 0 to 1")
        self.dropout_ratio = dropout_ratio
        self.inverted = bool(inverted)
        self.rng = rng if rng is None else has("Dropout", "rng", rng, "random", "permutation", why="it must be a NumPy generator")
        self.mask: MaybeArray = None
        self.trained = True

    def forward(self, x: ArrayLike, train_flg: bool = True) -> Array:
        """Return ``x * mask`` in training, else ``x * (1 - dropout_ratio)``; inverted ``x * mask / (1 - dropout_ratio)``, else x.

        The mask is drawn from NumPy's global state, or from `rng`, so that the same seed drops the same units; of a share of a batch it is
        that share of the batch's mask.
        """
        x = _core.as_array("Dropout.forward", "x", x)
        mask = self.mask
        if train_flg:
            source = current() or self.rng or np.random
            mask = np.asarray(source.random(x.shape) > self.dropout_ratio)
        out = self._pass(x, mask, train_flg)
        self.mask, self.trained = mask, bool(train_flg)
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return what `forward` did last with `dout` in the place of x: dropped units have no gradient."""
        if self.trained and self.mask is None:
            raise RuntimeError("Dropout.backward: call forward first, with train_flg=True; it draws the mask")
        return self._pass(dout, self.mask, self.trained)

    def _pass(self, x, mask, trained):
        share = 1.0 - self.dropout_ratio
        if not trained:
            return _core.multiply(x, 1.0 if self.inverted else share)
        out = _core.dropout(x, mask)
        return _core.multiply(out, 1.0 / share) if self.inverted and share else out

    def __repr__(self) -> str:
        return f"Dropout({self.dropout_ratio}{', inverted=True' if self.inverted else ''})"


class BatchNormalization:
    """Give every unit mean 0 and variance 1 over the batch, then scale and shift it (section 6.3).

    ``out = gamma (x - mean) / sqrt(var + 10e-7) + beta``

    In training on several processes mean and variance are those of the batch of all of them.

    Parameters
    ----------
    gamma, beta : ndarray, shape (D,) or (C,), or float
        Scale and shift. D is the number of values in a sample; with a value for each of C channels, images are normalized
        per channel, over samples and pixels. One number counts for all D, each of which still has its own gradient.
    momentum : float
        How much of the running statistics a training pass keeps.
    running_mean, running_var : ndarray, shape of gamma, optional
        Statistics to use outside of training; zeros at first.

    Attributes
    ----------
    xc : ndarray, shape (N, D), or (N, C, H, W) per channel
        ``x - mean`` of the last training pass.
    std : ndarray, shape of gamma
        ``sqrt(var + 10e-7)``.
    batch_size : int
        N.
    input_shape : tuple of int
    running_mean, running_var : ndarray, shape of gamma
    trained : bool
        Whether the last forward pass was one in training: `backward` differentiates what `forward` did last.
    dgamma, dbeta : ndarray, shape (D,) or (C,)
        Gradients, set by `backward`.

    References
    ----------
    Ioffe and Szegedy, arXiv:1502.03167. With D values in `gamma` a 4-D input is normalized for each channel and position, as
    in the book; with C values for each channel, as in the paper.
    """

    params: tuple[str, ...] = ("gamma", "beta")
    buffers: tuple[str, ...] = ("running_mean", "running_var")

    def __init__(self, gamma: Array, beta: Array, momentum: float = 0.9, running_mean: Array | None = None,
                 running_var: Array | None = None) -> None:
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.running_mean = _zeros_like(gamma) if running_mean is None else running_mean
        self.running_var = _zeros_like(gamma) if running_var is None else running_var
        self.input_shape: Shape | Any = None
        self.batch_size: int | Any = None
        self.xc: MaybeArray = None
        self.std: MaybeArray = None
        self.dgamma: MaybeArray = None
        self.dbeta: MaybeArray = None
        self.trained = True
        self.x: MaybeArray = None

    @classmethod
    def of(cls, size: int, momentum: float = 0.9, *, dtype: DTypeLike = np.float64) -> Self:
        """A layer for samples of `size` values, or images of `size` channels, that begins with scale 1 and shift 0."""
        size, dtype = count(cls.__name__, "size", size), float_dtype(cls.__name__, dtype)
        return cls(np.ones(size, dtype), np.zeros(size, dtype), momentum, np.zeros(size, dtype), np.zeros(size, dtype))

    def forward(self, x: ArrayLike, train_flg: bool = True) -> Array:
        """Normalize by the batch's own statistics in training, else by the running ones.

        Parameters
        ----------
        x : array_like, shape (N, D), or (N, C, H, W) with C H W = D or, per channel, C values in `gamma`
        train_flg : bool

        Returns
        -------
        ndarray, shape of x
        """
        x = _core.as_array("BatchNormalization.forward", "x", x)
        gamma, beta, mean, var = (_for_each(value, x) for value in (self.gamma, self.beta, self.running_mean, self.running_var))
        if not train_flg:
            out, self.x = _core.batchnorm_test(x, gamma, beta, mean, var), x
        else:
            share = current()
            arguments = x, gamma, beta, mean, var, self.momentum
            out, self.xc, self.std, self.running_mean, self.running_var = (
                _core.batchnorm_train(*arguments) if share is None else shared_normalization.forward(share, *arguments))
            self.x, self.batch_size = None, x.shape[0]
        self.input_shape, self.trained = x.shape, bool(train_flg)
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Set ``dgamma`` and ``dbeta`` and return dx, in the shape of x.

        After a forward pass outside of training the running statistics are constants.
        """
        if not self.trained:
            return self._backward_of_use(real_array("BatchNormalization.backward", "dout", dout))
        if self.xc is None:
            raise RuntimeError("BatchNormalization.backward: call forward first, with train_flg=True; it keeps xc and std")
        share = current()
        arguments = dout, self.xc, _for_each(self.gamma, self.xc), self.std
        dx, self.dgamma, self.dbeta = (
            _core.batchnorm_backward(*arguments) if share is None else shared_normalization.backward(share, *arguments))
        return dx

    def _backward_of_use(self, dout):
        """``out = gamma xn + beta`` with xn = (x - running_mean) / sqrt(running_var + 10e-7)."""
        if self.x is None or dout.shape != self.x.shape:
            raise ValueError(f"BatchNormalization.backward: dout has shape {dout.shape} but forward saw another one; call forward first")
        gamma, mean, var = (_for_each(value, self.x) for value in (self.gamma, self.running_mean, self.running_var))
        zeros, ones = np.zeros_like(mean), np.ones_like(mean)
        xn = _core.batchnorm_test(self.x, ones, zeros, mean, var)
        size = prod(self.x.shape[1:])
        per_channel = self.x.ndim == 4 and len(gamma) == self.x.shape[1] != size
        shape = (*self.x.shape[:2], size // len(gamma)) if per_channel else (len(self.x), len(gamma), 1)
        self.dgamma = (dout * xn).reshape(shape).sum(axis=(0, 2))
        self.dbeta = dout.reshape(shape).sum(axis=(0, 2))
        return _core.batchnorm_test(dout, gamma, zeros, zeros, var)

    def __repr__(self) -> str:
        return f"BatchNormalization({np.size(self.gamma)}, momentum={self.momentum})"


def _for_each(value, x):
    """One number for every value of a sample of x, where there is one for all of them."""
    return np.full(prod(x.shape[1:]), value, np.result_type(value, x)) if np.ndim(value) == 0 else value


def _zeros_like(gamma):
    gamma = real_array("BatchNormalization", "gamma", gamma)
    return np.zeros(gamma.shape, gamma.dtype if gamma.dtype.kind == "f" else np.float64)
