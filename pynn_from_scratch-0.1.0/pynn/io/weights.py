"""Saving and loading the parameters of a network.

A network's parameters are a dict of arrays: ``{"W1": ..., "b1": ..., ...}``.
The extension of the file decides its format; the names are the same in all.

================  ==========================================================
``.npz``          NumPy's own; read and written without pickle
``.safetensors``  read by most libraries for neural networks
``.pkl``          what the book's networks write
================  ==========================================================
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from pynn.io.arrays import checked, read_arrays
from pynn.io.files import in_words, path_of, replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pynn._typing import Array, ArrayLike, FilePath

# Modules with `read` and `write`, imported when the first such file comes, to keep `import pynn` quick.
_FORMATS = {".npz": "pynn.io.npz", ".safetensors": "pynn.io.safetensors", ".pkl": "pynn.io.pickles"}


def save_params(params: Mapping[str, ArrayLike], path: FilePath) -> None:
    """Write parameters to a file.

    The file appears whole or not at all; an older one is replaced and its mode
    kept.

    Parameters
    ----------
    params : mapping of str to array_like
        Arrays of booleans, integers or floats of at most 64 bits.
    path : str or path-like
        Ends in ``.npz``, ``.safetensors`` or ``.pkl``.

    Raises
    ------
    TypeError
        If `params` is no mapping, a name is not a str, or a value is not an
        array of real numbers (complex, longdouble, masked and object arrays
        are not).
    ValueError
        If the extension is none of the three, or a name cannot be kept: an
        empty one, ``__metadata__``, one with NUL or half a surrogate pair,
        one of more than 1024 bytes; in ``.npz``, ``W`` beside ``W.npy``.
    OSError
        If the file cannot be written.
    """
    path, form = format_of(path, "save_params")
    arrays = checked(params, "save_params", "params")
    if _suffix(path) == ".npz":
        form.check_names(arrays, "save_params")
    with in_words("save_params", path, "write"), replacing(path) as file:
        form.write(arrays, file)


def load_params(path: FilePath) -> dict[str, Array]:
    """Read parameters from a file.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.npz``, ``.safetensors`` or ``.pkl``.  Pickles may come
        from any version of NumPy and Python, Python 2 included.

    Returns
    -------
    dict of str to ndarray
        Fresh, C-contiguous, writeable arrays of the dtype they were saved in,
        in the machine's byte order.

    Raises
    ------
    UnsafePickleError
        If a ``.pkl`` file holds anything but a dict of arrays; none of it is
        run.  It is a ValueError and a ``pickle.UnpicklingError``.
    ValueError
        If a file is damaged, not of the format its extension says, holds
        other things than real numbers or a name that none should have, or
        would take far more memory than it is long; if the extension is none
        of the three.
    OSError
        If the file cannot be read.
    """
    path, form = format_of(path, "load_params")
    return read_arrays(path, form.read, "load_params", f"{_suffix(path)} file")


def format_of(path, caller):
    """`path` as a str, and the module that reads and writes the format of its extension."""
    path = path_of(path, caller)
    suffix = _suffix(path)
    if suffix not in _FORMATS:
        raise ValueError(f"{caller}: {path} must end in {', '.join(_FORMATS)}; it ends in {suffix!r}")
    return path, import_module(_FORMATS[suffix])


def _suffix(path):
    return os.path.splitext(path)[1]
