"""``.pkl``: reading arrays of numbers from pickles without running them.

A pickle is a program: it names functions, and unpickling calls them.  Here
the few names that an array of numbers needs lead to stand-ins, and every
other name is refused.  To let NumPy's own `dtype` through would not do: a
pickle can clear the flags of an object dtype, and NumPy then takes the bytes
of the file for pointers.

The stand-ins only remember what they were given.  Arrays are built at the
end, when it is known how many there are and how large: a pickle can give one
array thousands of names.
"""

import io
import math
import pickle
import re

import numpy as np

from pynn.io.arrays import Refused, shown
from pynn.io.opcodes import scan

SHARED = 8                      # how many times the file's length its arrays may take together,
FLOOR = 1 << 20                 # and what those of a short file always may
ARRAY = 64                      # bytes that count for an array beside its elements


class UnsafePickleError(pickle.UnpicklingError, Refused):
    """A pickle holds, or asks for, something else than arrays of numbers."""


def write(arrays, file):
    # As views, or one array under two names would be one array in the file.
    pickle.dump({name: array.view() for name, array in arrays.items()}, file, protocol=4)   # readable since Python 3.4


def read(data):
    """The dict of arrays in a pickle of any protocol, of any Python and NumPy; arrays may share their bytes.

    Raises
    ------
    UnsafePickleError
        If there is anything else in it, it costs more than it is, or it is
        damaged.
    """
    try:
        given = scan(data)
        params = _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
        if isinstance(params, _Items):
            given, params = len(params.items), dict(params.items)
        if not isinstance(params, dict):
            raise UnsafePickleError(f"holds a {type(params).__name__}; it must be a dict of arrays")
        if len(params) < given:
            raise UnsafePickleError("gives one name to two arrays")
        _check_size(params, len(data))
        return {_name(name): _value(name, value) for name, value in params.items()}
    except (UnsafePickleError, MemoryError):
        raise
    except Refused as error:
        raise UnsafePickleError(str(error)) from error
    except Exception as error:          # a hostile pickle can raise anything
        raise UnsafePickleError(f"damaged, or not a pickle of arrays: {error}") from error


def _check_size(params, length):
    total = sum(ARRAY + len(value.data) for value in params.values() if isinstance(value, _Array) and value.data)
    most = max(FLOOR, SHARED * length)
    if total > most:
        raise UnsafePickleError(f"gives the same arrays so many names that its {length:,} bytes become {total:,}; "
                                f"at most {most:,} are read")


def _name(name):
    if not isinstance(name, str):
        raise UnsafePickleError(f"holds a {type(name).__name__} as a name; names must be str")
    return name


def _value(name, value):
    if isinstance(value, _Array):
        return value.build()
    if isinstance(value, (bool, int, float)):
        return np.asarray(value)
    raise UnsafePickleError(f"{shown(name)} is a {type(value).__name__}; it must be an array")


class _ArrayUnpickler(pickle.Unpickler):
    """Knows the names of `_KNOWN` and no others."""

    def find_class(self, module, name):
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise UnsafePickleError(
                f"asks for {module}.{name}, which no array of numbers needs, and was not "
                "read further; if you trust its author, read it with pickle.load and "
                "write its arrays with save_params") from None


class _Known:
    """A function that a pickle may call, but not change."""

    __slots__ = ("_function",)

    def __init__(self, function):
        self._function = function

    def __call__(self, *args):
        return self._function(*args)

    def __setstate__(self, state):
        raise UnsafePickleError("tries to change a function")


class _Dtype:
    """Stands in for `numpy.dtype`: a type of numbers and its byte order."""

    __slots__ = ("dtype",)

    def __init__(self, code, align=False, copy=True):
        if not re.fullmatch(r"[<>=|]?(b1|[iu][1248]|f[248])", code):
            raise UnsafePickleError(f"holds an array of dtype {shown(code)}; only arrays of real numbers of at most "
                                    "64 bits and of booleans are read")
        self.dtype = np.dtype(code)

    def __setstate__(self, state):      # (version, byte order, ...)
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands in for `numpy.ndarray`: its elements as bytes (text of Python 2), and how to see them."""

    __slots__ = ("data", "_dtype", "_shape", "_order", "_axes")

    def __init__(self, data=None, dtype=None, shape=(), order="C", axes=None):
        self.data, self._dtype, self._shape, self._order, self._axes = data, dtype, shape, order, axes
        if data is not None and len(data) != self._promised():
            raise UnsafePickleError(f"holds {len(data)} bytes for an array of shape {shown(shape)} and {dtype.dtype}")

    def __setstate__(self, state):      # (version,) shape, dtype, Fortran order, elements
        *_, shape, dtype, fortran, elements = state
        self.__init__(elements, dtype, shape, "F" if fortran else "C")

    def _promised(self):
        if type(self.data) not in (bytes, bytearray, str):
            raise UnsafePickleError(f"holds an array whose elements are a {type(self.data).__name__}; they must be bytes")
        if not all(type(length) is int and length >= 0 for length in self._shape):
            raise UnsafePickleError(f"holds an array of shape {shown(self._shape)}; it must be a tuple of whole numbers")
        return math.prod(self._shape) * self._dtype.dtype.itemsize

    def build(self):
        if self.data is None:
            raise UnsafePickleError("holds an array without elements")
        data = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        array = np.frombuffer(data, self._dtype.dtype).reshape(self._shape, order=self._order)
        return array if self._axes is None else array.transpose(self._axes)


class _Items:
    """Stands in for an OrderedDict of Python 2, which brings its items as a list."""

    __slots__ = ("items",)

    def __init__(self, items):
        self.items = items


def _reconstruct(class_, shape, typecode):
    return _Array()                     # __setstate__ follows with the contents


def _frombuffer(data, dtype, shape, order, axes=None):
    """Protocol 5; order "K" is a transpose of C order by `axes`."""
    return _Array(data, dtype, shape, "C" if order == "K" else order, axes if order == "K" else None)


def _scalar(dtype, data):
    return _Array(data, dtype)


def _encode(text, encoding):
    """How Python 3 writes bytes in the protocols of Python 2; they stay text until the array is built."""
    if encoding != "latin1":
        raise UnsafePickleError(f"asks for the encoding {shown(encoding)}")
    return text


def _ordered(items=None):
    return {} if items is None else _Items(items)


def _known():
    """The names that pickles of arrays mention, wherever NumPy had them."""
    known = {("numpy", "ndarray"): "numpy.ndarray",     # only ever an argument
             ("numpy", "dtype"): _Known(_Dtype),
             ("_codecs", "encode"): _Known(_encode),
             ("builtins", "bytes"): _Known(lambda: b""),
             ("__builtin__", "bytes"): _Known(lambda: b""),
             ("collections", "OrderedDict"): _Known(_ordered)}
    for core in ("numpy.core", "numpy._core"):
        known[f"{core}.numeric", "_frombuffer"] = _Known(_frombuffer)
        for module in ("multiarray", "_multiarray_umath"):
            known[f"{core}.{module}", "_reconstruct"] = _Known(_reconstruct)
            known[f"{core}.{module}", "scalar"] = _Known(_scalar)
    return known


_KNOWN = _known()
