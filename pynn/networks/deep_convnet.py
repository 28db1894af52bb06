"""The deep network of chapter 8."""

import numpy as np

from pynn.layers import Affine, Convolution, Dropout, Pooling, Relu, SoftmaxWithLoss
from pynn.networks.network import Network


def _conv(filter_num, pad=1):
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

    Attributes
    ----------
    layers : list
    """

    def __init__(self, input_dim=(1, 28, 28), conv_param_1=_conv(16), conv_param_2=_conv(16),
                 conv_param_3=_conv(32), conv_param_4=_conv(32, pad=2), conv_param_5=_conv(64), conv_param_6=_conv(64),
                 hidden_size=50, output_size=10, *, dtype=np.float64):
        super().__init__(dtype)
        convs = [conv_param_1, conv_param_2, conv_param_3, conv_param_4, conv_param_5, conv_param_6]
        channels, height, width = self._image(input_dim)
        self.layers = []
        for idx, conv in enumerate(convs, 1):
            filters, size, pad, stride = self._convolution(f"conv_param_{idx}", conv)
            self._draw(idx, filters, (filters, channels, size, size), channels * size * size)
            self._add(idx, Convolution(self.params[f"W{idx}"], self.params[f"b{idx}"], stride, pad))
            self.layers.append(Relu())
            channels = filters
            height, width = ((n + 2 * pad - size) // stride + 1 for n in (height, width))
            if idx % 2 == 0:
                self.layers.append(Pooling(pool_h=2, pool_w=2, stride=2))
                height, width = height // 2, width // 2
        pixels = channels * self._pixels(input_dim, height, width)
        self._draw(7, hidden_size, (pixels, hidden_size), pixels)
        self._draw(8, output_size, (hidden_size, output_size), hidden_size)
        self._add(7, Affine(self.params["W7"], self.params["b7"]))
        self.layers += [Relu(), Dropout(0.5)]
        self._add(8, Affine(self.params["W8"], self.params["b8"]))
        self.layers.append(Dropout(0.5))
        self.layers[0].needs_dx = False
        self.last_layer = SoftmaxWithLoss()

    def _draw(self, idx, neurons, shape, inputs):
        self.params[f"W{idx}"] = (np.sqrt(2.0 / inputs) * np.random.randn(*shape)).astype(self.dtype)
        self.params[f"b{idx}"] = np.zeros(neurons, self.dtype)

    def _add(self, idx, layer):
        self.owners[f"W{idx}"], self.owners[f"b{idx}"] = (len(self.layers), "W"), (len(self.layers), "b")
        self.layers.append(layer)

    def predict(self, x, train_flg=False):
        """Return the scores of every class, (N, classes), before the softmax, for images (N, C, H, W).

        With `train_flg`, dropout drops.
        """
        return self._forward(x, train_flg)

    def loss(self, x, t):
        """Return the mean cross-entropy of softmax(predict(x, train_flg=True)) against t.

        As in the book every call drops units, in training or not.
        """
        return self.last_layer.forward(self.predict(x, train_flg=True), t)

    def accuracy(self, x, t, batch_size=100):
        """Return the fraction of samples whose highest score is at their label, working in batches."""
        return super().accuracy(x, t, batch_size)
