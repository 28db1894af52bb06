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

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_NDIM = 32      # of the oldest NumPy; MNIST needs three


class DatasetError(ValueError):
    """A data file is missing, damaged, or not what it should be."""


class DatasetWarning(UserWarning):
    """A data set is usable, but not the one that was published or asked for."""


def read_idx(path):
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
    return parse_idx(unpack(Path(path).read_bytes(), path), path)


def unpack(data, name):
    """The bytes of an IDX file, decompressed if they are gzip's.

    The first bytes decide, not the file's name: browsers unpack ``.gz`` files
    without renaming them.
    """
    if data[:2] != _GZIP_MAGIC:
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{name}: truncated or damaged gzip data ({error}); "
                           "delete the file and get it again") from error


def parse_idx(data, name):
    """The array in the bytes `data` of an IDX file; errors mention `name`."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in DTYPES:
        raise DatasetError(
            f"{name}: not an IDX file: it begins with {bytes(data[:4])!r} "
            "instead of two zero bytes, an element type and a number of dimensions")
    ndim = data[3]
    start = 4 + 4 * ndim
    if ndim > _MAX_NDIM or len(data) < start:
        raise DatasetError(f"{name}: damaged IDX file: it announces {ndim} dimensions "
                           f"in a file of {len(data)} bytes")
    shape = tuple(np.frombuffer(data, ">u4", count=ndim, offset=4).tolist())
    dtype = np.dtype(DTYPES[data[2]])
    size = start + math.prod(shape) * dtype.itemsize
    if len(data) != size:
        raise DatasetError(
            f"{name}: {'truncated' if len(data) < size else 'oversized'} IDX file: "
            f"an array of shape {shape} and dtype {dtype.name} takes {size} bytes, "
            f"the file has {len(data)}; delete it and get it again")
    elements = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return elements.astype(dtype.newbyteorder("="))
