"""Networks and functions as something to check, and which of the three a thing is."""

import copy
from collections.abc import Mapping

import numpy as np

import pynn._core as _core
from pynn.check.copies import float64_copy
from pynn.check.layer_subject import LayerSubject
from pynn.check.subject import Subject, as_float64, other_batch
from pynn.layers.protocol import takes


def as_subject(what, x, t):
    """The subject for what `gradient_check` was given."""
    if isinstance(what, type):
        raise TypeError(f"gradient_check: {what.__name__} is a class; give an object of it, such as {what.__name__}(...)")
    if all(callable(getattr(what, name, None)) for name in ("loss", "gradient")):
        return NetworkSubject(what, x, t)
    if all(callable(getattr(what, name, None)) for name in ("forward", "backward")):
        return LayerSubject(what, x, t)
    if callable(what) and not hasattr(what, "params"):
        return FunctionSubject(what, x, t)
    lacks = " and ".join(f"no {name}" for name in ("loss", "gradient") if not hasattr(what, name))
    raise TypeError(f"gradient_check: this {type(what).__name__} has {lacks}; give a network with params, loss(x, t) and "
                    "gradient(x, t), a layer with forward(x) and backward(dout), or a function and its gradient")


class NetworkSubject(Subject):
    """A network in the book's style, in training mode."""

    def __init__(self, net, x, t):
        if not isinstance(getattr(net, "params", None), Mapping):
            raise TypeError(f"gradient_check: this {type(net).__name__} has no dict params; keep its weights there, as in "
                            "params['W1'] (section 4.5.1)")
        if t is None:
            raise TypeError("gradient_check: a network needs labels; call gradient_check(net, x, t)")
        self.net = float64_copy(net)
        super().__init__(net, self.net)
        for name, param in self.net.params.items():
            if not isinstance(param, np.ndarray) or param.dtype != np.float64:
                self.net.params[name] = np.array(param, np.float64)
        self.pristine = copy.deepcopy(self.net)
        self.x, self.t = as_float64(x, "f"), np.array(_core.as_array("gradient_check", "t", t))
        self.x = self.x if self.x.dtype.kind != "u" else self.x.astype(np.float64)
        if self.x.ndim and self.t.ndim and len(self.x) != len(self.t) and self.x.ndim > 1:
            raise ValueError(f"gradient_check: x has {len(self.x)} samples but t has {len(self.t)} labels")
        if self.t.ndim == 2 and self.t.shape[1] == 1 < len(self.t) and self.t.dtype.kind in "iu":
            raise ValueError(f"gradient_check: t has shape {self.t.shape}, which y[np.arange(batch_size), t] takes for every "
                             "label in "
                             f"every row; labels must be ({len(self.t)},), use t.ravel() (section 4.2.4)")
        self.training = {"train_flg": True} if takes(net.loss, "train_flg") else {}
        self.arrays = dict(self.net.params.items())
        self.settle()

    @property
    def magnitude(self):
        return abs(self.loss())

    def draws_at_first(self):
        net = copy.deepcopy(self.pristine)
        self.random.restore(net)
        net.loss(self.x.copy(), self.t.copy(), **self.training)
        return self.random.moved(net)

    def loss(self):
        self.random.restore(self.net)
        return float(self.net.loss(self.x.copy(), self.t.copy(), **self.training))

    def gradients(self, calls=1, after_another=False):
        """What `gradient` says in `calls` calls, on a fresh copy or after it worked on another batch."""
        net = copy.deepcopy(self.pristine)
        if after_another:
            other = other_batch(self.x)
            self._quiet(net, other)
        return [self._gradient(net) for _ in range(calls)]

    def _quiet(self, net, x):
        self.random.restore(net)
        net.loss(x.copy(), self.t.copy(), **self.training)
        self.random.restore(net)
        net.gradient(x.copy(), self.t.copy())

    def _gradient(self, net):
        self.random.restore(net)
        x = self.x.copy()
        before = {name: np.array(param) for name, param in net.params.items()}
        grads = net.gradient(x, self.t.copy())
        self.trained |= {name for name, param in before.items() if not np.array_equal(param, net.params[name], equal_nan=True)}
        if not np.array_equal(x, self.x, equal_nan=True):
            self.damages.add("x")
        if not isinstance(grads, Mapping):
            raise TypeError(f"gradient_check: {self.name}.gradient returned a {type(grads).__name__}; it must return a dict "
                            "with the keys of params (section 4.5.1)")
        grads = {name: None if grads.get(name) is None else np.array(grads[name]) for name in self.arrays}
        self.refuse_float32(grads)
        return grads

    def claim(self, name, i, shift):
        """What the gradient of element `i` of a parameter would be if that were shifted."""
        net = copy.deepcopy(self.pristine)
        net.params[name].flat[i] += shift
        return self._gradient(net)[name].flat[i]

    def with_rows(self, rows):
        """The same network with some of the samples."""
        return NetworkSubject(self.pristine, self.x[rows], self.t[rows])


class FunctionSubject(Subject):
    """A function of one array, which returns a number or is applied element by element, and its derivative."""

    def __init__(self, f, x, gradient):
        super().__init__(f, None)
        if gradient is None:
            raise TypeError(f"gradient_check: what is the gradient of {self.name}? Call gradient_check(f, x, its_gradient)")
        self.f, self.gradient = f, gradient
        self.x = as_float64(x)
        self.arrays = {"x": self.x}
        out = np.asarray(f(self.x.copy()))
        if out.size != 1 and out.shape != self.x.shape:
            raise ValueError(f"gradient_check: {self.name} returned shape {out.shape} for x of shape {self.x.shape}; it must "
                             "return one number, or a number for each element")
        self.settle()

    @property
    def magnitude(self):
        return float(np.sum(np.abs(self.f(self.x.copy()))))

    def loss(self):
        self.random.restore(None)
        return float(np.sum(self.f(self.x.copy())))

    def gradients(self, calls=1, after_another=False):
        return [self._gradient() for _ in range(calls)]

    def claim(self, name, i, shift):
        if not callable(self.gradient):
            raise ValueError("a gradient that is an array is that of x alone")
        x = self.x.copy()
        x.flat[i] += shift
        return np.asarray(self.gradient(x)).flat[i]

    def _gradient(self):
        grad = np.array(self.gradient(self.x.copy()) if callable(self.gradient) else self.gradient)
        self.refuse_float32({"x": grad})
        return {"x": grad}
