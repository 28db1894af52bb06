"""The layers of chapters 5 and 6, each with `forward` and `backward`."""

import numpy as np

from .functions import cross_entropy_error, sigmoid, softmax


class AddLayer:
    """z = x + y (section 5.4.2)."""

    def forward(self, x, y):
        return x + y

    def backward(self, dout):
        return dout * 1, dout * 1


class MulLayer:
    """z = x y; each side's gradient is dout times the other side (section 5.4.1)."""

    def __init__(self):
        self.x = None
        self.y = None

    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


class Relu:
    """max(0, x); `mask` marks x <= 0 (section 5.5.1)."""

    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, x.dtype.type(0), x)

    def backward(self, dout):
        return np.where(self.mask, dout.dtype.type(0), dout)


class Sigmoid:
    """1 / (1 + exp(-x)); dx = dout (1 - y) y (section 5.5.2)."""

    def __init__(self):
        self.out = None

    def forward(self, x):
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out) * self.out


class Tanh:
    """tanh x; dx = dout (1 - y^2)."""

    def __init__(self):
        self.out = None

    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out**2)


class LeakyRelu:
    """x where it is positive, else slope x; `mask` marks x <= 0."""

    def __init__(self, slope=0.01):
        self.slope = slope
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, x.dtype.type(self.slope) * x, x)

    def backward(self, dout):
        return np.where(self.mask, dout.dtype.type(self.slope) * dout, dout)


class Flatten:
    """Every sample as a row."""

    def __init__(self):
        self.original_x_shape = None

    def forward(self, x):
        self.original_x_shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, dout):
        return dout.reshape(self.original_x_shape)


class Affine:
    """x W + b over a batch of samples of any shape (section 5.6)."""

    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.original_x_shape = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.original_x_shape = x.shape
        self.x = x.reshape(x.shape[0], -1)
        out = np.dot(self.x, self.W)
        return out if self.b is None else out + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = None if self.b is None else np.sum(dout, axis=0)
        return np.dot(dout, self.W.T).reshape(self.original_x_shape)


class SoftmaxWithLoss:
    """Softmax and the cross-entropy error: dx = (y - t) / N (section 5.6.3)."""

    def __init__(self):
        self.loss = None
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        self.y = softmax(x)
        self.loss = cross_entropy_error(self.y, t)
        return self.loss

    def backward(self, dout=1):
        n = self.t.shape[0]
        if self.t.size == self.y.size:
            dx = self.y - self.t.astype(self.y.dtype, copy=False)
        else:
            dx = self.y.copy()
            dx[np.arange(n), self.t] -= 1
        return dx * dout / n


class IdentityWithLoss:
    """The identity and 1/2 sum (y - t)^2, or that over N: dx = y - t, or that over N (sections 3.5.1 and 4.2.1)."""

    def __init__(self, mean=False):
        self.mean = mean
        self.loss = None
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        self.y = x.copy()
        self.loss = 0.5 * np.sum((self.y - t.reshape(x.shape))**2) / (x.shape[0] if self.mean else 1)
        return self.loss

    def backward(self, dout=1):
        dx = self.y - self.t.reshape(self.y.shape)
        return dx * dout / (dx.shape[0] if self.mean else 1)


class Dropout:
    """Drop a share of the units in training, scale by 1 - ratio at test (section 6.4.3).

    Inverted, scale by 1 / (1 - ratio) in training.
    """

    def __init__(self, dropout_ratio=0.5, inverted=False):
        self.dropout_ratio = dropout_ratio
        self.inverted = inverted
        self.mask = None

    def forward(self, x, train_flg=True):
        if not train_flg:
            return x if self.inverted else x * (1.0 - self.dropout_ratio)
        self.mask = np.random.rand(*x.shape) > self.dropout_ratio
        return x * self.mask * self._scale()

    def backward(self, dout):
        return dout * self.mask * self._scale()

    def _scale(self):
        return 1 / (1 - self.dropout_ratio) if self.inverted else 1.0


class BatchNormalization:
    """(x - mean) / sqrt(var + 10e-7) gamma + beta (section 6.3; arXiv:1502.03167).

    A 4-D input is normalized per channel and position, as the book's code does, or per channel where gamma has a value for
    each: then channels take the place of the columns, and every pixel that of a row.
    """

    def __init__(self, gamma, beta, momentum=0.9, running_mean=None, running_var=None):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.running_mean = running_mean
        self.running_var = running_var
        self.input_shape = None
        self.batch_size = None
        self.xc = None
        self.std = None
        self.dgamma = None
        self.dbeta = None

    def forward(self, x, train_flg=True):
        self.input_shape = x.shape
        x = self._rows(x)
        if self.running_mean is None:
            self.running_mean = np.zeros(x.shape[1], x.dtype)
            self.running_var = np.zeros(x.shape[1], x.dtype)
        if train_flg:
            mu = x.mean(axis=0)
            self.xc = x - mu
            var = np.mean(self.xc**2, axis=0)
            self.std = np.sqrt(var + 10e-7)
            self.xn = self.xc / self.std
            self.batch_size = x.shape[0]
            keep = self.momentum
            self.running_mean = keep * self.running_mean + (1 - keep) * mu
            self.running_var = keep * self.running_var + (1 - keep) * var
            xn = self.xn
        else:
            xn = (x - self.running_mean) / np.sqrt(self.running_var + 10e-7)
        return self._like_input(self.gamma * xn + self.beta)

    def backward(self, dout):
        dout = self._rows(dout)
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dstd = -np.sum(dxn * self.xc / (self.std * self.std), axis=0)
        dvar = 0.5 * dstd / self.std
        dxc = dxn / self.std + (2.0 / self.batch_size) * self.xc * dvar
        dx = dxc - np.sum(dxc, axis=0) / self.batch_size
        return self._like_input(dx)

    def _per_channel(self):
        return len(self.input_shape) == 4 and self.gamma.size != np.prod(self.input_shape[1:])

    def _rows(self, x):
        return np.moveaxis(x, 1, 3).reshape(-1, x.shape[1]) if self._per_channel() else x.reshape(x.shape[0], -1)

    def _like_input(self, rows):
        if not self._per_channel():
            return rows.reshape(self.input_shape)
        N, C, H, W = self.input_shape
        return np.moveaxis(rows.reshape(N, H, W, C), 3, 1)
