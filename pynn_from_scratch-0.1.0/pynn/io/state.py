"""State files: what a training needs to go on, as arrays by name and facts beside them.

A state file is an ``.npz`` without pickle and without compression.  Its member
``pynn.state`` is JSON in an array of bytes: the format, its version, the facts.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.io import npz
from pynn.io.arrays import Refused, checked, read_arrays, shown
from pynn.io.files import in_words, path_of, replacing

if TYPE_CHECKING:
    from pynn._typing import Array, FilePath

HEAD = "pynn.state"
FORMAT = "state of a training with pynn"
VERSION = 1
FLOAT = "__float__"             # {"__float__": "7ff8000000000000"} stands for a float that JSON has not


def write_state(path: FilePath, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    """Write arrays and facts to a file that `read_state` reads.

    The file appears whole or not at all; an older one is replaced.

    Parameters
    ----------
    path : str or path-like
        Any name; ``.npz`` lets others see what it is.
    arrays : mapping of str to array_like
        Real numbers as in `save_params`; names like ``optimizer/m/W1``.
    facts : dict
        Of str, int (up to 4300 digits), float, bool, None, and lists and dicts of
        them.  Floats are kept bit for bit, NaN and infinities included;
        NumPy's scalars come back as Python's, tuples as lists.

    Raises
    ------
    TypeError, ValueError
        As `save_params`; or if a fact is of another kind, or a name is
        ``pynn.state``.
    OSError
        If the file cannot be written.
    """
    import json
    path = path_of(path, "write_state")
    arrays = checked(arrays, "write_state", "arrays")
    if HEAD in arrays:
        raise ValueError(f"write_state: the name {HEAD!r} is taken: it holds the facts")
    if not isinstance(facts, dict):
        raise TypeError(f"write_state: facts is a {type(facts).__name__}; it must be a dict")
    try:
        head = {"format": FORMAT, "version": VERSION, "facts": _encoded(facts, "facts")}
        text = json.dumps(head, allow_nan=False).encode()
    except (RecursionError, ValueError) as error:       # it contains itself, or an int of thousands of digits
        raise ValueError(f"write_state: facts cannot be written: {error}") from error
    arrays[HEAD] = np.frombuffer(text, np.uint8)
    npz.check_names(arrays, "write_state")
    with in_words("write_state", path, "write"), replacing(path) as file:
        npz.write(arrays, file)


def read_state(path: FilePath) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read a file that `write_state` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    arrays : dict of str to ndarray
        Fresh arrays of the dtypes they were saved in.
    facts : dict

    Raises
    ------
    ValueError
        If the file is damaged, is no state file, or one of a later version.
    OSError
        If the file cannot be read.
    """
    path = path_of(path, "read_state")
    arrays = read_arrays(path, _read, "read_state", "state file")
    head = arrays.pop(HEAD)
    try:
        return arrays, _facts(head)
    except Refused as error:
        raise ValueError(f"read_state: {path} {error}") from None
    except (ValueError, TypeError, KeyError, struct.error, RecursionError) as error:
        raise ValueError(f"read_state: {path} is damaged: its facts cannot be read ({error})") from error


def _read(data):
    arrays = npz.read(data, compressed=False)
    if HEAD not in arrays:
        raise Refused(f"no state file; it holds {', '.join(map(shown, list(arrays)[:5])) or 'nothing'}, but no {HEAD}")
    return arrays


def _facts(head):
    import json
    if head.dtype != np.uint8:
        raise ValueError(f"{HEAD} has dtype {head.dtype}, not uint8")
    content = json.loads(head.tobytes(), object_hook=_decoded)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError("they are of another format")
    if content["version"] != VERSION:
        raise Refused(f"is a state file of version {content['version']!r}, and this pynn reads version {VERSION}; "
                      "read it with the pynn that wrote it, or a newer one")
    if not isinstance(content["facts"], dict):
        raise ValueError("they are no dict")
    return content["facts"]


def _encoded(value, where):
    """`value` in what JSON has."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {FLOAT: struct.pack(">d", value).hex()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, dict):
        raise TypeError(f"write_state: {where} is a {type(value).__name__}; facts are str, int, float, bool, None, lists and "
                        "dicts of them, and arrays go into arrays")
    for name in value:
        if not isinstance(name, str) or name == FLOAT:
            raise TypeError(f"write_state: {where} has the key {name!r}; keys must be str, and not {FLOAT!r}")
    return {name: _encoded(item, f"{where}[{name!r}]") for name, item in value.items()}


def _decoded(pairs):
    if pairs.keys() == {FLOAT}:
        return struct.unpack(">d", bytes.fromhex(pairs[FLOAT]))[0]
    return pairs
