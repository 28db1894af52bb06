"""``.safetensors``: the length of a header, the header in JSON, then the bytes of the arrays.

The format is short enough to be read and written here, without the library of
that name: https://github.com/huggingface/safetensors#format
"""

import math

import numpy as np

from pynn.io.arrays import Refused, shown

DTYPES = {"BOOL": "?", "I8": "i1", "U8": "u1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4",
          "I64": "<i8", "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8"}
CODES = {np.dtype(code): name for name, code in DTYPES.items()}
NEITHER_QUOTE_NOR_BRACKET = bytes(set(range(256)) - set(b'"[{'))
LONGEST_HEADER = 100_000_000    # bytes, as in the format's own definition


def write(arrays, file):
    import json
    little = {name: array.astype(array.dtype.newbyteorder("<"), copy=False) for name, array in arrays.items()}
    order = sorted(little, key=lambda name: -little[name].itemsize)     # so that every array is aligned
    offsets, end = {}, 0
    for name in order:
        offsets[name] = [end, end + little[name].nbytes]
        end += little[name].nbytes
    header = json.dumps({name: {"dtype": CODES[array.dtype], "shape": array.shape, "data_offsets": offsets[name]}
                         for name, array in little.items()}, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > LONGEST_HEADER:
        raise ValueError(f"save_params: the names of {len(arrays):,} arrays are too many for a .safetensors file")
    file.write(len(header).to_bytes(8, "little"))
    file.write(header)
    for name in order:
        file.write(little[name].data if little[name].size else b"")


def read(data):
    """The arrays of a file by name, as views of `data`."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(len(data) - 8, LONGEST_HEADER):
        raise ValueError(f"its header is said to be {size:,} bytes long, in a file of {len(data):,}")
    entries = _header(data[8:8 + size])
    values = memoryview(data)[8 + size:]
    arrays = {name: _array(name, entry, values) for name, entry in entries.items()}
    _check_offsets(entries, len(values))
    return arrays


def _header(text):
    """The entries of the header by name; its notes are checked to be there once and let go."""
    import json
    if _brackets(text) > 3 * text.count(b'"data_offsets"') + 2:     # an entry has three; the header and its notes one each
        raise ValueError("its header has more brackets than arrays need")
    entries = json.loads(text.decode(), object_pairs_hook=_once)
    if not isinstance(entries, dict):
        raise ValueError("its header is no JSON object")
    entries.pop("__metadata__", None)
    return entries


def _brackets(text):
    """How many lists and objects begin in a JSON text, in little memory: brackets in its strings do not count."""
    unescaped = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    pieces = unescaped.translate(None, delete=NEITHER_QUOTE_NOR_BRACKET).split(b'"')
    return sum(len(piece) for piece in pieces[::2])


def _once(pairs):
    entries = {}
    for name, value in pairs:
        if name in entries:
            raise Refused(f"its header has two entries called {shown(name)}")
        entries[name] = value
    return entries


def _array(name, entry, values):
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{shown(name)} must have dtype, shape and data_offsets")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in DTYPES:
        raise Refused(f"{shown(name)} has dtype {shown(code)}; read are {', '.join(DTYPES)}")
    if not _whole(shape) or not _whole(offsets) or len(offsets) != 2:
        raise ValueError(f"{shown(name)} has shape {shown(shape)} and offsets {shown(offsets)}; "
                         "they must be lists of whole numbers, the offsets two")
    dtype, (begin, end) = np.dtype(DTYPES[code]), offsets
    if not begin <= end <= len(values) or math.prod(shape) * dtype.itemsize != end - begin:
        raise ValueError(f"{shown(name)} is said to be {code} of shape {shown(shape)} at bytes {begin} to {end} "
                         f"of {len(values)}")
    return np.frombuffer(values[begin:end], dtype).reshape(shape)


def _whole(numbers):
    return isinstance(numbers, list) and all(type(number) is int and number >= 0 for number in numbers)


def _check_offsets(entries, size):
    """Every byte belongs to one array, as the format demands: none is shared, none is left over."""
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        begin = entry["data_offsets"][0]
        if begin != end:
            raise Refused(f"{shown(name)} begins at byte {begin}, but the array before it ends at {end}; "
                             "arrays must neither overlap nor leave gaps")
        end = entry["data_offsets"][1]
    if end != size:
        raise ValueError(f"its arrays end at byte {end} of {size}")
