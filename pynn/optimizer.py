"""Optimizers (ch. 6.1): each updates every parameter in place, one pass over memory per array.

``params`` and ``grads`` are dicts with the same keys. Arrays are updated in place; a Python float, as in
the book's toy examples, is replaced in ``params`` by its new value. ``lr`` may be changed at any time.
"""
import numpy as np

import pynn._core as _core

__all__ = ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW"]


def _check_keys(name, params, grads):
    if not params.keys() <= grads.keys():
        missing = [key for key in params if key not in grads]
        raise KeyError(f"{name}.update: grads has no gradient for {missing}; it has {list(grads)} "
                       "and must have one for every key of params")


def _zeros_like(params):
    return {key: np.zeros_like(param, dtype=None if isinstance(param, np.ndarray) else float)
            for key, param in params.items()}


class SGD:
    """Stochastic gradient descent (ch. 6.1.2): ``p -= lr * g``."""

    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        _check_keys("SGD", params, grads)
        for key, param in params.items():
            params[key] = _core.sgd(param, grads[key], self.lr)


class Momentum:
    """SGD with momentum (ch. 6.1.4): ``v = momentum * v - lr * g``, then ``p += v``."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        _check_keys("Momentum", params, grads)
        if self.v is None:
            self.v = _zeros_like(params)
        for key, param in params.items():
            params[key] = _core.momentum(param, grads[key], self.v[key], self.lr, self.momentum)


class Nesterov:
    """Nesterov's accelerated gradient, as the book writes it.

    ``p += momentum**2 * v - (1 + momentum) * lr * g``, then ``v = momentum * v - lr * g``: `p` is the point
    momentum is about to reach, so the gradient is taken there (Bengio et al., arXiv:1212.0901, eq. 7).
    """

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        _check_keys("Nesterov", params, grads)
        if self.v is None:
            self.v = _zeros_like(params)
        for key, param in params.items():
            params[key] = _core.nesterov(param, grads[key], self.v[key], self.lr, self.momentum)


class AdaGrad:
    """A learning rate per element that shrinks with the gradients seen (ch. 6.1.5; Duchi et al., 2011).

    ``h += g * g``, then ``p -= lr * g / (sqrt(h) + 1e-7)``.
    """

    def __init__(self, lr=0.01):
        self.lr = lr
        self.h = None

    def update(self, params, grads):
        _check_keys("AdaGrad", params, grads)
        if self.h is None:
            self.h = _zeros_like(params)
        for key, param in params.items():
            params[key] = _core.adagrad(param, grads[key], self.h[key], self.lr)


class RMSprop:
    """AdaGrad that forgets (Tieleman and Hinton, 2012).

    ``h = decay_rate * h + (1 - decay_rate) * g * g``, then ``p -= lr * g / (sqrt(h) + 1e-7)``.
    """

    def __init__(self, lr=0.01, decay_rate=0.99):
        self.lr = lr
        self.decay_rate = decay_rate
        self.h = None

    def update(self, params, grads):
        _check_keys("RMSprop", params, grads)
        if self.h is None:
            self.h = _zeros_like(params)
        for key, param in params.items():
            params[key] = _core.rmsprop(param, grads[key], self.h[key], self.lr, self.decay_rate)


class Adam:
    """Momentum and a rate per element, both corrected for their start at zero (ch. 6.1.6; arXiv:1412.6980).

    ``m += (1 - beta1) * (g - m)``, ``v += (1 - beta2) * (g * g - v)``, then ``p -= lr_t * m / (sqrt(v) + 1e-7)``
    with ``lr_t = lr * sqrt(1 - beta2**iter) / (1 - beta1**iter)``.
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.iter = 0
        self.m = None
        self.v = None

    def update(self, params, grads):
        _check_keys("Adam", params, grads)
        if self.m is None:
            self.m, self.v = _zeros_like(params), _zeros_like(params)
        self.iter += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2 ** self.iter) / (1.0 - self.beta1 ** self.iter)
        for key, param in params.items():
            params[key] = _core.adam(param, grads[key], self.m[key], self.v[key], lr_t, self.beta1, self.beta2)


class AdamW:
    """Adam with weight decay that the rates per element leave alone (Loshchilov and Hutter, arXiv:1711.05101).

    Adam's step, with ``p -= lr * weight_decay * p`` beside it, p being the parameter before the step. Every parameter decays,
    biases included, as in PyTorch.
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, weight_decay=0.01):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.weight_decay = weight_decay
        self.iter = 0
        self.m = None
        self.v = None

    def update(self, params, grads):
        _check_keys("AdamW", params, grads)
        if self.m is None:
            self.m, self.v = _zeros_like(params), _zeros_like(params)
        self.iter += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2 ** self.iter) / (1.0 - self.beta1 ** self.iter)
        for key, param in params.items():
            params[key] = _core.adamw(param, grads[key], self.m[key], self.v[key], lr_t, self.beta1, self.beta2,
                                      self.lr * self.weight_decay)
