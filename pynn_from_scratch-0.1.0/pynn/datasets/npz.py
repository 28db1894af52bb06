"""NumPy's archives of arrays, ``.npz``, read within bounds.

Only members that are stored or deflated are read, and only when the archive's
directory, the member's own header and the length of the file agree on how
large it is: `numpy.load` believes whatever a header says.
"""

import math
import os
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np

from pynn.datasets.stream import EXPANSION, DatasetError


def npz_names(path):
    """The names of the arrays in an archive, in its order."""
    return list(_members(path))


def read_npz(path, name):
    """The array `name` of an archive of arrays.

    Parameters
    ----------
    path : str or path-like
    name : str
        One of `npz_names`.

    Returns
    -------
    ndarray
        Of numbers or booleans, in the machine's byte order, C-contiguous and writeable.

    Raises
    ------
    DatasetError
        If the archive is damaged, packed in another way than NumPy does, or
        the array is not one of numbers.
    """
    info = _members(path)[name]
    what = f"{path}: array {name!r}"
    if info.flag_bits & 1 or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise DatasetError(f"{what} is encrypted or packed by another method than NumPy's "
                           "(stored, deflated); write it with numpy.savez_compressed")
    limit = os.path.getsize(path) * (EXPANSION if info.compress_type == ZIP_DEFLATED else 1)
    if info.file_size > limit:
        raise DatasetError(f"{what} announces {info.file_size} bytes; the file holds at most {limit}")
    try:
        with ZipFile(path) as archive, archive.open(info) as member:
            _check_header(member, info.file_size)
            member.seek(0)
            array = np.lib.format.read_array(member, allow_pickle=False)
            if member.read(1):          # which also has zipfile compare the checksum
                raise ValueError("there is more in it than its header says")
    except MemoryError as error:
        raise MemoryError(f"{what} takes {info.file_size} bytes, more than can be had") from error
    except Exception as error:          # a damaged archive makes zipfile, zlib and NumPy raise anything
        raise DatasetError(f"{what} is damaged or not an array of numbers ({error})") from error
    return np.require(array, array.dtype.newbyteorder("="), "CW")


def _members(path):
    """The arrays of an archive as {name: ZipInfo}."""
    try:
        with ZipFile(path) as archive:
            infos = archive.infolist()
    except MemoryError:
        raise
    except Exception as error:
        raise DatasetError(f"{path}: damaged archive ({error}); "
                           "delete the file and get it again") from error
    members = {}
    for info in infos:
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            continue                    # not an array
        if name in members:
            raise DatasetError(f"{path}: holds two arrays of the name {name!r}")
        members[name] = info
    return members


def _check_header(member, size):
    """ValueError unless the array's header fits into and fills `size` bytes."""
    if np.lib.format.read_magic(member) != (1, 0):
        raise ValueError("its header is of a version that arrays of numbers do not need")
    shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    if dtype.kind not in "biuf":
        raise ValueError(f"its dtype is {dtype}")
    if any(n < 0 for n in shape) or member.tell() + math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"an array of shape {shape} and dtype {dtype} does not fill its {size} bytes")
