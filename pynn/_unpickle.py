"""Reading arrays of numbers from pickles without running them.

A pickle is a program: it names functions, and unpickling calls them.  Here
the few names that an array of numbers needs lead to stand-ins, and every
other name is refused.  To let NumPy's own `dtype` through would not do: a
pickle can clear the flags of an object dtype, and NumPy then takes the bytes
of the file for pointers.
"""

import pickle
import re

import numpy as np


class UnsafePickleError(pickle.UnpicklingError, ValueError):
    """A pickle holds, or asks for, something else than arrays of numbers."""


def load_arrays(file):
    """The dict of arrays in a pickle of any protocol, of any Python and NumPy.

    Raises
    ------
    UnsafePickleError
        If there is anything else in it, or it is damaged.
    """
    try:
        params = _ArrayUnpickler(file, encoding="latin1").load()
        if not isinstance(params, dict):
            raise UnsafePickleError(
                f"holds a {type(params).__name__}; it must be a dict of arrays")
        return {_name(name): _value(name, value) for name, value in params.items()}
    except UnsafePickleError:
        raise
    except Exception as error:          # a hostile pickle can raise anything
        raise UnsafePickleError(f"damaged, or not a pickle of arrays: {error}") from error


def _name(name):
    if not isinstance(name, str):
        raise UnsafePickleError(f"holds a {type(name).__name__} as a name; names must be str")
    return name


def _value(name, value):
    if isinstance(value, _Array):
        return value.array
    if isinstance(value, (bool, int, float)):
        return np.asarray(value)
    raise UnsafePickleError(f"{name!r} is a {type(value).__name__}; it must be an array")


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
        if not re.fullmatch(r"[<>=|]?(b1|[iu][1248]|f(2|4|8|12|16)|c(8|16|24|32))", code):
            raise UnsafePickleError(f"holds an array of dtype {code!r}; only arrays of "
                                    "numbers and booleans are read")
        self.dtype = np.dtype(code)

    def __setstate__(self, state):      # (version, byte order, ...)
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands in for `numpy.ndarray`."""

    __slots__ = ("array",)

    def __setstate__(self, state):      # (version,) shape, dtype, Fortran order, elements
        *_, shape, dtype, fortran, elements = state
        self.array = _elements(elements, dtype).reshape(shape, order="F" if fortran else "C")


def _elements(data, dtype):
    if isinstance(data, str):           # of Python 2
        data = data.encode("latin1")
    return np.frombuffer(data, dtype.dtype)


def _reconstruct(class_, shape, typecode):
    return _Array()                     # __setstate__ follows with the contents


def _frombuffer(data, dtype, shape, order, axes=None):
    """Protocol 5; order "K" is a transpose of C order by `axes`."""
    result = _Array()
    if order == "K":
        result.array = _elements(data, dtype).reshape(shape).transpose(axes)
    else:
        result.array = _elements(data, dtype).reshape(shape, order=order)
    return result


def _scalar(dtype, data):
    result = _Array()
    result.array = _elements(data, dtype).reshape(())
    return result


def _encode(text, encoding):
    """How Python 3 writes bytes in the protocols of Python 2."""
    if encoding != "latin1":
        raise UnsafePickleError(f"asks for the encoding {encoding!r}")
    return text.encode("latin1")


def _known():
    """The names that pickles of arrays mention, wherever NumPy had them."""
    known = {("numpy", "ndarray"): "numpy.ndarray",     # only ever an argument
             ("numpy", "dtype"): _Known(_Dtype),
             ("_codecs", "encode"): _Known(_encode),
             ("builtins", "bytes"): _Known(lambda: b""),
             ("__builtin__", "bytes"): _Known(lambda: b""),
             ("collections", "OrderedDict"): _Known(lambda items=(): dict(items))}
    for core in ("numpy.core", "numpy._core"):
        known[f"{core}.numeric", "_frombuffer"] = _Known(_frombuffer)
        for module in ("multiarray", "_multiarray_umath"):
            known[f"{core}.{module}", "_reconstruct"] = _Known(_reconstruct)
            known[f"{core}.{module}", "scalar"] = _Known(_scalar)
    return known


_KNOWN = _known()
