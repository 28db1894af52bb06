"""Layers and networks as students write them, each with one bug, and the code of the diagnosis that names it.

``BROKEN`` has for each bug a function that returns ``(what, x, t)`` for `gradient_check`. The right layers are the
reference's; a bug overrides what it breaks.
"""

import numpy as np

from pynn import reference
from pynn.reference import im2col

BROKEN = {}
_rng = np.random.default_rng(7)
X = _rng.standard_normal((4, 3))
SQUARE = _rng.standard_normal((3, 3))
IMAGES = _rng.standard_normal((3, 2, 6, 6))
TARGETS = np.array([0, 2, 1, 2])


def broken(code):
    """Register a class of layer, network, or a function that makes one, under the code of its diagnosis."""
    def register(what):
        BROKEN[what.__name__] = (what, code)
        return what
    return register


def example(name):
    """``(what, x, t)`` of a bug."""
    what = BROKEN[name][0]
    rng = np.random.default_rng(3)
    if not isinstance(what, type):
        return what(rng)
    if issubclass(what, reference.Affine):
        if hasattr(what, "square"):
            return what(rng.standard_normal((3, 3)), rng.standard_normal(3)), X, None
        return what(rng.standard_normal((3, 2)), rng.standard_normal(2)), X, None
    if issubclass(what, reference.Convolution):
        return what(rng.standard_normal((3, 2, 3, 3)), rng.standard_normal(3), 1, 1), IMAGES, None
    if issubclass(what, reference.Pooling):
        return what(3, 3, 2) if hasattr(what, "overlapping") else what(2, 2, 2), IMAGES, None
    if issubclass(what, reference.BatchNormalization):
        return what(rng.uniform(0.5, 2, 3), rng.standard_normal(3)), X, None
    if issubclass(what, reference.SoftmaxWithLoss):
        return what(), X, TARGETS
    return what(), X, None


# Affine

@broken("transposed")
class AffineDwTransposed(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.dot(dout.T, self.x)
        return dx


@broken("transposed")
class AffineSquareDwTransposed(AffineDwTransposed):
    square = True


@broken("weights-not-transposed")
class AffineDxWithoutT(reference.Affine):
    square = True

    def backward(self, dout):
        super().backward(dout)
        return np.dot(dout, self.W)


@broken("bias-not-summed")
class AffineBiasNotSummed(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout
        return dx


@broken("bias-axis")
class AffineBiasOverAxis1(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = np.sum(dout, axis=1)
        return dx


@broken("bias-axis")
class AffineBiasOverEverything(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = np.sum(dout)
        return dx


@broken("batch-size")
class AffineDwOverBatchSize(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.dW / len(self.x)
        return dx


@broken("accumulates")
class AffineAccumulates(reference.Affine):
    total = 0

    def backward(self, dout):
        dx = super().backward(dout)
        self.total = self.total + self.dW
        self.dW = self.total
        return dx


@broken("stale")
class AffineKeepsTheFirstX(reference.Affine):
    first = None

    def forward(self, x):
        out = super().forward(x)
        if self.first is None:
            self.first = self.x
        self.x = self.first
        return out


@broken("stale")
class AffineReturnsTheLastDw(reference.Affine):
    last = None

    def backward(self, dout):
        dx = super().backward(dout)
        now = self.dW
        self.dW = now if self.last is None else self.last
        self.last = now
        return dx


@broken("params-changed")
class AffineTrainsItself(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.W -= 0.1 * self.dW
        return dx


@broken("missing")
class AffineForgetsDb(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = None
        return dx


@broken("dout-forgotten")
class AffineIgnoresDout(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.dot(self.x.T, np.ones_like(dout))
        return dx


@broken("one-sample")
class AffineLastSampleOnly(reference.Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        for row, d in zip(self.x, dout):
            self.dW = np.outer(row, d)
        return dx


# activations

@broken("relu-mask-inverted")
class ReluInverted(reference.Relu):
    def backward(self, dout):
        dx = dout.copy()
        dx[~self.mask] = 0
        return dx


@broken("mask-not-applied")
class ReluPassesEverything(reference.Relu):
    def backward(self, dout):
        return dout


@broken("relu-mask-of-dout")
class ReluMaskOfDout(reference.Relu):
    def backward(self, dout):
        return np.where(dout <= 0, 0, dout)


@broken("derivative-of-input")
class SigmoidOfX(reference.Sigmoid):
    def forward(self, x):
        self.x = x
        return super().forward(x)

    def backward(self, dout):
        return dout * (1 - self.x) * self.x


@broken("derivative-incomplete")
class SigmoidIncomplete(reference.Sigmoid):
    def backward(self, dout):
        return dout * (1 - self.out)


class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out**2)


@broken("derivative-incomplete")
class TanhWithoutSquare(Tanh):
    def backward(self, dout):
        return dout * (1 - self.out)


@broken("zero")
class TanhZero(Tanh):
    def backward(self, dout):
        return np.zeros_like(dout)


@broken("derivative-at-output")
class SigmoidGradOfOut(reference.Sigmoid):
    def backward(self, dout):
        return dout * reference.sigmoid_grad(self.out)


@broken("operands-not-exchanged")
def mul_layer_not_exchanged(rng):
    class Mul(reference.MulLayer):
        def backward(self, dout):
            return dout * self.x, dout * self.y
    return Mul(), rng.standard_normal(4), rng.standard_normal(4)


@broken("dout-damaged")
class ReluTwiceOnOneDout:
    """relu(x) + x, whose ReLU writes into the dout that the other branch needs."""

    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, 0, x) + x

    def backward(self, dout):
        dx = dout
        dx[self.mask] = 0
        return dx + dout


# softmax with loss

@broken("batch-size")
class SoftmaxWithoutBatchSize(reference.SoftmaxWithLoss):
    def backward(self, dout=1):
        return super().backward(dout) * len(self.t)


@broken("sign")
class SoftmaxWithWrongSign(reference.SoftmaxWithLoss):
    def backward(self, dout=1):
        return -super().backward(dout)


@broken("softmax-axis")
class SoftmaxOverAxis0(reference.SoftmaxWithLoss):
    def forward(self, x, t):
        self.t = t
        e = np.exp(x - x.max(axis=0))
        self.y = e / e.sum(axis=0)
        return reference.cross_entropy_error(self.y, t)


@broken("softmax-axis")
class SoftmaxOverTheBatch(reference.SoftmaxWithLoss):
    def forward(self, x, t):
        self.t = t
        e = np.exp(x - np.max(x))
        self.y = e / np.sum(e)
        return reference.cross_entropy_error(self.y, t)


@broken("softmax-axis")
class SoftmaxSumsDownTheColumns(reference.SoftmaxWithLoss):
    def forward(self, x, t):
        self.t = t
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=0)
        return reference.cross_entropy_error(self.y, t)


@broken("sign")
class SoftmaxAddsTheTarget(reference.SoftmaxWithLoss):
    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] += 1
        return dx / len(dx)


@broken("target-not-subtracted")
class SoftmaxWithoutTarget(reference.SoftmaxWithLoss):
    def backward(self, dout=1):
        return self.y / len(self.t)


@broken("factor-2")
def squared_error_without_half(rng):
    class SquaredError:
        def forward(self, x, t):
            self.x, self.t = x, t
            return np.sum((x - t)**2)

        def backward(self, dout=1):
            return self.x - self.t
    return SquaredError(), rng.standard_normal((2, 3)), rng.standard_normal((2, 3))


# images

@broken("col2im-overwrites")
class ConvolutionOverwrites(reference.Convolution):
    def backward(self, dout):
        super().backward(dout)
        filters, _, height, width = self.W.shape
        dcol = dout.transpose(0, 2, 3, 1).reshape(-1, filters) @ self.col_W.T
        n, c, h, w = self.x.shape
        dcol = dcol.reshape(n, dout.shape[2], dout.shape[3], c, height, width).transpose(0, 3, 4, 5, 1, 2)
        img = np.zeros((n, c, h + 2 * self.pad, w + 2 * self.pad))
        for y in range(height):
            for x in range(width):
                img[:, :, y:y + dout.shape[2], x:x + dout.shape[3]] = dcol[:, :, y, x]
        return img[:, :, self.pad:self.pad + h, self.pad:self.pad + w]


@broken("dout-axes")
class ConvolutionWithoutTranspose(reference.Convolution):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.dot(self.col.T, dout.reshape(-1, len(self.W))).T.reshape(self.W.shape)
        return dx


@broken("transposed")
class ConvolutionDwNotTransposed(reference.Convolution):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.dot(self.col.T, dout.transpose(0, 2, 3, 1).reshape(-1, len(self.W))).reshape(self.W.shape)
        return dx


@broken("pool-every-tie")
class PoolingEveryTie(reference.Pooling):
    """Where the maximum is, by comparison: right without ties."""

    def backward(self, dout):
        out = self.forward(self.x)
        big = out.repeat(self.stride, axis=2).repeat(self.stride, axis=3)
        return (self.x == big) * dout.repeat(self.stride, axis=2).repeat(self.stride, axis=3)


@broken("pool-everywhere")
class PoolingSpreads(reference.Pooling):
    def backward(self, dout):
        return dout.repeat(2, axis=2).repeat(2, axis=3) / 4


@broken("col2im-overwrites")
class PoolingOverwrites(reference.Pooling):
    overlapping = True

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        col = im2col(self.x, 3, 3, 2).reshape(-1, 9)
        index = col.argmax(axis=1).reshape(len(dout), dout.shape[2], dout.shape[3], -1).transpose(0, 3, 1, 2)
        for n, c, y, x in np.ndindex(dout.shape):
            i, j = divmod(index[n, c, y, x], 3)
            dx[n, c, 2 * y + i, 2 * x + j] = dout[n, c, y, x]
        return dx


# normalizing

@broken("batchnorm-constant")
class BatchNormConstant(reference.BatchNormalization):
    def backward(self, dout):
        super().backward(dout)
        return self.gamma * dout / self.std


@broken("batchnorm-constant-mean")
class BatchNormConstantMean(reference.BatchNormalization):
    def backward(self, dout):
        super().backward(dout)
        dxn = self.gamma * dout
        dstd = -np.sum(dxn * self.xc / self.std**2, axis=0)
        return dxn / self.std + self.xc * dstd / self.std / len(dout)


@broken("batchnorm-constant-variance")
class BatchNormConstantVariance(reference.BatchNormalization):
    def backward(self, dout):
        super().backward(dout)
        dxc = self.gamma * dout / self.std
        return dxc - dxc.mean(axis=0)


@broken("not-normalized")
class BatchNormGammaOfX(reference.BatchNormalization):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma = np.sum(self.xc * dout, axis=0)
        return dx


@broken("dropout-mask-redrawn")
class DropoutRedrawn(reference.Dropout):
    def backward(self, dout):
        return dout * (np.random.rand(*dout.shape) > self.dropout_ratio)


@broken("mask-not-applied")
class DropoutNotApplied(reference.Dropout):
    def backward(self, dout):
        return dout


@broken("mask-not-applied")
class DropoutScalesOnly(reference.Dropout):
    def backward(self, dout):
        return dout * (1 - self.dropout_ratio)


@broken("mask-inverted")
class DropoutInverted(reference.Dropout):
    def backward(self, dout):
        return dout * ~self.mask


@broken("dropout-scale")
class DropoutInvertedForwardOnly(reference.Dropout):
    def forward(self, x, train_flg=True):
        return super().forward(x) / (1 - self.dropout_ratio)


# networks

class Net(reference.MultiLayerNet):
    """Two hidden layers, right."""


def _network(kind, activation="sigmoid", **settings):
    np.random.seed(5)
    return kind(3, [4, 4], 3, activation=activation, weight_init_std=0.7, **settings), X, TARGETS


@broken("weight-decay-missing")
def network_without_decay_in_the_gradient(rng):
    class NoDecay(Net):
        def _grads(self):
            grads = super()._grads()
            return {name: self.layers["Affine" + name[1]].dW if name[0] == "W" else grad for name, grad in grads.items()}
    return _network(NoDecay, weight_decay_lambda=0.3)


@broken("weight-decay-extra")
def network_with_decay_twice(rng):
    class Twice(Net):
        def _grads(self):
            return {name: grad + 0.3 * self.params[name] if name[0] == "W" else grad for name, grad in super()._grads().items()}
    return _network(Twice, weight_decay_lambda=0.3)


@broken("layer-skipped")
def network_that_skips_an_activation(rng):
    class Skips(Net):
        def gradient(self, x, t):
            self.loss(x, t)
            dout = self.last_layer.backward(1)
            for name in reversed(list(self.layers)):
                if name != "Activation_function2":
                    dout = self.layers[name].backward(dout)
            return self._grads()
    return _network(Skips)


@broken("exchanged")
def network_that_exchanges_gradients(rng):
    class Exchanges(Net):
        def _grads(self):
            grads = super()._grads()
            grads["b1"], grads["b2"] = grads["b2"], grads["b1"]
            return grads
    return _network(Exchanges)


@broken("stale")
def network_that_reads_before_backward(rng):
    class Early(Net):
        def gradient(self, x, t):
            self.loss(x, t)
            grads = self._grads() if self.layers["Affine1"].dW is not None else dict.fromkeys(self.params, None)
            dout = self.last_layer.backward(1)
            for layer in reversed(self.layers.values()):
                dout = layer.backward(dout)
            return grads
    return _network(Early)


@broken("stale")
def network_without_forward(rng):
    class NoForward(Net):
        def gradient(self, x, t):
            dout = self.last_layer.backward(1)
            for layer in reversed(self.layers.values()):
                dout = layer.backward(dout)
            return self._grads()
    return _network(NoForward)


@broken("training-flag")
def network_that_differentiates_inference(rng):
    class Inference(reference.MultiLayerNetExtend):
        def _training_loss(self, x, t):
            return self.loss(x, t)
    return _network(Inference, use_dropout=True, use_batchnorm=True)


@broken("detached")
def network_with_new_params(rng):
    net, x, t = _network(Net)
    net.params["W1"] = net.params["W1"] * 2
    return net, x, t


@broken("missing")
def network_without_b2(rng):
    class Forgets(Net):
        def _grads(self):
            return {name: grad for name, grad in super()._grads().items() if name != "b2"}
    return _network(Forgets)


@broken("relu-mask-inverted")
def network_with_a_broken_layer(rng):
    net, x, t = _network(Net, activation="relu")
    net.layers["Activation_function1"] = ReluInverted()
    return net, x, t
