"""Which names and arrays a file may hold: the same for every format, when saving and when reading."""

from collections.abc import Mapping

import numpy as np

from pynn.io.files import in_words, when_free

LONGEST_NAME = 1024             # bytes of UTF-8


class Refused(ValueError):
    """A file is what it should be, but holds what is not read."""


def checked(arrays, caller, argument):
    """The arrays of a mapping as plain arrays in C order and the machine's byte order; what no file holds is refused."""
    if not isinstance(arrays, Mapping):
        raise TypeError(f"{caller}: {argument} is a {type(arrays).__name__}; it must be a dict of arrays by name")
    result = {}
    for name, value in arrays.items():
        if not isinstance(name, str):
            raise TypeError(f"{caller}: {shown(name)} is not a name; names must be str")
        fault = name_fault(name)
        if fault:
            raise ValueError(f"{caller}: the name {shown(name)} {fault}")
        result[str.__str__(name)] = _plain(value, f"{caller}: {argument}[{shown(name)}]")
    return result


def _plain(value, what):
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{what} is a masked array, and no file keeps a mask; save its .filled(value), or .data and .mask "
                        "under two names")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{what} cannot be made an array: {error}") from error
    fault = dtype_fault(array.dtype)
    if fault:
        raise TypeError(f"{what} {fault}")
    return array.astype(array.dtype.newbyteorder("="), order="C", copy=False)


def read_arrays(path, read, caller, kind):
    """What ``read(bytes of the file)`` gives, as arrays of one's own; errors name `caller` and `path`."""
    def checked_arrays(data):
        arrays = read(data)
        for name, array in arrays.items():
            _check_read(name, array)
        return arrays
    return {name: _own(array) for name, array in read_whole(path, checked_arrays, caller, kind).items()}


def read_whole(path, read, caller, kind):
    """What ``read(bytes of the file)`` returns; errors name `caller`, `path` and the `kind` of file that is due."""
    with in_words(caller, path, "read"):
        with when_free(open, path, "rb") as file:
            data = file.read()
        try:
            return read(data)
        except MemoryError:
            raise
        except Refused as error:
            kind = ValueError if type(error) is Refused else type(error)
            raise kind(f"{caller}: {path}: {error}") from error
        except Exception as error:      # a hostile file can raise anything
            raise ValueError(f"{caller}: {path} is damaged or is no {kind}: {error}") from error


def _own(array):
    """A copy in C order and the machine's byte order."""
    if array.dtype == bool:         # a file may have other bytes than 0 and 1 for it
        return np.array(array.view(np.uint8) != 0, order="C")
    return array.astype(array.dtype.newbyteorder("="), order="C")


def _check_read(name, array):
    fault = name_fault(name)
    if fault:
        raise Refused(f"the name {shown(name)} {fault}")
    fault = dtype_fault(array.dtype)
    if fault:
        raise Refused(f"{shown(name)} {fault}")


def dtype_fault(dtype):
    """Why arrays of `dtype` are neither saved nor loaded, or None."""
    if dtype.kind in "biuf" and dtype.itemsize <= 8:
        return None
    hint = ""
    if dtype.kind == "c":
        hint = " (keep .real and .imag under two names)"
    elif dtype.kind == "f":
        hint = " (float64 is the longest that every machine has)"
    return f"has dtype {dtype}; files hold real numbers of at most 64 bits: booleans, integers, floats{hint}"


def name_fault(name):
    """What is wrong with a str as the name of an array, or None."""
    if not name:
        return "is empty"
    if name == "__metadata__":
        return "is taken: .safetensors files keep their notes under it"
    if "\0" in name:
        return "has a NUL character in it"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "has half of a surrogate pair in it, which is no character"
    return f"is {size} bytes long; at most {LONGEST_NAME} are allowed" if size > LONGEST_NAME else None


def shown(name):
    """`name` as a message shows it: quoted, and not longer than one reads."""
    if isinstance(name, str) and len(name) > 60:
        return f"{name[:60]!r}..."
    text = repr(name)
    return text if len(text) <= 80 or isinstance(name, str) else f"{text[:80]}..."
