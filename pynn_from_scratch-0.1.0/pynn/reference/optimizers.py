"""The update rules of section 6.1; each changes `params` in place."""

import numpy as np

EPSILON = 1e-7    # the book's guard against a division by zero


def _zeros(params):
    return {key: np.zeros_like(value) for key, value in params.items()}


class SGD:
    """W := W - lr dW (section 6.1.2)."""

    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        """Change every parameter in place by one step."""
        for key in params:
            params[key] -= self.lr * grads[key]


class Momentum:
    """v := momentum v - lr dW, W := W + v (section 6.1.4)."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        """Change every parameter in place by one step."""
        if self.v is None:
            self.v = _zeros(params)
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


class Nesterov:
    """W := W + momentum^2 v - (1 + momentum) lr dW, then v as in Momentum.

    Nesterov's accelerated gradient with the parameters kept at the point where
    the gradient is taken (Bengio et al., arXiv:1212.0901).
    """

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        """Change every parameter in place by one step."""
        if self.v is None:
            self.v = _zeros(params)
        for key in params:
            params[key] += self.momentum * self.momentum * self.v[key]
            params[key] -= (1 + self.momentum) * self.lr * grads[key]
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]


class AdaGrad:
    """h := h + dW^2, W := W - lr dW / (sqrt(h) + 1e-7) (section 6.1.5)."""

    def __init__(self, lr=0.01):
        self.lr = lr
        self.h = None

    def update(self, params, grads):
        """Change every parameter in place by one step."""
        if self.h is None:
            self.h = _zeros(params)
        for key in params:
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + EPSILON)


class RMSprop:
    """AdaGrad with h := decay_rate h + (1 - decay_rate) dW^2."""

    def __init__(self, lr=0.01, decay_rate=0.99):
        self.lr = lr
        self.decay_rate = decay_rate
        self.h = None

    def update(self, params, grads):
        """Change every parameter in place by one step."""
        if self.h is None:
            self.h = _zeros(params)
        for key in params:
            self.h[key] *= self.decay_rate
            self.h[key] += (1 - self.decay_rate) * grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + EPSILON)


class Adam:
    """Bias-corrected first and second moments (section 6.1.6; arXiv:1412.6980).

    m := m + (1 - beta1)(dW - m), v := v + (1 - beta2)(dW^2 - v),
    W := W - lr_t m / (sqrt(v) + 1e-7),
    lr_t = lr sqrt(1 - beta2^iter) / (1 - beta1^iter).
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.iter = 0
        self.m = None
        self.v = None

    def update(self, params, grads):
        """Change every parameter in place by one step."""
        if self.m is None:
            self.m, self.v = _zeros(params), _zeros(params)
        self.iter += 1
        # a Python float: a NumPy scalar would lift float32 arrays to float64
        lr_t = self.lr * (1 - self.beta2**self.iter)**0.5 / (1 - self.beta1**self.iter)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key]**2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + EPSILON)


class AdamW(Adam):
    """Adam's step and W := W - lr weight_decay W (arXiv:1711.05101)."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, weight_decay=0.01):
        super().__init__(lr, beta1, beta2)
        self.weight_decay = weight_decay

    def update(self, params, grads):
        """Change every parameter in place by one step."""
        decay = {key: self.lr * self.weight_decay * value for key, value in params.items()}
        super().update(params, grads)
        for key in params:
            params[key] -= decay[key]
