"""Optimizers (section 6.1): each updates every parameter in place, one pass over memory per array.

``params`` and ``grads`` are dicts with the same keys, or, as in the series' second volume, lists of the same length. Arrays
are updated in place; a Python float, as in the book's toy examples, is replaced in ``params`` by its new value. ``lr`` may be
changed at any time.

What an optimizer remembers ends at 0 once it has faded below the smallest normal number, 1e-38 in float32: the formulas alone would
leave it at a few times the smallest subnormal number for ever, which slows processors down and moves no parameter.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import pynn._core as _core
from pynn._reading import count, number

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from typing import TypeAlias

    from pynn._typing import Array

    _Params: TypeAlias = MutableMapping[Any, Any] | list[Any]
    _Arrays: TypeAlias = dict[Any, Array] | Any      # None before the first update

__all__ = ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW"]


class _Optimizer:
    """What all optimizers do: go through the parameters, and give each its step.

    A subclass has ``_step(key, param, grad)``, which changes an array in place and returns it, or returns the new number.
    """

    # attributes with an array for each parameter, zeros at first; None before the first update
    _memory: tuple[str, ...] = ()
    _tried = False      # whether a first update has gone well

    def update(self, params: _Params, grads: Mapping[Any, Any] | Sequence[Any]) -> None:
        """Change every parameter in place by one step.

        Parameters
        ----------
        params : dict of str to ndarray, or list of ndarray
            float32 or float64, writeable.
        grads : dict or list
            A gradient for each parameter, of its shape.

        Raises
        ------
        KeyError, ValueError
            If a parameter has no gradient, or one of another shape, or was not there in the first update; if a ``beta`` or a ``decay_rate`` is not in [0, 1).
        TypeError
            If a setting is no number, or a parameter no array that can be changed.

        Notes
        -----
        A first update is tried on copies: one that is refused changes nothing. Of a later one, whose gradient has another shape than before,
        the parameters ahead of it have taken their step.
        """
        parameters = self._parameters(params, grads)
        if not self._tried:         # what a first update would be refused for is refused before anything has changed
            self._copy()._take([(key, _twin(param), grad) for key, param, grad in parameters], {})
            self._tried = True
        self._take(parameters, params)

    def _copy(self):
        """Another with the same settings and a memory of its own."""
        twin = copy.copy(self)
        for name in self._memory:
            setattr(twin, name, copy.deepcopy(getattr(self, name)))
        return twin

    def _take(self, parameters, numbers):
        """Take the step: arrays change in place, and what is a number is put into `numbers` anew."""
        if self._memory:
            if getattr(self, self._memory[-1]) is None:
                self._remember(parameters)
            self._check_memory(parameters)
        self._begin()
        step = self._step
        for key, param, grad in parameters:
            updated = step(key, param, grad)
            if updated is not param:
                numbers[key] = updated

    def _step(self, key: Any, param: Any, grad: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _step(key, param, grad)")

    def _begin(self):
        """What an update does once, for all parameters."""

    def _number(self, name):
        """A setting as a float, as the extension reads one."""
        return number(f"{type(self).__name__}.update", name, getattr(self, name))

    def _share(self, name):
        """A setting that says how much of what was remembered is kept."""
        value = self._number(name)
        if not 0 <= value < 1:
            raise ValueError(f"{type(self).__name__}.update: {name} is {value}; it must be at least 0 and below 1")
        return value

    def _remember(self, parameters):
        for name in self._memory:
            if getattr(self, name) is None:
                setattr(self, name, {key: np.zeros_like(param, dtype=None if isinstance(param, np.ndarray) else float)
                                     for key, param, _ in parameters})

    def _check_memory(self, parameters):
        """Whether there is something remembered for every parameter: they may be others than those of the first update."""
        for name in self._memory:
            kept = getattr(self, name)
            try:
                for key, _, _ in parameters:
                    if key not in kept:
                        new = [other for other, _, _ in parameters if other not in kept]
                        raise KeyError(f"{type(self).__name__}.update: {name} has nothing for {new}, which the first update had not; make a "
                                       f"new {type(self).__name__} for other parameters")
            except TypeError as error:
                raise TypeError(f"{type(self).__name__}.update: {name} is a {type(kept).__name__}; it must be a dict with an array for every "
                                "parameter, or None before the first update") from error

    def _parameters(self, params, grads):
        """Key, parameter and gradient of each; of lists the position is the key."""
        if hasattr(params, "keys") and hasattr(grads, "keys"):
            try:
                return [(key, param, grads[key]) for key, param in params.items()]
            except KeyError:
                missing = [key for key in params.keys() if key not in grads]
                raise KeyError(f"{type(self).__name__}.update: grads has no gradient for {missing}; it has {list(grads)} "
                               "and must have one for every key of params") from None
        if not isinstance(params, list) or not isinstance(grads, (list, tuple)):
            raise TypeError(f"{type(self).__name__}.update: params is a {type(params).__name__} and grads is a "
                            f"{type(grads).__name__}; they must be two dicts with the same keys or two lists of the same length")
        if len(params) != len(grads):
            raise ValueError(f"{type(self).__name__}.update: params has {len(params)} parameters but grads has {len(grads)} "
                             "gradients; there must be one for every parameter")
        return [(position, param, grad) for position, (param, grad) in enumerate(zip(params, grads))]

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in vars(self).items()
                             if name not in (*self._memory, "iter") and not name.startswith("_"))
        return f"{type(self).__name__}({settings})"


def _twin(param):
    """What may be changed in the place of a parameter, if that may be."""
    if not isinstance(param, np.ndarray):
        return param
    twin = param.copy()
    twin.flags.writeable = param.flags.writeable
    return twin


class SGD(_Optimizer):
    """Stochastic gradient descent (section 6.1.2): ``p -= lr * g``."""

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr

    def _step(self, key, param, grad):
        return _core.sgd(param, grad, self.lr)


class Momentum(_Optimizer):
    """SGD with momentum (section 6.1.4): ``v = momentum * v - lr * g``, then ``p += v``."""

    _memory = ("v",)

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr = lr
        self.momentum = momentum
        self.v: _Arrays = None

    def _step(self, key, param, grad):
        return _core.momentum(param, grad, self.v[key], self.lr, self.momentum)


class Nesterov(_Optimizer):
    """Nesterov's accelerated gradient, as the book writes it.

    ``p += momentum**2 * v - (1 + momentum) * lr * g``, then ``v = momentum * v - lr * g``: `p` is the point
    momentum is about to reach, so the gradient is taken there (Bengio et al., arXiv:1212.0901, eq. 7).
    """

    _memory = ("v",)

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr = lr
        self.momentum = momentum
        self.v: _Arrays = None

    def _step(self, key, param, grad):
        return _core.nesterov(param, grad, self.v[key], self.lr, self.momentum)


class AdaGrad(_Optimizer):
    """A learning rate per element that shrinks with the gradients seen (section 6.1.5; Duchi et al., 2011).

    ``h += g * g``, then ``p -= lr * g / (sqrt(h) + 1e-7)``.
    """

    _memory = ("h",)

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr
        self.h: _Arrays = None

    def _step(self, key, param, grad):
        return _core.adagrad(param, grad, self.h[key], self.lr)


class RMSprop(_Optimizer):
    """AdaGrad that forgets (Tieleman and Hinton, 2012).

    ``h = decay_rate * h + (1 - decay_rate) * g * g``, then ``p -= lr * g / (sqrt(h) + 1e-7)``.
    """

    _memory = ("h",)

    def __init__(self, lr: float = 0.01, decay_rate: float = 0.99) -> None:
        self.lr = lr
        self.decay_rate = decay_rate
        self.h: _Arrays = None

    def _begin(self):
        self._share("decay_rate")       # beyond 1, h would become negative

    def _step(self, key, param, grad):
        return _core.rmsprop(param, grad, self.h[key], self.lr, self.decay_rate)


class Adam(_Optimizer):
    """Momentum and a rate per element, both corrected for their start at zero (section 6.1.6; arXiv:1412.6980).

    ``m += (1 - beta1) * (g - m)``, ``v += (1 - beta2) * (g * g - v)``, then ``p -= lr_t * m / (sqrt(v) + 1e-7)``
    with ``lr_t = lr * sqrt(1 - beta2**iter) / (1 - beta1**iter)``.
    """

    _memory = ("m", "v")

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.iter = 0
        self.m: _Arrays = None
        self.v: _Arrays = None

    def _begin(self):
        lr, beta1, beta2 = self._number("lr"), self._share("beta1"), self._share("beta2")
        try:
            steps = self.iter + 1
            self._lr_t = lr * math.sqrt(1.0 - beta2 ** steps) / (1.0 - beta1 ** steps)
        except (TypeError, ValueError, ArithmeticError):
            count(f"{type(self).__name__}.update", "iter", self.iter, least=0)
            raise
        self.iter = steps

    def _step(self, key, param, grad):
        return _core.adam(param, grad, self.m[key], self.v[key], self._lr_t, self.beta1, self.beta2)


class AdamW(Adam):
    """Adam with weight decay that the rates per element leave alone (Loshchilov and Hutter, arXiv:1711.05101).

    Adam's step, with ``p -= lr * weight_decay * p`` beside it, p being the parameter before the step. Every parameter decays,
    biases included, as in PyTorch.
    """

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, weight_decay: float = 0.01) -> None:
        super().__init__(lr, beta1, beta2)
        self.weight_decay = weight_decay

    def _begin(self):
        super()._begin()
        self._decay = self._number("lr") * self._number("weight_decay")

    def _step(self, key, param, grad):
        return _core.adamw(param, grad, self.m[key], self.v[key], self._lr_t, self.beta1, self.beta2, self._decay)
