"""The IDX format, in which MNIST is published.

====================  =====================================================
bytes                 meaning
====================  =====================================================
0, 1                  zero
2                     type of the elements, see `DTYPES`
3                     number of dimensions, n
4 ... 4 + 4n          the dimensions, big-endian uint32 each
then to the end       the elements, big-endian, the last index fastest
====================  =====================================================

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database".
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from pynn.datasets.stream import DatasetError, allocate, open_bytes, open_file
from pynn.io.files import path_of

if TYPE_CHECKING:
    from pynn._typing import Array, FilePath

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_MAX_NDIM = 32      # of the oldest NumPy; MNIST needs three


def read_idx(path: FilePath) -> Array:
    """Read an IDX file, packed with gzip or not.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    ndarray
        uint8, int8, int16, int32, float32 or float64 in the machine's byte
        order; a fresh, writeable array.

    Raises
    ------
    DatasetError
        If the file is truncated, damaged or not IDX.
    OSError
        If it cannot be read.
    """
    path = path_of(path, "read_idx")
    with open(path, "rb") as file:
        return _read(open_file(file, path), path)


def read_idx_header(path):
    """Shape and dtype of the array that an IDX file promises, where it starts, and the `Stream` that was looked at, now closed."""
    with open(path, "rb") as file:
        stream = open_file(file, path)
        return *_read_header(stream, path), stream


def read_idx_shape(path):
    """The shape of the array that an IDX file promises."""
    return read_idx_header(path)[0]


def parse_idx(data, name):
    """The array in the bytes `data` of an IDX file, packed or not; errors mention `name`."""
    return _read(open_bytes(data, name), name)


def idx_header(array):
    """What precedes the elements of the uint8 `array` in an IDX file."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)


def _read(stream, name):
    shape, dtype, start = _read_header(stream, name)
    size = math.prod(shape) * dtype.itemsize
    what = f"an array of shape {shape} and dtype {dtype.name}"
    if start + size > stream.capacity:
        raise _misfit(name, "truncated", f"{what} takes {start + size} bytes", stream)
    elements = allocate(size, f"{name}: {what}")
    if stream.read_into(memoryview(elements)) < size:
        raise _misfit(name, "truncated", f"{what} takes {start + size} bytes", stream)
    if stream.read(1):
        raise _misfit(name, "oversized", f"{what} takes {start + size} bytes", stream)
    array = elements.view(dtype)
    if not dtype.isnative:
        array = array.byteswap(inplace=True).view(dtype.newbyteorder("="))
    try:
        return array.reshape(shape)
    except ValueError as error:         # empty, and yet too large for NumPy to number
        raise DatasetError(f"{name}: {what} cannot be") from error


def _read_header(stream, name):
    """Shape and dtype of the elements, and where they start."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES:
        raise DatasetError(
            f"{name}: not an IDX file: it begins with {magic!r} "
            "instead of two zero bytes, an element type and a number of dimensions")
    ndim = magic[3]
    sizes = stream.read(4 * ndim)
    if ndim > _MAX_NDIM or len(sizes) < 4 * ndim:
        raise DatasetError(f"{name}: damaged IDX file: it announces {ndim} dimensions "
                           f"in a file of {4 + len(sizes)} bytes")
    return struct.unpack(f">{ndim}I", sizes), np.dtype(DTYPES[magic[2]]), 4 + 4 * ndim


def _misfit(name, how, due, stream):
    """The error of a file that holds another number of bytes than is due."""
    if not stream.packed:
        has = f"the file has {stream.capacity}"
    else:
        has = f"unpacked, the file has {'fewer' if how == 'truncated' else 'more'}"
    return DatasetError(f"{name}: {how} IDX file: {due}, {has}; delete it and get it again")
