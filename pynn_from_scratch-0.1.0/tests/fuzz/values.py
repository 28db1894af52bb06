"""Arguments of every kind, drawn one whole number at a time.

`choose(n)` gives a whole number below n. Where it comes from is another's affair: a seed, hypothesis, or the bytes of a
coverage-guided fuzzer. The first of every list is the plainest, so `lambda n: 0` draws a plain call.
"""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
from layouts import DTYPES, LAYOUTS, lay_out

SIZES = (3, 1, 2, 4, 5, 0, 7, 8, 9, 16, 17, 33)
SHORT = SIZES[:6]               # of arrays with more than two axes
COUNTED = np.arange(1 << 16) * 40503 % 65536        # every number once, in no order
NUMBERS = (0.5, 1, 0.0, -1.5, 2, np.float32(0.25), np.float64(3), np.int8(2), True, np.array(0.5))
SPECIAL = (np.nan, np.inf, -np.inf)
EXTREME = (1e308, -1e308, 1e38, 1e-310, 5e-324, -0.0, 1e-45, 65504.0)
PLACES = ("C", "F", "permuted", "strided", "negative", "offset")      # where an array may lie that is changed in place


class Raises:
    """A caller's own object, which raises whichever way it is read."""

    def __init__(self, kind):
        self.kind = kind

    def __array__(self, dtype=None, copy=None):
        raise self.kind("mine")

    __float__ = __index__ = __bool__ = __len__ = __iter__ = __call__ = __array__


class Reads:
    """A caller's own object that is an array, a number and a function."""

    def __array__(self, dtype=None, copy=None):
        return np.ones((3, 3))

    def __float__(self):
        return 0.5

    def __index__(self):
        return 2

    def __call__(self, x):
        return 1.0


class Own(np.ndarray):
    """A caller's own kind of array."""


OTHERS = (
    None, True, 0, -1, 7, 100, 2**31, 2**63, -2**63 - 1, 10**400, 0.5, -0.0, float("nan"), float("inf"), 1e308, 2 + 1j,
    "text", "", "relu", "\ud800", b"bytes", bytearray(8), memoryview(bytes(8)), [], (), {}, {1, 2}, range(3), [1, 2], [[1.0, 2.0]],
    [[1], [1, 2]], (1, 1, 4, 4), (2**40, 2**40, 1, 1), (-1, 2, 3, 4), [None], ["a"], [10**400], object(), object, len, Ellipsis,
    Fraction(1, 3), Decimal("0.5"), Decimal("nan"), np.float16(2), np.int64(-1), np.uint64(2**64 - 1), np.bool_(True), np.longdouble(1),
    np.complex64(1j), np.str_("x"), np.timedelta64(3, "s"), np.datetime64("2020-01-01"), np.float64, np.dtype("f4"),
    np.array(2), np.array(0.5, ">f8"), np.array(1j), np.array("x"), np.array(None), np.array([]), np.zeros((0, 3)), np.zeros((3, 0, 2)),
    np.zeros((2,) * 5), np.zeros((1,) * 64), np.ones((2, 2), np.longdouble), np.ones((2, 2), complex), np.ones((3, 3), object),
    np.array([[1, None]], object), np.zeros(3, "S4"), np.zeros(3, "U2"), np.zeros(3, "M8[s]"), np.zeros(3, "m8[s]"), np.zeros(3, "V8"),
    np.zeros((3, 3), [("a", "f8")]), np.zeros((3, 3), [("a", "f8")])["a"], np.array(["a", 1], np.dtypes.StringDType(coerce=True)),
    np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]), np.ma.masked, np.ones((1, 2)).view(Own), np.arange(9).view(np.recarray),
    np.broadcast_to(np.float64(1), (2**46,)), np.broadcast_to(np.float16(1), (2**30, 2**16)), np.broadcast_to(1, (1, 1, 2**23, 2**23)),
    Reads(), Raises(TypeError), Raises(ValueError), Raises(KeyboardInterrupt), Raises(MemoryError),
    Raises(ZeroDivisionError),
)


class Draw:
    """Arguments from `choose`."""

    def __init__(self, choose):
        self.choose = choose

    def pick(self, values):
        return values[self.choose(len(values))]

    def seldom(self, n):
        """True once in n times."""
        return self.choose(n) == n - 1

    def sizes(self, count):
        return [self.pick(SIZES if count < 3 else SHORT) for _ in range(count)]

    def flag(self):
        return self.pick((False, True, 1, 0, np.True_))

    def number(self):
        return self.pick(NUMBERS)

    def array(self, *shape, dtypes=(np.float64, np.float32, *DTYPES), positive=False):
        """Of any dtype and layout; seldom with NaN and infinities, more seldom with the largest and smallest numbers."""
        dtype = np.dtype(self.pick(dtypes))
        a = self._values(shape, dtype)
        if positive and dtype.kind == "f":
            np.abs(a, out=a)
        if dtype.kind == "f" and a.size and self.seldom(8):
            special = SPECIAL if not self.seldom(3) else EXTREME
            with np.errstate(over="ignore", under="ignore"):
                a.flat[self.choose(a.size)] = self.pick(special)
        return lay_out(a, self.pick(LAYOUTS))

    def _values(self, shape, dtype):
        start = self.choose(COUNTED.size)
        numbers = COUNTED[np.arange(start, start + math.prod(shape)) % COUNTED.size].reshape(shape)
        numbers = numbers / 8192 - 4 if dtype.kind in "fc" else numbers % 10 - (5 if dtype.kind == "i" else 0)
        return np.asarray(numbers, dtype)

    def changed(self, dtype, *shape, positive=False):
        """What is changed in place."""
        a = self._values(shape, np.dtype(dtype))
        return lay_out(np.asarray(np.abs(a)) if positive else a, self.pick(PLACES))

    def labels(self, n, classes):
        start = self.choose(16)
        labels = (np.arange(n) * 7 + start) % max(classes, 1)
        return lay_out(labels.astype(self.pick((np.int64, np.uint8, np.int32, np.int8, np.uint64))), self.pick(LAYOUTS))

    def mask(self, *shape):
        return lay_out(self._values(shape, np.dtype(np.int64)) % 2 == 0, self.pick(LAYOUTS))

    def other(self):
        """Something else than is due: most often an array of another shape."""
        if self.choose(2):
            return self.pick(OTHERS)
        return self.array(*self.sizes(self.choose(6)), dtypes=(np.float64, np.float32, *DTYPES, np.longdouble))
