"""The convolutional network of chapter 7."""

from collections import OrderedDict

import numpy as np

from pynn.layers import Affine, Convolution, Pooling, Relu, SoftmaxWithLoss
from pynn.networks.network import Network


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

    def __init__(self, input_dim=(1, 28, 28),
                 conv_param={"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1},
                 hidden_size=100, output_size=10, weight_init_std=0.01, *, dtype=np.float64):
        super().__init__(dtype)
        filters, size, pad, stride = self._convolution("conv_param", conv_param)
        channels, height, width = self._image(input_dim)
        rows, cols = ((n + 2 * pad - size) // stride + 1 for n in (height, width))
        pooled = filters * self._pixels(input_dim, rows // 2, cols // 2)

        for idx, shape in enumerate([(filters, channels, size, size), (pooled, hidden_size), (hidden_size, output_size)], 1):
            self.params[f"W{idx}"] = (weight_init_std * np.random.randn(*shape)).astype(self.dtype)
            self.params[f"b{idx}"] = np.zeros(shape[0] if idx == 1 else shape[1], self.dtype)
        p = self.params
        self.layers = OrderedDict(
            Conv1=Convolution(p["W1"], p["b1"], stride, pad),
            Relu1=Relu(),
            Pool1=Pooling(pool_h=2, pool_w=2, stride=2),
            Affine1=Affine(p["W2"], p["b2"]),
            Relu2=Relu(),
            Affine2=Affine(p["W3"], p["b3"]))
        self.layers["Conv1"].needs_dx = False
        self.last_layer = SoftmaxWithLoss()
        for idx, key in enumerate(("Conv1", "Affine1", "Affine2"), 1):
            self.owners[f"W{idx}"], self.owners[f"b{idx}"] = (key, "W"), (key, "b")

    def accuracy(self, x, t, batch_size=100):
        """Return the fraction of samples whose highest score is at their label, working in batches."""
        return super().accuracy(x, t, batch_size)
