"""Comparison of backpropagation with the numerical gradient (section 5.7.3) that says where they differ."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pynn._typing import ArrayLike, Checkable

__all__ = ["GradientCheck", "gradient_check"]

H = 1e-4            # of the numerical gradient
H_KINK = 1e-6       # of the second look at entries that disagree


class ParameterCheck(NamedTuple):
    """The entry of one parameter where the two gradients differ most, kinks aside."""

    name: str
    shape: tuple[int, ...]
    error: float
    index: tuple[int, ...]      # type: ignore[assignment]     # hides the method of a tuple
    backprop: float
    numerical: float
    kinks: int
    off: int


class GradientCheck:
    """What `gradient_check` found. It is true if all entries agree, and prints as a table.

    Attributes
    ----------
    ok : bool
    tol : float
    parameters : list of ParameterCheck
        For each parameter its largest relative `error`, the `index` of that entry with both values, how many entries were
        set aside as `kinks`, and how many are `off` by more than `tol`.
    """

    def __init__(self, parameters: list[ParameterCheck], tol: float) -> None:
        self.parameters = parameters
        self.tol = tol
        self.ok = all(p.off == 0 for p in parameters)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        wrong = ", ".join(f"{p.name}{list(p.index)}" for p in self.parameters if p.off)
        lines = [f"gradient check {'passed' if self.ok else f'failed at {wrong}'} (tolerance {self.tol:g})",
                 f"{'':8}{'shape':>16}  {'rel. error':>10}  {'at':>16}  {'backprop':>12}  {'numerical':>12}"
                 f"  {'kinks':>6}  {'off':>6}"]
        for p in self.parameters:
            lines.append(f"{p.name:8}{p.shape!s:>16}  {p.error:>10.1e}  {list(p.index)!s:>16}  {p.backprop:>12.5e}"
                         f"  {p.numerical:>12.5e}  {p.kinks:>6}  {p.off:>6}")
        return "\n".join(lines)

    __repr__ = __str__


def gradient_check(net: Checkable, x: ArrayLike, t: ArrayLike, tol: float = 1e-4) -> GradientCheck:
    """Compare ``net.gradient(x, t)`` with ``net.numerical_gradient(x, t)``, entry by entry.

    Parameters
    ----------
    net : object
        A network with `params`, `loss`, `gradient` and `numerical_gradient`: pynn's, or one of your own in the book's
        style. It must be float64, and its loss the same whenever it is asked (no dropout).
    x, t : array_like
        A small batch.
    tol : float
        Largest relative error of an entry that counts as rounding.

    Returns
    -------
    GradientCheck
        ``if gradient_check(net, x, t): ...``, or print it.

    Raises
    ------
    ValueError
        If a parameter is not float64: rounding would hide errors, or look like them.

    Notes
    -----
    The relative error is the difference over the larger of the two values, or over 1/10 of the parameter's largest value
    where both are smaller, or over what the rounding of the loss allows.

    A central difference is wrong where a ReLU or a maximum changes sides between ``w - h`` and ``w + h``. So entries that
    disagree are looked at again with a step of 1e-6: if backprop then lies between the slopes to the left and to the right,
    the entry is a kink and set aside. The search begins with the largest error and ends with the first that is none.

    Check a network that is not trained yet. Backprop leaves out the 1e-7 that the loss has inside its logarithm, a relative
    error of 1e-7 over the probability of the right class.
    """
    for name, param in net.params.items():
        if param.dtype != np.float64:
            raise ValueError(f"gradient_check: {name} is {param.dtype}, whose rounding hides errors; build the network with "
                             "dtype=np.float64 to check it")
    training = {"train_flg": True} if "train_flg" in inspect.signature(net.loss).parameters else {}
    backprop, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    parameters = [_check_parameter(lambda: float(net.loss(x, t, **training)), name, param, backprop[name], numerical[name], tol)
                  for name, param in net.params.items()]
    return GradientCheck(parameters, tol)


def _check_parameter(loss, name, param, backprop, numerical, tol):
    if backprop.shape != param.shape:
        raise ValueError(f"gradient_check: the gradient of {name} has shape {backprop.shape} but {name} has shape "
                         f"{param.shape}; they must be equal")
    base = loss()
    rounding = 4 * np.finfo(np.float64).eps * max(1, abs(base))
    size = np.nan_to_num(np.maximum(np.abs(backprop), np.abs(numerical)))
    scale = np.maximum(size, max(np.max(size) / 10, 2 * rounding / H / tol))
    error = np.nan_to_num(np.abs(backprop - numerical) / scale, nan=np.inf)
    kinks = 0
    for worst in np.argsort(-error, axis=None):
        index = np.unravel_index(worst, param.shape)
        if error[index] <= tol:
            break
        left, right = _slopes(loss, base, param, index)
        slack = tol * scale[index] + rounding / H_KINK
        if not min(left, right) - slack <= backprop[index] <= max(left, right) + slack:
            break
        kinks += 1
    return ParameterCheck(name, param.shape, float(error[index]), tuple(map(int, index)), float(backprop[index]),
                          float(numerical[index]), kinks, int(np.sum(error > tol)) - kinks)


def _slopes(loss, base, param, index):
    """The one-sided differences to the left and to the right."""
    value = param[index]
    try:
        param[index] = value + H_KINK
        above = loss()
        param[index] = value - H_KINK
        below = loss()
    finally:
        param[index] = value
    return (base - below) / H_KINK, (above - base) / H_KINK
