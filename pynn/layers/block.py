"""Convolution, ReLU and max-pooling computed together.

Between the three only what the next one needs is written to memory: neither the result of the convolution nor, with
pooling, that of ReLU. The layers of a block keep the attributes that they would have had; those that the block did not
need are computed when somebody reads them.
"""

from functools import partial

import numpy as np

from pynn import _core
from pynn.layers.activations import Relu
from pynn.layers.convolution import Convolution, Pooling


class ConvBlock:
    """A `Convolution`, the `Relu` after it and, if there is one, the 2x2 `Pooling` after that.

    Images between two blocks lie in memory with their channels last; their shape is (N, C, H, W) all the same.
    """

    def __init__(self, conv, relu, pool=None, channels_last=False):
        self.conv = conv
        self.relu = relu
        self.pool = pool
        self.channels_last = channels_last
        self.out = None
        self.index = None

    def forward(self, x):
        """Return the images after the last of the layers, as their own forward methods would."""
        conv = self.conv
        conv.x = x
        self.out, self.index = _core.conv_block_forward(x, conv.W, conv.b, conv.stride, conv.pad,
                                                        self.pool is not None, self.channels_last)
        # copies, as an optimizer changes the parameters in place
        as_of_now = Convolution(np.array(conv.W), None if conv.b is None else np.array(conv.b), conv.stride, conv.pad)
        self.relu.mask = partial(_mask, as_of_now, x)
        if self.pool is not None:
            self.pool.x = partial(_rectified, as_of_now, x)
            self.pool.index = self.index[..., :self.out.shape[1]].transpose(0, 3, 1, 2)
        return self.out

    def backward(self, dout):
        """Set dW and db of the convolution and return dx."""
        conv = self.conv
        dx, conv.dW, db = _core.conv_block_backward(conv.x, conv.W, dout, self.out, self.index, conv.stride, conv.pad,
                                                    conv.needs_dx)
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
        if type(step) is Convolution and layers and type(layers[0]) is Relu:
            step = ConvBlock(step, layers.pop(0))
            if layers and type(layers[0]) is Pooling and _halves(layers[0]):
                step.pool = layers.pop(0)
            step.channels_last = bool(layers) and type(layers[0]) is Convolution
        steps.append(step)
    return steps
