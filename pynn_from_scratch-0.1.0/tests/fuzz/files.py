"""One damaged file, and everything that is asked of whoever reads it."""

import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from fuzz.mutate import damaged

EXPECTED = (ValueError, OSError)        # DatasetError and UnsafePickleError are ValueErrors


class Broken(AssertionError):
    """pynn did not do what it promises."""


def draw_file(form, choose):
    """A sound file of a format, damaged."""
    data, other = (form.samples[choose(len(form.samples))] for _ in range(2))
    return form.inside(choose, data, other) if form.inside and choose(2) else damaged(choose, data, other)


def check(form, data, folder):
    """Read a file with these bytes; the exception's type, or None."""
    path = _write(form, data, Path(folder))
    before = form.state and form.state()
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result, error = form.read(path), None
    except BaseException as caught:
        result, error = None, caught
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
    if peak > form.most(data):
        raise Broken(f"reading {len(data):,} bytes took {peak:,}") from error
    if error is None:
        _check_result(result)
        return None
    if not isinstance(error, EXPECTED):
        raise Broken(f"raised {type(error).__name__}: {error}") from error
    if not any(name in str(error) for name in (str(path), path.name, str(path.parent), "load_image: ")):
        raise Broken(f"the message names no file: {error}") from error
    if form.state and form.state() != before:
        raise Broken(f"a file that was refused changed something ({error})") from error
    return type(error)


def _write(form, data, folder):
    for name, content in form.beside.items():
        if not (folder / name).exists():
            (folder / name).write_bytes(content)
    path = folder / form.name
    path.write_bytes(data)
    return path


def _check_result(result):
    """Arrays of real numbers, writeable, that can be read to the end."""
    for array in _arrays(result):
        if array.dtype.kind not in "biuf" or not array.dtype.isnative:
            raise Broken(f"an array of {array.dtype}")
        if not (array.flags.writeable and array.flags.aligned):
            raise Broken(f"an array with the flags {array.flags}")
        array.sum(dtype=np.float64)


def _arrays(result):
    if isinstance(result, np.ndarray):
        yield result
    elif isinstance(result, (tuple, list)):
        for part in result:
            yield from _arrays(part)
    elif isinstance(result, dict):
        for part in result.values():
            yield from _arrays(part)
