"""``.npz``: a zip archive of ``.npy`` files.

Not through np.savez and np.load, as they take a parameter called "file" for
their own argument, mistake "W.npy" for "W" and lose one of two arrays of the
same name.  zipfile is imported where it is used, to keep `import pynn` quick.
"""

import io
import math

import numpy as np

from pynn.io.arrays import Refused, dtype_fault, shown

STORED, DEFLATED = 0, 8         # the two kinds of member that NumPy writes
RATIO = 32                      # how many times its own length a compressed file may expand to,
FLOOR = 16 << 20                # and what a short one always may: arrays of zeros pack to nothing
LOCAL_HEADER = 30               # bytes before the name of a member


def check_names(arrays, caller):
    """Refuse two names that most readers of ``.npz`` files take for one."""
    for name in arrays:
        if f"{name}.npy" in arrays:
            raise ValueError(f"{caller}: {shown(name)} and {shown(name + '.npy')} are one name in a .npz file; "
                             "rename one, or save a .safetensors or .pkl file")


def write(arrays, file):
    import zipfile
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo()
            member.filename = f"{name}.npy"     # ZipInfo(name) would change a backslash on Windows
            with archive.open(member, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, array, allow_pickle=False)


def read(data, compressed=True):
    """The arrays of an archive by name, none of them larger than `data` can account for."""
    import zipfile
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        _check_directory(members, archive.start_dir, compressed)
        most = max(FLOOR, RATIO * len(data))
        total = sum(member.file_size for member in members)
        if total > most:
            raise Refused(f"its {len(data):,} bytes expand to {total:,}; at most {most:,} are read")
        arrays = {}
        for member in members:
            name = member.orig_filename.removesuffix(".npy")
            if name in arrays:
                raise Refused(f"it holds two arrays called {shown(name)}")
            with archive.open(member) as file:
                try:
                    arrays[name] = _array(file, member.file_size)
                except Refused as error:
                    raise Refused(f"{shown(name)} {error}") from error
                except ValueError as error:
                    raise ValueError(f"{shown(name)}: {error}") from error
        return arrays


def _check_directory(members, end, compressed):
    """Refuse members that are packed in another way, that share bytes, or whose names are cut short."""
    kinds = (STORED, DEFLATED) if compressed else (STORED,)
    for member in members:
        name = shown(member.orig_filename)
        if "\0" in member.orig_filename:
            raise Refused(f"the name {name} has a NUL character in it")
        if member.compress_type not in kinds:
            raise Refused(f"{name} is packed with method {member.compress_type}; "
                             f"{'only stored and deflated members are' if compressed else 'only stored members are'} read")
        if member.compress_type == STORED and member.file_size != member.compress_size:
            raise ValueError(f"{name} is stored as {member.compress_size:,} bytes but said to be {member.file_size:,}")
    for member in sorted(members, key=lambda member: member.header_offset, reverse=True):
        if member.header_offset + LOCAL_HEADER + member.compress_size > end:
            raise Refused(f"{shown(member.orig_filename)} shares bytes with what follows it")
        end = member.header_offset
    if end:
        raise ValueError(f"its first {end:,} bytes belong to no array")


def _array(file, size):
    """The array of a ``.npy`` file of `size` bytes, read once its header is known to promise just these."""
    version = np.lib.format.read_magic(file)
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in headers:
        raise ValueError(f"is of version {version} of the .npy format; arrays of numbers are of 1.0 or 2.0")
    shape, fortran, dtype = headers[version](file)
    fault = dtype_fault(dtype)
    if fault:
        raise Refused(fault)
    promised, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=0) < 0 or promised != held:
        raise ValueError(f"is said to be of shape {_short(shape)} and {dtype}, but {held:,} bytes are there")
    data = file.read(held)
    if len(data) != held or file.read(1):       # to read on has zipfile check the sum
        raise ValueError("is not as long as it is said to be")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _short(shape):
    return shown(tuple(shape[:8])) + ("..." if len(shape) > 8 else "")
