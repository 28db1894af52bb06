"""The convolutional networks of chapters 7 and 8."""

from collections import OrderedDict

import numpy as np

from .convolution import Convolution, Pooling
from .layers import Affine, Dropout, Relu, SoftmaxWithLoss
from .networks import _Network, _randn


class _ConvNet(_Network):
    def accuracy(self, x, t, batch_size=100):
        """In batches: im2col of a whole test set would not fit in memory."""
        if t.ndim != 1:
            t = np.argmax(t, axis=1)
        right = 0
        for i in range(0, len(x), batch_size):
            y = np.argmax(self.predict(x[i:i + batch_size]), axis=1)
            right += np.sum(y == t[i:i + batch_size])
        return right / len(x)


class SimpleConvNet(_ConvNet):
    """conv - relu - pool - affine - relu - affine - softmax (section 7.5)."""

    def __init__(self, input_dim=(1, 28, 28), conv_param=None, hidden_size=100,
                 output_size=10, weight_init_std=0.01, dtype=np.float64):
        conv = conv_param or {"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1}
        num, size = conv["filter_num"], conv["filter_size"]
        conv_out = (input_dim[1] - size + 2 * conv["pad"]) / conv["stride"] + 1
        pool_out = int(num * (conv_out / 2) * (conv_out / 2))
        std = weight_init_std
        p = self.params = {}
        p["W1"] = _randn(std, num, input_dim[0], size, size, dtype=dtype)
        p["b1"] = np.zeros(num, dtype)
        p["W2"] = _randn(std, pool_out, hidden_size, dtype=dtype)
        p["b2"] = np.zeros(hidden_size, dtype)
        p["W3"] = _randn(std, hidden_size, output_size, dtype=dtype)
        p["b3"] = np.zeros(output_size, dtype)
        self.layers = OrderedDict(
            Conv1=Convolution(p["W1"], p["b1"], conv["stride"], conv["pad"]),
            Relu1=Relu(),
            Pool1=Pooling(pool_h=2, pool_w=2, stride=2),
            Affine1=Affine(p["W2"], p["b2"]),
            Relu2=Relu(),
            Affine2=Affine(p["W3"], p["b3"]))
        self.last_layer = SoftmaxWithLoss()


class DeepConvNet(_ConvNet):
    """Three blocks of conv - relu - conv - relu - pool, then two affines with
    dropout (section 8.1.1); He's initial values."""

    def __init__(self, input_dim=(1, 28, 28), hidden_size=50, output_size=10,
                 dtype=np.float64):
        filters = [(16, 1), (16, 1), (32, 1), (32, 2), (64, 1), (64, 1)]   # (number, pad)
        fan_in = [input_dim[0] * 9, 16 * 9, 16 * 9, 32 * 9, 32 * 9, 64 * 9,
                  64 * 4 * 4, hidden_size]
        scale = np.sqrt(2.0 / np.array(fan_in))
        p = self.params = {}
        layers = []
        channels = input_dim[0]
        for idx, (num, pad) in enumerate(filters, 1):
            p[f"W{idx}"] = _randn(scale[idx - 1], num, channels, 3, 3, dtype=dtype)
            p[f"b{idx}"] = np.zeros(num, dtype)
            layers += [Convolution(p[f"W{idx}"], p[f"b{idx}"], 1, pad), Relu()]
            if idx % 2 == 0:
                layers.append(Pooling(pool_h=2, pool_w=2, stride=2))
            channels = num
        p["W7"] = _randn(scale[6], 64 * 4 * 4, hidden_size, dtype=dtype)
        p["b7"] = np.zeros(hidden_size, dtype)
        p["W8"] = _randn(scale[7], hidden_size, output_size, dtype=dtype)
        p["b8"] = np.zeros(output_size, dtype)
        layers += [Affine(p["W7"], p["b7"]), Relu(), Dropout(0.5),
                   Affine(p["W8"], p["b8"]), Dropout(0.5)]
        self.layers = OrderedDict(enumerate(layers))
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x, train_flg=False):
        for layer in self.layers.values():
            x = layer.forward(x, train_flg) if isinstance(layer, Dropout) else layer.forward(x)
        return x

    def loss(self, x, t):
        # in training and out: every call draws dropout masks, as the book's does
        return self.last_layer.forward(self.predict(x, train_flg=True), t)
