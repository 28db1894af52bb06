"""Perceptrons (chapter 2): gates of weights and a bias, and circuits of NAND alone.

A gate takes 0s and 1s and returns an int for single inputs, or an array when the inputs are
arrays, so a truth table is one call: ``AND([0, 1, 0, 1], [0, 0, 1, 1])``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

import pynn._core as _core
from pynn._reading import number, real_array
from pynn.functions import matmul, step_function

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pynn._typing import Array, ArrayLike, Number

__all__ = ["Perceptron", "AND", "NAND", "OR", "XOR", "half_adder", "full_adder", "ripple_carry_adder"]


class Perceptron:
    """A neuron that fires when the weighted sum of its inputs exceeds a threshold (section 2.3).

    .. math:: y = 1 \\text{ if } w \\cdot x + b > 0 \\text{ else } 0

    Parameters
    ----------
    w : array_like, shape (n,)
        Weights: how much each input matters.
    b : float
        Bias: how easily the neuron fires.
    """

    def __init__(self, w: ArrayLike, b: float) -> None:
        self.w: Array = real_array("Perceptron", "w", w).astype(float, copy=False)
        self.b = number("Perceptron", "b", b)
        if self.w.ndim != 1:
            raise ValueError(f"Perceptron: w has {self.w.ndim} dimensions; give one weight per input, shape (n,)")

    def forward(self, x: ArrayLike) -> Any:
        """Return 0 or 1 for one sample of shape (n,), or an int64 array (N,) for samples (N, n)."""
        y = step_function(matmul(x, self.w) + self.b)
        return y if np.ndim(y) else int(y)

    __call__ = forward


_AND = Perceptron([0.5, 0.5], -0.7)
_NAND = Perceptron([-0.5, -0.5], 0.7)
_OR = Perceptron([0.5, 0.5], -0.2)


def _pairs(func, x1, x2):
    x1, x2 = _core.as_array(func, "x1", x1), _core.as_array(func, "x2", x2)
    try:
        return np.stack(np.broadcast_arrays(x1, x2), axis=-1)
    except ValueError:
        raise ValueError(f"{func}: x1 has shape {x1.shape} and x2 has shape {x2.shape}; they must be equal, or one a number") from None


@overload
def AND(x1: Number, x2: Number) -> int: ...
@overload
def AND(x1: ArrayLike, x2: ArrayLike) -> Array: ...
def AND(x1: ArrayLike, x2: ArrayLike) -> Any:
    """1 when both inputs are 1 (section 2.3.2)."""
    return _AND(_pairs("AND", x1, x2))


@overload
def NAND(x1: Number, x2: Number) -> int: ...
@overload
def NAND(x1: ArrayLike, x2: ArrayLike) -> Array: ...
def NAND(x1: ArrayLike, x2: ArrayLike) -> Any:
    """0 when both inputs are 1: AND with its weights and bias negated (section 2.3.3)."""
    return _NAND(_pairs("NAND", x1, x2))


@overload
def OR(x1: Number, x2: Number) -> int: ...
@overload
def OR(x1: ArrayLike, x2: ArrayLike) -> Array: ...
def OR(x1: ArrayLike, x2: ArrayLike) -> Any:
    """1 when any input is 1 (section 2.3.3)."""
    return _OR(_pairs("OR", x1, x2))


@overload
def XOR(x1: Number, x2: Number) -> int: ...
@overload
def XOR(x1: ArrayLike, x2: ArrayLike) -> Array: ...
def XOR(x1: ArrayLike, x2: ArrayLike) -> Any:
    """1 when the inputs differ: two layers, since no single line separates them (section 2.5.2)."""
    return AND(NAND(x1, x2), OR(x1, x2))


# From NAND to a computer (section 2.6): nothing below uses any other gate.

def _difference(x1, x2):
    """Return XOR of the inputs, from four NANDs, and the first of them, which is 0 on a carry."""
    n = NAND(x1, x2)
    return NAND(NAND(x1, n), NAND(x2, n)), n


def half_adder(a: ArrayLike, b: ArrayLike) -> tuple[Any, Any]:
    """Add two bits with five NANDs.

    Returns
    -------
    s, carry : int or ndarray
        ``a + b == s + 2 * carry``.
    """
    s, n = _difference(a, b)
    return s, NAND(n, n)


def full_adder(a: ArrayLike, b: ArrayLike, carry: ArrayLike) -> tuple[Any, Any]:
    """Add two bits and a carry with nine NANDs.

    Returns
    -------
    s, carry : int or ndarray
        ``a + b + carry == s + 2 * carry_out``.
    """
    s, n1 = _difference(a, b)
    s, n2 = _difference(s, carry)
    return s, NAND(n1, n2)


def ripple_carry_adder(a: Sequence[Any], b: Sequence[Any], carry: ArrayLike = 0) -> tuple[list[Any], Any]:
    """Add two binary numbers of any width, the carry rippling from one full adder to the next.

    Parameters
    ----------
    a, b : sequence of bits
        Least significant bit first, equally long: 6 in four bits is ``[0, 1, 1, 0]``.
    carry : int
        Carry into the lowest bit.

    Returns
    -------
    bits : list
        The sum, as long as the inputs.
    carry : int or ndarray
        The carry out of the highest bit.
    """
    for name, bits in (("a", a), ("b", b)):
        if not hasattr(bits, "__len__") or np.ndim(bits) == 0:
            raise TypeError(f"ripple_carry_adder: {name} is a {type(bits).__name__}; it must be a sequence of bits")
    if len(a) != len(b):
        raise ValueError(f"ripple_carry_adder: a has {len(a)} bits but b has {len(b)}; pad the shorter with 0s")
    bits = []
    for bit_a, bit_b in zip(a, b):
        s, carry = full_adder(bit_a, bit_b, carry)
        bits.append(s)
    return bits, carry
