"""Networks to exchange with other libraries, and how far apart two evaluations of one in float32 may be."""

import numpy as np

import pynn
from pynn.layers import (
    Affine, AveragePooling, BatchNormalization, Convolution, Dropout, Flatten, LeakyRelu, Pooling, Relu, Sigmoid, Tanh)

U = 2.0 ** -24              # half of float32's step at 1
OF_FUNCTIONS = 8 * U        # tools' sigmoid and tanh, measured: onnxruntime 1.32.0 2.8 U and 5.5 U, OpenVINO 2026.4.1 1.5 U and 1.2 U
FOLDED = 10                 # roundings more where a tool multiplies a scale behind a product into its weights

DRAWS = np.random.default_rng(0)
IMAGES = {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}
NETWORKS = {
    "TwoLayerNet": lambda: (pynn.TwoLayerNet(20, 7, 3, 0.5), (20,)),
    "TwoLayerNet-sigmoid": lambda: (pynn.TwoLayerNet(20, 7, 3, 0.5, activation="sigmoid"), (20,)),
    "MultiLayerNet": lambda: (pynn.MultiLayerNet(20, [9, 8, 7], 3, activation="tanh", weight_decay_lambda=0.1), (20,)),
    "MultiLayerNetExtend": lambda: (pynn.MultiLayerNetExtend(20, [9, 8], 3, "leaky_relu", use_dropout=True, dropout_ration=0.3,
                                                             use_batchnorm=True), (20,)),
    "SimpleConvNet": lambda: (pynn.SimpleConvNet((2, 12, 11), IMAGES, 9, 5, 0.3), (2, 12, 11)),
    "DeepConvNet": lambda: (pynn.DeepConvNet((1, 12, 12), *[{**IMAGES, "pad": pad} for pad in (1, 1, 1, 2, 1, 1)], 9, 5), (1, 12, 12)),
    "SimpleNet": lambda: (pynn.SimpleNet(), (2,)),
    "every layer": lambda: (pynn.Sequential([
        Convolution.of(2, 3, 3, pad=2), BatchNormalization.of(3 * 10 * 10), LeakyRelu(0.2), Pooling(3, 3, 2, 2),
        BatchNormalization(1.5, 0.5), AveragePooling(2, 2, 1, 1), Dropout(0.25), BatchNormalization.of(3),
        Convolution(np.random.randn(4, 3, 2, 3), 0.5, stride=2), Flatten(), Sigmoid(), BatchNormalization.of(36),
        Affine.of(36, 8, bias=False), Tanh(), Dropout(0.1, inverted=True), Affine.of(8, 4), Relu()]), (2, 8, 8)),
    "pixels": lambda: (pynn.Sequential([Affine.of(12, 4), Relu(), Affine.of(4, 1)], loss=pynn.IdentityWithLoss(mean=True)), (3, 2, 2)),
}


def made(name):
    """The network of that name as after a training, and the shape of a sample."""
    np.random.seed(1)
    network, shape = NETWORKS[name]()
    for layer, attribute in network.buffers().values():
        drawn = np.random.rand(*np.shape(getattr(layer, attribute)))
        setattr(layer, attribute, np.asarray(drawn if attribute == "running_mean" else 0.5 + drawn))
    for layer in network.layers.values():
        if getattr(layer, "b", None) is not None:
            layer.b = np.asarray(np.random.randn(*np.shape(layer.b)))
    return network, shape


def drawn(*shape):
    return DRAWS.standard_normal(shape).astype(np.float32)


def square(n=3):
    return pynn.Sequential([Affine.of(4, 4, bias=False) for _ in range(n)])


def same_layers():
    """A network with layers of all kinds that have weights, some twice."""
    return pynn.Sequential([
        Convolution.of(2, 3, 3), BatchNormalization.of(3), Relu(), Pooling(2, 2), Convolution.of(3, 4, 2, bias=False), Flatten(),
        BatchNormalization.of(16), Affine.of(16, 5), Tanh(), Affine.of(5, 6), Affine.of(6, 2, bias=False)])


def in_float32(network):
    """The same layers with parameters rounded to float32, in float64: what every evaluation in float32 is near."""
    for table in (network.places(), network.buffers()):
        for layer, attribute in table.values():
            if (value := getattr(layer, attribute)) is not None:
                setattr(layer, attribute, np.asarray(np.float32(value), np.float64))
    return network


def samples(shape, n=7, seed=2):
    return np.random.default_rng(seed).standard_normal((n, *shape)).astype(np.float32)


def exact_and_bound(network, x):
    """What the network predicts for x in float64, and how far any evaluation in float32 can be from it.

    A sum of n products, in any order, is off by at most gamma(n) = n U / (1 - n U) times the sum of their absolute values (Higham,
    Accuracy and Stability of Numerical Algorithms, section 3.1); an error that comes in passes a layer as its derivative lets it.
    Winograd's way sums other products, a few times as far off: far within the bound of a whole network, which takes every error at its worst.
    """
    y, e = np.asarray(x, np.float64), np.zeros(x.shape)
    for layer in network.layers.values():
        out = layer.forward(y, False) if isinstance(layer, (BatchNormalization, Dropout)) else layer.forward(y)
        y, e = out, _passed(layer, y, e, out)
    return y, e


def gamma(n):
    return (n + FOLDED) * U / (1 - (n + FOLDED) * U)


def _passed(layer, x, e, y):
    if isinstance(layer, (Affine, Convolution)):
        terms = len(layer.W) if isinstance(layer, Affine) else layer.W[0].size
        b = None if layer.b is None else abs(layer.b)
        of_weights = _twin(layer, abs(layer.W), None).forward(e)
        return of_weights + gamma(terms + 1) * _twin(layer, abs(layer.W), b).forward(abs(x) + e)
    if isinstance(layer, BatchNormalization):
        # x scale + shift, as tools fold it
        shape = (1, -1, 1, 1) if x.ndim == 4 and np.size(layer.gamma) == x.shape[1] else (1, *x.shape[1:])
        scale, mean, beta = (np.broadcast_to(value, x.shape[1:]).reshape(1, *x.shape[1:]) if np.ndim(value) == 0 else value.reshape(shape)
                             for value in (abs(layer.gamma) / np.sqrt(layer.running_var + 1e-6), abs(layer.running_mean), abs(layer.beta)))
        return scale * e + gamma(8) * (scale * (abs(x) + e + mean) + beta)
    if isinstance(layer, Pooling):
        return Pooling(layer.pool_h, layer.pool_w, layer.stride, layer.pad).forward(e)
    if isinstance(layer, AveragePooling):
        mean = AveragePooling(layer.pool_h, layer.pool_w, layer.stride, layer.pad)
        return mean.forward(e) + gamma(layer.pool_h * layer.pool_w) * mean.forward(abs(x) + e)
    if isinstance(layer, Sigmoid):
        return e / 4 + OF_FUNCTIONS
    if isinstance(layer, Tanh):
        return e + OF_FUNCTIONS
    if isinstance(layer, Flatten):
        return e.reshape(y.shape)
    return e + 2 * U * abs(y)       # ReLU and dropout: at most one product, with a rounded number


def _twin(layer, W, b):
    return Affine(W, b) if isinstance(layer, Affine) else Convolution(W, b, layer.stride, layer.pad)


def assert_within(y, network, x):
    """y is what the network predicts for x, as near as float32 allows, and names the same label where the scores allow only one."""
    exact, bound = exact_and_bound(network, x)
    y = np.asarray(y)
    assert y.shape == exact.shape
    assert (abs(y - exact) <= bound).all(), (abs(y - exact) / bound).max()
    if exact.shape[1] > 1:
        first, second = np.sort(exact, axis=1)[:, :-3:-1].T
        clear = first - second > 2 * bound.max(axis=1)
        assert (y.argmax(axis=1) == exact.argmax(axis=1))[clear].all()
