"""Arguments of the Python layer, read as the C layer reads its own: no mask is lost, and what is refused is refused in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import pynn._core as _core

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, DTypeLike

MOST = 10**9        # beyond all that is of use


def real_array(func: str, name: str, x: ArrayLike) -> Array:
    """x as an array of real numbers, itself where it is one."""
    array = _core.as_array(func, name, x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{func}: {name} has dtype {array.dtype}; it must hold real numbers, as float32 and float64 do")
    return array


def float_dtype(func: str, dtype: DTypeLike) -> np.dtype[Any]:
    """What layers and networks can compute in."""
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise TypeError(f"{func}: dtype is {dtype!r}; it must be float32 or float64") from error
    if found not in (np.float32, np.float64):
        raise TypeError(f"{func}: dtype is {found}; it must be float32 or float64")
    return found


def number(func: str, name: str, value: Any) -> float:
    """A real number as a float."""
    try:
        return math.fsum((value,))      # unlike float it takes no text
    except OverflowError as error:
        raise OverflowError(f"{func}: {name} is too large; it must be a number that a float can hold") from error
    except (TypeError, ValueError) as error:
        raise TypeError(f"{func}: {name} is {value!r}; it must be a number") from error


def count(func: str, name: str, value: Any, least: int = 1) -> int:
    """A whole number."""
    if not isinstance(value, (int, np.integer)):
        raise TypeError(f"{func}: {name} is {value!r}; it must be a whole number")
    if value > MOST:        # Python refuses to write out thousands of digits
        raise ValueError(f"{func}: {name} is too large; it must be from {least} to {MOST}")
    if value < least:
        raise ValueError(f"{func}: {name} is {value if value > -MOST else 'too small'}; it must be at least {least}")
    return int(value)


def has(func: str, name: str, value: Any, *methods: str, why: str) -> Any:
    """Refuse an object that lacks one of these methods, and a class in the place of an object, whose methods want one."""
    if isinstance(value, type):
        raise TypeError(f"{func}: {name} is the class {value.__name__}; it must be an object of it, such as {value.__name__}(...)")
    for method in methods:
        if not callable(getattr(value, method, None)):
            raise TypeError(f"{func}: {name} is a {type(value).__name__}, which has no {method}; {why}")
    return value
