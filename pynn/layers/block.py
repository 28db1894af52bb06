"""Convolution, ReLU and max-pooling computed together.

Between the three only what the next one needs is written to memory: neither the result of the convolution nor, with
pooling, that of ReLU. The layers of a block keep the attributes that they would have had; those that the block did not
need are computed when somebody reads them.
"""

from functools import partial

import numpy as np

import pynn._core as _core
from pynn.layers.activations import Relu
from pynn.layers.convolution import Convolution, Pooling
from pynn.layers.protocol import is_plain


class ConvBlock:
    """A `Convolution`, the `Relu` after it and, if there is one, the 2x2 `Pooling` after that.

    Images between two blocks lie in memory with their channels last; their shape is (N, C, H, W) all the same.
    """

    def __init__(self, conv, relu, pool=None, *, first=False, channels_last=False):
        self.conv = conv
        self.relu = relu
        self.pool = pool
        self.first = first                  # x is the caller's, who may change it
        self.channels_last = channels_last
        self.out = None
        self.index = None
        self.kernels = None
        self.mark = object()                # what the convolution has of the block: the block itself would never be freed

    @property
    def members(self):
        """The layers."""
        return [self.conv, self.relu] if self.pool is None else [self.conv, self.relu, self.pool]

    def fits(self):
        """Whether the layers are still such as can be computed together."""
        return all(map(is_plain, self.members)) and (self.pool is None or _halves(self.pool))

    def forward(self, x):
        """Return the images after the last of the layers, as their own forward methods would."""
        conv = self.conv
        kernels = _core.kernels()
        self.out, self.index = _core.conv_block_forward(x, conv.W, conv.b, conv.stride, conv.pad,
                                                        self.pool is not None, self.channels_last)
        conv.x, conv.block, self.kernels = x, self.mark, kernels
        # what the layers saw, for whoever asks later: an optimizer changes the parameters in place, the caller x
        then = Convolution(np.array(conv.W), None if conv.b is None else np.array(conv.b), conv.stride, conv.pad)
        seen = np.array(x) if self.first else x
        Relu.mask.later(self.relu, partial(_mask, then, seen))
        if self.pool is not None:
            Pooling.x.later(self.pool, partial(_rectified, then, seen))
            self.pool.index = self.index[..., :len(then.W)].transpose(0, 3, 1, 2)
        return self.out

    def backward(self, dout, needs_dx=True):
        """Set dW and db of the convolution and return dx, or None without `needs_dx`."""
        conv = self.conv
        if conv.block is not self.mark or self.kernels != _core.kernels():
            # the layers were called one by one since, or other kernels laid out what the block keeps
            for layer in reversed(self.members):
                dout = layer.backward(dout)
            return dout
        dx, conv.dW, db = _core.conv_block_backward(conv.x, conv.W, dout, self.out, self.index, conv.stride,
                                                         conv.pad, needs_dx)
        conv.db = None if conv.b is None else db
        return dx


# functions of the module and not lambdas, so that a network can be pickled after a forward pass
def _mask(conv, x):
    return conv.forward(x) <= 0


def _rectified(conv, x):
    return _core.relu(conv.forward(x))


def _halves(pool):
    return (pool.pool_h, pool.pool_w, pool.stride, pool.pad) == (2, 2, 2, 0)


def in_blocks(layers):
    """The layers, those that can be computed together replaced by a `ConvBlock`."""
    steps = []
    layers = list(layers)
    while layers:
        step = layers.pop(0)
        if _is(step, Convolution) and layers and _is(layers[0], Relu):
            step = ConvBlock(step, layers.pop(0), first=not steps)
            if layers and _is(layers[0], Pooling) and _halves(layers[0]):
                step.pool = layers.pop(0)
            step.channels_last = bool(layers) and _is(layers[0], Convolution)
        steps.append(step)
    return steps


def _is(layer, kind):
    return type(layer) is kind and is_plain(layer)
