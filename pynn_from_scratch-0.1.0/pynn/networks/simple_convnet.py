"""The convolutional network of chapter 7."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pynn.layers import Affine, Convolution, Pooling, Relu
from pynn.networks.images import convolution, image_shape, pixels
from pynn.networks.network import Network

if TYPE_CHECKING:
    from pynn._typing import ArrayLike, DTypeLike, Shape


class SimpleConvNet(Network):
    """conv - relu - pool - affine - relu - affine - softmax (section 7.5).

    Parameters
    ----------
    input_dim : tuple of int
        Channels, height and width of an image.
    conv_param : dict
        ``filter_num``, ``filter_size``, ``pad`` and ``stride`` of the convolution.
    hidden_size, output_size : int
        Neurons in the hidden layer, and classes.
    weight_init_std : float
        Standard deviation of the first weights.
    dtype : float64 or float32
        What the network computes in.
    """

    def __init__(self, input_dim: Shape = (1, 28, 28),
                 conv_param: dict[str, int] = {"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1},
                 hidden_size: int = 100, output_size: int = 10, weight_init_std: float | str = 0.01, *,
                 dtype: DTypeLike = np.float64) -> None:
        name = type(self).__name__
        filters, size, pad, stride = convolution(name, "conv_param", conv_param)
        channels, height, width = image_shape(name, input_dim)
        rows, cols = ((n + 2 * pad - size) // stride + 1 for n in (height, width))
        pooled = filters * pixels(name, input_dim, rows // 2, cols // 2)
        self.input_dim = tuple(input_dim)
        super().__init__({
            "Conv1": Convolution.of(channels, filters, size, stride, pad, weight_init_std),
            "Relu1": Relu(),
            "Pool1": Pooling(pool_h=2, pool_w=2, stride=2),
            "Affine1": Affine.of(pooled, hidden_size, weight_init_std),
            "Relu2": Relu(),
            "Affine2": Affine.of(hidden_size, output_size, weight_init_std)}, dtype=dtype)

    def accuracy(self, x: ArrayLike, t: ArrayLike, batch_size: int = 100) -> float:
        """Return the fraction of samples whose highest score is at their label, working in batches."""
        return super().accuracy(x, t, batch_size)
