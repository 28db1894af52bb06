"""pynn's layers from what another library says of its own: each method adds the layer that computes the same, or refuses by name."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any, NoReturn

import numpy as np

from pynn.exchange.normalization import at_our_root
from pynn.io.arrays import Refused
from pynn.layers import (
    Affine, AveragePooling, BatchNormalization, Convolution, Dropout, Flatten, LeakyRelu, Pooling, Relu, Sigmoid, Tanh)
from pynn.networks import Sequential

KEEPS_SIGN = (Dropout, Flatten, Pooling, AveragePooling)


class Builder:
    """Layers in a row, and the shape of a sample on its way through them.

    Parameters
    ----------
    dtype : dtype
        Of the layers' arrays.
    shape : tuple of (int or None), or None
        Of one sample; None for what is not known.
    batch : int, optional
        The number of samples, where it is fixed.
    """

    def __init__(self, dtype: Any, shape: tuple[int | None, ...] | None, batch: int | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self.batch = batch
        self.shape = shape
        self.layers: list[Any] = []
        self.where = ""                 # the node or module at hand
        self.before_flatten: tuple[int | None, ...] | None = None
        self.padding = 0                # zeros around the images that the next windows take in
        self.softmax = False

    def refuse(self, why: str) -> NoReturn:
        raise Refused(f"{self.where} {why}")

    def network(self, loss: Any = None) -> Sequential:
        """The layers as a network."""
        self.where = "it"
        if self.padding:
            self.refuse("ends with a padding")
        if not self.layers:
            self.refuse("has no layer")
        names, counts = [], Counter[str]()
        for layer in self.layers:
            kind = type(layer).__name__
            counts[kind] += 1
            names.append(f"{kind}{counts[kind]}")
        return Sequential(dict(zip(names, self.layers)), loss, dtype=self.dtype)

    def add(self, layer: Any) -> None:
        """Add a layer that changes no shape."""
        if self.softmax:
            self.refuse("comes after a softmax; it must be the last")
        if self.padding:
            self.refuse("comes after a padding; only convolutions and poolings take one in")
        self.layers.append(layer)

    def affine(self, W: Any, b: Any) -> None:
        """``x W + b`` with W of shape (D, M)."""
        if np.ndim(W) != 2:
            self.refuse(f"has weights of shape {np.shape(W)}; they must be a matrix")
        if self.shape is not None and len(self.shape) != 1:
            self.refuse("multiplies images by a matrix; a Flatten must come before")
        if self.shape is not None and self.shape[0] not in (None, len(W)):
            self.refuse(f"has weights for {len(W)} inputs, but {self.shape[0]} come")
        self.add(Affine(self._own(W), None if b is None else self.vector(b, np.shape(W)[1])))
        self.shape = (np.shape(W)[1],)

    def convolution(self, W: Any, b: Any, strides: Any, pads: Any) -> None:
        """Filters of shape (FN, C, FH, FW)."""
        if np.ndim(W) != 4:
            self.refuse(f"has filters of shape {np.shape(W)}; they must be (filters, channels, height, width)")
        channels, height, width = self._images()
        filters, due, *size = np.shape(W)
        if channels not in (None, due):
            self.refuse(f"has filters for {due} channels, but {channels} come")
        stride, pad = self._same(strides, "strides"), self._same(pads, "pads") + self._take_padding()
        self.add(Convolution(self._own(W), None if b is None else self.vector(b, filters), stride, pad))
        self.shape = filters, *(self._count(n, k, stride, pad) for n, k in zip((height, width), size))

    def bias(self, b: Any) -> None:
        """An addition, to a layer that has no bias yet."""
        layer = self.layers[-1] if self.layers else None
        if not isinstance(layer, (Affine, Convolution)) or layer.b is not None or self.softmax:
            self.refuse("adds something; only the bias of an affine layer or a convolution is read")
        layer.b = self.vector(b, np.shape(layer.W)[1 if isinstance(layer, Affine) else 0])

    def pooling(self, kind: Any, size: Any, strides: Any, pads: Any, ceil: bool, zeros: bool = False) -> None:
        """`Pooling` or `AveragePooling`; `zeros` says whether its own padding is zeros that count, as in pynn."""
        channels, height, width = self._images()
        if len(size) != 2:
            self.refuse(f"has windows of shape {tuple(size)}; they must be (height, width)")
        stride, pad = self._same(strides, "strides"), self._same(pads, "pads")
        if pad and not zeros and not (kind is Pooling and self._never_negative() and pad < min(size)):
            self.refuse("pads with something else than the zeros of pynn's pooling")
        pad += self._take_padding()
        if ceil and any(n is None or (n + 2 * pad - k) % stride for n, k in zip((height, width), size)):
            self.refuse("rounds the number of windows up (ceil_mode); pynn's pooling has whole windows only")
        self.add(kind(*size, stride, pad))
        self.shape = channels, *(self._count(n, k, stride, pad) for n, k in zip((height, width), size))

    def batch_normalization(self, gamma: Any, beta: Any, mean: Any, var: Any, epsilon: float, momentum: float) -> None:
        """Of columns, or of channels of images."""
        size = np.size(mean)
        if not 0 <= epsilon < np.inf:
            self.refuse(f"adds {epsilon} to the variance; it must be a number of at least 0")
        if self.shape is not None and self.shape[0] not in (None, size):
            self.refuse(f"normalizes {size} columns or channels, but {self.shape[0]} come")
        gamma, var = at_our_root(gamma, var, epsilon)
        gamma, beta, mean, var = (self.vector(value, size) for value in (gamma, beta, mean, var))
        self.add(BatchNormalization(gamma, beta, momentum, mean, var))

    def flatten(self) -> None:
        """Samples become rows."""
        self.add(Flatten())
        self.before_flatten = self.shape
        known: Any = self.shape
        self.shape = (None if known is None or None in known else prod(known),)

    def unflatten(self, shape: tuple[int, ...]) -> None:
        """Rows become images again, behind batch normalization of every pixel for itself, which pynn does with images as they are."""
        before = self.before_flatten or ()
        same = len(before) == len(shape) and all(n in (None, due) for n, due in zip(before, shape))
        if not same or [type(layer) for layer in self.layers[-2:]] != [Flatten, BatchNormalization]:
            self.refuse("changes shapes; only samples that become rows are read")
        del self.layers[-2]
        self.shape = shape

    def pad(self, pads: Any) -> None:
        """Zeros around images, for the convolution or pooling that follows."""
        self._images()
        self.padding += self._same(pads, "pads")

    def relu(self) -> None:
        self.add(Relu())

    def sigmoid(self) -> None:
        self.add(Sigmoid())

    def tanh(self) -> None:
        self.add(Tanh())

    def leaky_relu(self, slope: float) -> None:
        self.add(LeakyRelu(slope))

    def dropout(self, ratio: float) -> None:
        """As other libraries drop: scaled in training."""
        if not 0 <= ratio <= 1:
            self.refuse(f"drops a share of {ratio}; it must be from 0 to 1")
        self.add(Dropout(ratio, inverted=True))

    def scale(self, share: float) -> None:
        """A multiplication behind a dropout, which makes it the book's."""
        last = self.layers[-1] if self.layers else None
        if not isinstance(last, Dropout) or not last.inverted or abs(share + last.dropout_ratio - 1) > 1e-6:
            self.refuse(f"multiplies by {share}; only 1 minus the share of a dropout before is read")
        self.layers[-1] = Dropout(last.dropout_ratio)

    def softmax_at_the_end(self, axis: int) -> None:
        """The softmax of rows, which pynn leaves to the loss and to ``predict_proba``."""
        if axis not in (1, -1) or self.shape is not None and len(self.shape) != 1:
            self.refuse("is no softmax of rows")
        if self.softmax:
            self.refuse("is a second softmax")
        self.softmax = True

    def vector(self, value: Any, size: int) -> Any:
        """A parameter with one value for each column or channel."""
        value = np.asarray(value)
        if value.ndim > 1 and max(value.shape) == value.size:
            value = value.ravel()
        if value.shape not in ((size,), (1,), ()):
            self.refuse(f"has a parameter of shape {value.shape}; it must be ({size},)")
        return self._own(np.broadcast_to(value, size))

    def _own(self, array):
        return np.array(array, self.dtype, order="C")

    def _images(self):
        """Channels, height and width of what comes."""
        if self.shape is None:
            self.shape = (None, None, None)
        if len(self.shape) != 3:
            self.refuse(f"takes images, but samples of shape {self.shape} come")
        return self.shape

    def _same(self, numbers, what):
        """The one number that stands for both axes and all sides."""
        if len(set(numbers)) != 1 or numbers[0] < (what == "strides"):
            self.refuse(f"has {what} {list(numbers)}; pynn has one number for both axes and all sides")
        return int(numbers[0])

    def _take_padding(self):
        padding, self.padding = self.padding, 0
        return padding

    def _count(self, n, size, stride, pad):
        """How many windows there are along an axis."""
        if n is None:
            return None
        if n + 2 * pad < size:
            self.refuse(f"has windows of {size} pixels in images of {n}")
        return (n + 2 * pad - size) // stride + 1

    def _never_negative(self):
        for layer in reversed(self.layers):
            if not isinstance(layer, KEEPS_SIGN):
                return isinstance(layer, (Relu, Sigmoid))
        return False
