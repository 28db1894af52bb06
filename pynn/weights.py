"""Saving and loading the parameters of a network.

A network's parameters are a dict of arrays: ``{"W1": ..., "b1": ..., ...}``.
The extension of the file decides its format; the names are the same in all.

================  ==========================================================
``.npz``          NumPy's own; read and written without pickle
``.safetensors``  read by most libraries for neural networks (an extra)
``.pkl``          what the book's networks write
================  ==========================================================
"""

import os
import pickle

import numpy as np

from pynn._files import replacing
from pynn._unpickle import UnsafePickleError, load_arrays


def save_params(params, path):
    """Write parameters to a file.

    The file appears whole or not at all; an older one is replaced.

    Parameters
    ----------
    params : mapping of str to array_like
        Arrays of booleans, integers, floating or complex numbers.
    path : str or path-like
        Ends in ``.npz``, ``.safetensors`` or ``.pkl``.

    Raises
    ------
    TypeError
        If a name is not a str, or a value not an array of numbers.
    ValueError
        If the extension is none of the three.
    ImportError
        If ``.safetensors`` is asked for and safetensors is not installed.
    OSError
        If the file cannot be written.
    """
    _, write = _format(path, "save_params")
    arrays = {}
    for name, value in params.items():
        array = np.asarray(value)
        if not isinstance(name, str):
            raise TypeError(f"save_params: {name!r} is not a name; names must be str")
        if array.dtype.kind not in "biufc":
            raise TypeError(f"save_params: params[{name!r}] has dtype {array.dtype}; "
                            "it must hold numbers")
        arrays[name] = _own(array)
    with replacing(path) as file:
        write(arrays, file)


def load_params(path):
    """Read parameters from a file.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.npz``, ``.safetensors`` or ``.pkl``.  Pickles may come
        from any version of NumPy and Python, Python 2 included.

    Returns
    -------
    dict of str to ndarray
        Fresh, C-contiguous, writeable arrays in the machine's byte order.

    Raises
    ------
    UnsafePickleError
        If a ``.pkl`` file holds anything but a dict of arrays; none of it is
        run.  It is a ValueError and a ``pickle.UnpicklingError``.
    ValueError
        If a file is damaged, not of the format its extension says, or holds
        other things than numbers; if the extension is none of the three.
    ImportError
        If safetensors is needed and not installed.
    OSError
        If the file cannot be read.
    """
    read, _ = _format(path, "load_params")
    with open(path, "rb") as file:
        try:
            params = read(file)
        except (ImportError, MemoryError):
            raise
        except UnsafePickleError as error:
            raise UnsafePickleError(f"load_params: {path}: {error}") from error
        except Exception as error:      # a hostile file can raise anything
            raise ValueError(f"load_params: {path} is damaged or is no "
                             f"{_suffix(path)} file: {error}") from error
    for name, array in params.items():
        if array.dtype.kind not in "biufc":
            raise ValueError(f"load_params: {path}: {name!r} has dtype {array.dtype}; "
                             "parameters are arrays of numbers")
    return {name: _own(array) for name, array in params.items()}


def _suffix(path):
    return os.path.splitext(path)[1]


def _format(path, caller):
    suffix = _suffix(path)
    if suffix not in _FORMATS:
        raise ValueError(f"{caller}: {path} must end in {', '.join(_FORMATS)}; "
                         f"it ends in {suffix!r}")
    return _FORMATS[suffix]


def _own(array):
    """A copy in C order and the machine's byte order."""
    return array.astype(array.dtype.newbyteorder("="), order="C", subok=False)


# ---- .npz: a zip archive of .npy files -------------------------------------
# Not through np.savez and np.load, as they take a parameter called "file" for
# their own argument and mistake "W.npy" for "W".  zipfile is imported where it
# is used, to keep `import pynn` quick.

def _read_npz(file):
    import zipfile
    with zipfile.ZipFile(file) as archive:
        params = {}
        for name in archive.namelist():
            with archive.open(name) as member:
                try:
                    array = np.lib.format.read_array(member, allow_pickle=False)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error
                if member.read(1):      # also has zipfile check the member's sum
                    raise ValueError(f"{name}: goes on after the end of its array")
            params[name.removesuffix(".npy")] = array
        return params


def _write_npz(params, file):
    import zipfile
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in params.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


# ---- .safetensors ----------------------------------------------------------

def _safetensors():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(".safetensors files need safetensors, which is not installed: "
                          'pip install "pynn-from-scratch[safetensors]"') from error
    return safetensors.numpy


def _read_safetensors(file):
    return _safetensors().load(file.read())


def _write_safetensors(params, file):
    file.write(_safetensors().save(params))


# ---- .pkl: read through stand-ins, see _unpickle.py --------------------------

def _write_pickle(params, file):
    pickle.dump(params, file, protocol=4)       # readable since Python 3.4


_FORMATS = {".npz": (_read_npz, _write_npz),
            ".safetensors": (_read_safetensors, _write_safetensors),
            ".pkl": (load_arrays, _write_pickle)}
