"""A gradient check that says where backpropagation errs and why, and a look at a network's health."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pynn._reading import count, number

if TYPE_CHECKING:
    from pynn._typing import ArrayLike
    from pynn.check.findings import Finding as Finding
    from pynn.check.findings import HealthReport as HealthReport
    from pynn.check.hypothesis import Diagnosis as Diagnosis
    from pynn.check.report import GradientCheck as GradientCheck

__all__ = ["diagnose", "gradient_check"]

# Only what is asked for is imported: all of it takes longer than the rest of pynn.
_CLASSES = {"Diagnosis": "hypothesis", "Finding": "findings", "GradientCheck": "report", "HealthReport": "findings"}


if not TYPE_CHECKING:
    def __getattr__(name):
        if name in _CLASSES:
            from importlib import import_module
            return getattr(import_module(f"pynn.check.{_CLASSES[name]}"), name)
        raise AttributeError(f"module 'pynn.check' has no attribute {name!r}")


def gradient_check(what: Any, x: ArrayLike, t: Any = None, tol: float = 1e-4, entries: int | None = 100) -> GradientCheck:
    """Compare a gradient with differences of the loss, entry by entry, and say what is wrong with it.

    Parameters
    ----------
    what : network, layer or function
        pynn's or your own. A network in the book's style has ``params``, ``loss(x, t)`` and ``gradient(x, t)``. A layer
        has ``forward(x)`` and ``backward(dout)`` and for a parameter ``W`` its gradient ``dW``. A function takes `x` and
        returns a number, or is applied element by element.
    x : array_like
        A small batch.
    t : array_like, optional
        The labels, for a network or a loss layer; the second input of a layer that has two; for a function its gradient,
        as a function or as an array.
    tol : float
        Largest relative error of an entry that counts as rounding.
    entries : int or None
        How many entries of each array are compared one by one, spread evenly, the same in every run. The others are
        compared together along random directions, and one by one where those disagree. None for every entry.

    Returns
    -------
    GradientCheck
        ``if gradient_check(net, x, t): ...``, or print it, or ``gradient_check(net, x, t).assert_ok()`` in a test.

    Raises
    ------
    TypeError
        If `what` cannot be checked: it has no ``params``, say.
    ValueError
        If the loss is not finite, differs from call to call, or is computed in float32 whatever its input.

    Notes
    -----
    Works on copies in float64: neither the network nor `x` changes. Random numbers, such as the masks of dropout, are the
    same in every pass. The gradient is asked for three times, on a fresh copy, after another batch, and once more, so what is
    left over from call to call shows.

    The relative error is the difference over the larger of the two values, or over 1/10 of the array's largest derivative
    where both are smaller, or over what the rounding of the loss allows. Where the slopes to the left and to the right
    differ however small the step, as at a ReLU's 0 or where pixels tie for the maximum, there is no derivative: the entry is
    set aside as a kink.

    Backprop leaves out the 1e-7 that the book's loss has inside its logarithm. A network that gives the right class hardly
    any probability is therefore checked with its parameters halved until it does not.
    """
    from pynn.check.gradient import check
    tol = number("gradient_check", "tol", tol)
    if not 0 < tol < math.inf:
        raise ValueError(f"gradient_check: tol is {tol}; it must be a finite number above 0")
    return check(what, x, t, tol, entries if entries is None else count("gradient_check", "entries", entries))


def diagnose(net: Any, x: ArrayLike, t: ArrayLike, *, lr: float = 0.1) -> HealthReport:
    """Look at a network and its data, before training or in the middle of it, and say what is suspicious.

    Looked at are: NaN, pixels that were not divided by 255, samples that are all the same; labels that are outside of the
    classes, count from 1 or are of one class; the loss beside that of guessing; dead ReLUs, saturated sigmoids, activations and
    gradients that vanish; the size of a step beside that of the weights; and whether a copy of the network can learn
    twenty samples by heart.

    Parameters
    ----------
    net : object
        pynn's network or your own with ``params``, ``predict(x)``, ``loss(x, t)`` and ``gradient(x, t)``. It is not changed.
        Activations are seen where it has layers with ``forward`` and ``backward``.
    x : array_like, shape (N, ...)
        Samples as the network gets them, a hundred or more; of the network's outputs the first thousand are looked at.
    t : array_like
        Labels, (N,) or one-hot (N, classes); or what a regression is to give.
    lr : float
        The learning rate for which the size of SGD's steps is shown.

    Returns
    -------
    HealthReport
        True if there is nothing to look at; print it.

    Notes
    -----
    That labels belong to other samples, because only one of the two was shuffled, cannot be seen: a network learns that by
    heart, too. Takes some 3 seconds at most for the twenty samples.
    """
    from pynn.check import health
    return health.diagnose(net, x, t, lr)
