"""The gradient check (section 5.7.3): backpropagation against differences of the loss."""

import random

import numpy as np

from pynn.check.diagnosis import diagnose_gradient
from pynn.check.differences import Differences
from pynn.check.report import GradientCheck, ParameterCheck
from pynn.check.subjects import NetworkSubject, as_subject
from pynn.check.wiring import diagnose_layers

STEPS = 10.0 ** -np.arange(1, 11)
SURE = 1e-2             # below this probability the 1e-7 in the book's logarithm bends the loss


def check(what, x, t, tol, entries):
    """What `pynn.gradient_check` does."""
    state = np.random.get_state(), random.getstate()
    try:
        subject = as_subject(what, x, t)
        try:
            evidence = Evidence(subject, tol, entries)
        except GradientRaised as error:
            return _of_its_layers(subject, tol, error)
        if evidence.wrong() and _is_capped(subject):
            evidence = Evidence(_shrunk(subject), tol, entries)
        return evidence.report(diagnose_gradient(evidence))
    finally:
        np.random.set_state(state[0])
        random.setstate(state[1])


class GradientRaised(RuntimeError):
    """The gradient could not be computed at all."""


class Evidence:
    """The claimed gradients beside the differences of the loss.

    Attributes
    ----------
    first, after, again : dict of str to ndarray or None
        The gradient of a fresh copy, after another batch, and once more. `first` is None where a gradient can only be had
        after an earlier forward pass.
    problems : dict of str to str
        Why an array has nothing to compare.
    """

    def __init__(self, subject, tol, entries=100):
        self.subject, self.tol, self.entries = subject, tol, entries
        self.first, failure = self._ask()
        try:
            self.after, self.again = subject.gradients(2, after_another=True)
        except Exception as error:
            error = failure or error
            if str(error).startswith("gradient_check:"):
                raise error
            raise GradientRaised(f"gradient_check: computing the gradient of {subject.name} raised {type(error).__name__}: "
                                 f"{error}") from error
        self.differences = {name: Differences(subject, name, entries) for name in subject.arrays}
        self.problems, self.errors, self.backprop = {}, {}, {}
        for name in subject.arrays:
            self._compare(name)

    def _ask(self):
        try:
            return self.subject.gradients()[0], None
        except Exception as error:
            return None, error

    def numerical(self, name):
        """The derivatives where they exist and were measured, else NaN."""
        difference = self.differences[name]
        return np.where(difference.kinks, np.nan, difference.numerical)

    def wrong(self):
        """The arrays whose gradient is."""
        return [name for name in self.subject.arrays
                if name in self.problems or np.any(self.errors[name] > self.tol)]

    def agrees(self, gradient, name):
        """Whether a gradient of that name, such as ``evidence.first['W1']``, is right."""
        param = self.subject.arrays[name]
        return gradient is not None and gradient.shape == param.shape and not np.any(
            self.differences[name].compare(gradient, self.tol) > self.tol)

    def _compare(self, name):
        claims = [grads[name] for grads in (self.first, self.after, self.again) if grads is not None]
        param = self.subject.arrays[name]
        for grad in claims:
            if grad is None or grad.shape != param.shape or grad.dtype.kind not in "fiub":
                self.problems[name] = self._in_words(name, grad)
                self.backprop[name] = grad
                self.errors[name] = np.full(param.shape, np.nan)
                return
        distinct = [claims[0]] + [grad for grad in claims[1:] if not np.array_equal(grad, claims[0], equal_nan=True)]
        errors = [self.differences[name].compare(grad, self.tol) for grad in distinct]
        errors = [self.differences[name]._error(grad, self.tol) for grad in distinct] if len(distinct) > 1 else errors
        worst = int(np.argmax([np.max(error, initial=0.0) for error in errors]))
        self.errors[name], self.backprop[name] = errors[worst], distinct[worst]

    def _in_words(self, name, grad):
        owner = self.subject.name
        if grad is None:
            return f"{owner} gives no gradient for {name}"
        param = self.subject.arrays[name]
        if grad.shape != param.shape:
            return f"the gradient of {name} has shape {grad.shape} but {name} has shape {param.shape}; they must be equal"
        return f"the gradient of {name} has dtype {grad.dtype}; it must be numbers"

    def report(self, diagnoses):
        """The result for the reader."""
        errors = {}
        for name in self.subject.arrays:
            if name not in self.problems:
                errors[name] = np.where(np.isnan(self.numerical(name)), np.nan, self.errors[name])
        remarks = [self.subject.remark] if getattr(self.subject, "remark", "") else []
        return GradientCheck(self.subject.name, [self._row(name) for name in self.subject.arrays], self.tol, diagnoses, errors,
                             self._by_step, remarks)

    def _row(self, name):
        param, difference = self.subject.arrays[name], self.differences[name]
        nothing = float("nan")
        if name in self.problems:
            return ParameterCheck(name, param.shape, float("inf"), (), nothing, nothing, 0, 0, 0, self.problems[name])
        error = self.errors[name]
        if not error.size:
            return ParameterCheck(name, param.shape, 0.0, (), nothing, nothing, 0, 0, 0)
        index = np.unravel_index(self._worst_entry(name), param.shape)
        checked = np.isfinite(difference.numerical)
        return ParameterCheck(name, param.shape, float(error[index]), tuple(map(int, index)),
                              float(self.backprop[name][index]), float(difference.numerical[index]),
                              int(difference.kinks.sum()), int(np.sum(error > self.tol)), int(checked.sum()))

    def _worst_entry(self, name):
        measured = np.isfinite(self.numerical(name))
        candidates = np.flatnonzero(measured) if measured.any() else self.differences[name].chosen
        return candidates[np.argmax(self.errors[name].flat[candidates])]

    def _by_step(self):
        """Each array's steps and the errors of its worst entry with them."""
        curves = {}
        for name in self.subject.arrays:
            if name not in self.problems and self.errors[name].size:
                i, difference = self._worst_entry(name), self.differences[name]
                value = self.backprop[name].flat[i]
                slopes = np.array([difference.central(i, h) for h in STEPS])
                scale = np.maximum(np.maximum(abs(value), np.abs(slopes)), np.finfo(float).tiny)
                curves[name] = (STEPS, np.abs(slopes - value) / scale)
        return curves


def _of_its_layers(subject, tol, error):
    """The report on a network whose gradient raises, if one of its layers is wrong alone; else the error."""
    found = diagnose_layers(subject, Evidence, tol) if isinstance(subject, NetworkSubject) else []
    if not found:
        raise error
    nothing, says = float("nan"), str(error).removeprefix("gradient_check: ")
    rows = [ParameterCheck(name, param.shape, float("inf"), (), nothing, nothing, 0, 0, 0, says)
            for name, param in subject.arrays.items()]
    return GradientCheck(subject.name, rows, tol, found)


def _is_capped(subject):
    """Whether the right class of a sample has so little probability that the 1e-7 in the logarithm matters."""
    net = getattr(subject, "net", None) or getattr(subject, "layer", None)
    last = getattr(net, "last_layer", getattr(net, "lastLayer", net))
    if net is None or not (hasattr(subject, "t") or subject.is_loss):
        return False
    t = subject.t if hasattr(subject, "t") else subject.inputs[-1]
    y = getattr(last, "y", None)
    if y is None and hasattr(net, "predict"):
        y = np.asarray(net.predict(subject.x.copy()))
        if y.ndim == 2 and not np.allclose(y.sum(axis=1), 1):
            y = np.exp(y - y.max(axis=1, keepdims=True))
            y /= y.sum(axis=1, keepdims=True)
    y = np.asarray(0.0 if y is None else y, np.float64)
    if y.ndim != 2 or t.shape not in (y.shape, y.shape[:1]):
        return False
    labels = t if t.ndim == 1 else t.argmax(axis=1)
    return labels.dtype.kind in "iu" and float(y[np.arange(len(y)), labels].min()) < SURE


def _shrunk(subject):
    for _ in range(60):
        if hasattr(subject, "net"):
            for params in (subject.net.params, subject.pristine.params):
                for param in params.values():
                    param *= 0.5
        else:
            subject.x *= 0.5
        subject.loss()
        if not _is_capped(subject):
            break
    subject.remark = ("remark: as it came the right class had next to no probability, where the 1e-7 inside the logarithm "
                      "flattens the loss (section 4.2.2); checked with smaller "
                      f"{'parameters' if hasattr(subject, 'net') else 'x'}")
    return subject
