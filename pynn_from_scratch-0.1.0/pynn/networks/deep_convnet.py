"""The deep network of chapter 8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.layers import Affine, Convolution, Dropout, Pooling, Relu
from pynn.networks.images import convolution, image_shape, pixels
from pynn.networks.network import Network

if TYPE_CHECKING:
    from pynn._typing import ArrayLike, DTypeLike, Shape


def _conv(filter_num: int, pad: int = 1) -> dict[str, int]:
    return {"filter_num": filter_num, "filter_size": 3, "pad": pad, "stride": 1}


class DeepConvNet(Network):
    """Three blocks of conv - relu - conv - relu - pool, then two affine layers with dropout (section 8.1.1).

    The first weights have He's standard deviation, ``sqrt(2 / n)`` for n inputs of a neuron.

    Parameters
    ----------
    input_dim : tuple of int
        Channels, height and width of an image.
    conv_param_1, ..., conv_param_6 : dict
        ``filter_num``, ``filter_size``, ``pad`` and ``stride`` of each convolution.
    hidden_size, output_size : int
        Neurons in the hidden layer, and classes.
    dtype : float64 or float32
        What the network computes in.
    """

    def __init__(self, input_dim: Shape = (1, 28, 28), conv_param_1: dict[str, int] = _conv(16),
                 conv_param_2: dict[str, int] = _conv(16), conv_param_3: dict[str, int] = _conv(32),
                 conv_param_4: dict[str, int] = _conv(32, pad=2), conv_param_5: dict[str, int] = _conv(64),
                 conv_param_6: dict[str, int] = _conv(64), hidden_size: int = 50, output_size: int = 10, *,
                 dtype: DTypeLike = np.float64) -> None:
        name = type(self).__name__
        convs = [conv_param_1, conv_param_2, conv_param_3, conv_param_4, conv_param_5, conv_param_6]
        channels, height, width = image_shape(name, input_dim)
        layers: list[Any] = []
        for idx, conv in enumerate(convs, 1):
            filters, size, pad, stride = convolution(name, f"conv_param_{idx}", conv)
            layers += [Convolution.of(channels, filters, size, stride, pad), Relu()]
            channels = filters
            height, width = ((n + 2 * pad - size) // stride + 1 for n in (height, width))
            if idx % 2 == 0:
                layers.append(Pooling(pool_h=2, pool_w=2, stride=2))
                height, width = height // 2, width // 2
        inputs = channels * pixels(name, input_dim, height, width)
        layers += [Affine.of(inputs, hidden_size), Relu(), Dropout(0.5), Affine.of(hidden_size, output_size), Dropout(0.5)]
        self.input_dim = tuple(input_dim)
        super().__init__(layers, dtype=dtype)

    def loss(self, x: ArrayLike, t: ArrayLike, train_flg: bool = True) -> float:
        """Return the mean cross-entropy of softmax(predict(x)) against t; as in the book every call drops units."""
        return super().loss(x, t, train_flg)

    def accuracy(self, x: ArrayLike, t: ArrayLike, batch_size: int = 100) -> float:
        """Return the fraction of samples whose highest score is at their label, working in batches."""
        return super().accuracy(x, t, batch_size)
