"""Memory that runs out at every allocation in turn: `python -m fuzz.no_memory calls 8 40` or `... files 1`.

It needs `failing`, the extension of tests/c/failing.c, loaded before the C library; tests/test_no_memory.py builds and loads it.
"""

import contextlib
import functools
import itertools
import pickle
import sys
import tempfile
import warnings
from pathlib import Path

import failing
import numpy as np
from fuzz.calls import Broken, arrays_in, contents, draw_call
from fuzz.formats import ARRAYS, formats
from fuzz.table import CALLS, CHANGED
from fuzz.work import chooser, prepare

from pynn import _core
from pynn.io import load_params, save_params

FOLLOWING = 8                   # CPython ends the process where it never gets the memory for an exception
ALL = 1 << 60                   # beyond the last
# An array for every class of sizes in csrc/binding/memory.c: multiples of 64 bytes to 1 KiB, then eight to every doubling.
FILLING = [np.zeros(size // 8) for size in (*range(64, 1025, 64), *(1024 * 2**i * (9 + j) // 8 for i in range(4) for j in range(8)))]
NAMELESS = "object of a nameless type"      # what a message says where a type's name finds no memory
# What CPython says when code in Python, such as f of numerical_gradient, lost an exception.
LOST = ("error return without exception set", "without setting an exception")
# Besides MemoryError: Python and NumPy themselves take a failed allocation for damage, or say that there is no lock, no path, no module
# or no exception, and pynn can only say the same.
EXPECTED = (MemoryError, ValueError, OSError, TypeError, RuntimeError, SystemError, pickle.PicklingError)
# Reading these goes through arithmetic of NumPy and through Pillow, which do not survive every allocation of Python's that fails:
# there, arrays alone fail.
OF_NUMPY = ("read folder", "read keras", "read medmnist", "read book", "read table", "read picture")
# CPython itself crashes where a nested function (3.12) or locals() (from 3.13 on) finds no memory; NumPy's repr asks for both.
FRAGILE = sys.version_info >= (3, 12)
WORDLESS = sys.version_info < (3, 11)       # CPython 3.10 raises without the text where that finds no memory
UNTRIED = ("set_num_threads",)  # threads that were started stay


def hold_what_is_kept():
    """Arrays that use up the memory that pynn keeps for results of up to 16 KiB: the next results must ask for new."""
    held = []
    failing.refuse(True)
    for x in FILLING:
        with contextlib.suppress(MemoryError):
            while True:
                held.append(_core.identity_function(x))
    failing.refuse(False)
    return held


def told(result, error):
    """An outcome as text, to compare it with another."""
    if error is not None:
        return f"{type(error).__name__}: {error}"
    parts = result if isinstance(result, tuple) else (result,)
    return repr([(a.dtype, a.shape, a.tobytes()) if isinstance(a, (np.ndarray, np.generic)) else a for a in parts])


def try_once(name, args, first, last, expected):
    """One attempt, and what is asked of it; how many allocations there were."""
    arrays = list(arrays_in(args))
    before = [contents(a) for _, a in arrays]
    held = hold_what_is_kept()
    result, error, seen = failing.attempt(getattr(_core, name), args, first, last)
    del held
    if result is not None and error is not None:
        raise Broken(f"a result and an exception, {error!r}")
    is_known = isinstance(error, MemoryError) or str(error).endswith(LOST) or NAMELESS in str(error) or WORDLESS and str(error) == ""
    outcome = expected if is_known else told(result, error)
    changed = CHANGED.get(name, ()) if error is None else ()
    if name != "numerical_gradient" and any(i not in changed and contents(a) != was for (i, a), was in zip(arrays, before)):
        raise Broken(f"an argument was changed ({error!r})")
    if outcome != expected:
        raise Broken(f"{outcome[:300]}, not {expected[:300]}")
    return seen


def check_leaks(name, args, first, last, repeats):
    """The same many times over: a leak grows as often in every loop, what the interpreter keeps for later in one or two."""
    for _ in range(3):
        blocks = sys.getallocatedblocks()
        for _ in range(repeats):
            failing.attempt(getattr(_core, name), args, first, last)
        left = sys.getallocatedblocks() - blocks
        if left < repeats:
            return
    raise Broken(f"{repeats} times left {left} objects behind")


def try_call(name, seed, repeats):
    """A call with every allocation failing in turn, alone and with those after it; how many failed."""
    draw = lambda: tuple(draw_call(name, chooser(seed)))
    if any(a.size > 1 << 20 for _, a in arrays_in(draw())):
        return 0                # it would take its time
    expected, tried = told(*failing.attempt(getattr(_core, name), draw(), ALL, ALL)[:2]), 0
    for alone in (True, False):
        for n in itertools.count():
            last = n if alone else n + FOLLOWING
            try:
                seen = try_once(name, draw(), n, last, expected)
                if repeats:
                    check_leaks(name, draw(), n, last, repeats)
            except Broken as error:
                raise Broken(f"{name}, seed {seed}, allocation {n}{' alone' if alone else ' and those after it'}: {error}") from error
            if seen <= n:       # it was not reached: the call has passed
                break
            tried += 1
    return tried


def try_calls(seeds, repeats=0):
    """Every function; what an attempt leaves behind is measured over so many `repeats`."""
    total = 0
    failing.arrays_only(FRAGILE)
    for name in sorted(CALLS.keys() - set(UNTRIED)):
        kernels = _core.kernels()
        total += sum(try_call(name, seed, repeats) for seed in range(seeds))
        _core.use_kernels(kernels)
    print(f"{len(CALLS) - len(UNTRIED)} functions, {seeds} calls of each: {total:,} allocations failed")


def operations(folder):
    """Everything that reads or writes a file: {name: (function, what it must not change when it fails)}."""
    forms = formats(folder)
    result = {}
    for name, form in forms.items():
        place = Path(folder) / name
        place.mkdir()
        for beside, content in form.beside.items():
            (place / beside).write_bytes(content)
        (place / form.name).write_bytes(form.samples[0])
        result[f"read {name}"] = functools.partial(form.read, place / form.name), form.state
    for suffix in (".npz", ".safetensors", ".pkl"):
        path = Path(folder) / f"saved{suffix}"
        save_params({"old": np.ones(3)}, path)
        result[f"save {suffix}"] = functools.partial(save_params, ARRAYS, path), functools.partial(_folder_with, path, load_params)
    return result


def _folder_with(path, load):
    """What is in the file and its folder."""
    return repr(sorted(p.name for p in path.parent.iterdir())), path.read_bytes()


def try_file(name, operation, state, step):
    """An operation with every `step`-th allocation failing; how many failed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        operation()             # imports
        n, tried, others = 0, 0, 0
        while True:
            before = state and state()
            result, error, seen = failing.attempt(operation, (), n, n)
            if error is not None and not isinstance(error, EXPECTED):
                raise Broken(f"{name}, allocation {n} of {seen}: {type(error).__name__}: {error}") from error
            others += error is not None and not isinstance(error, MemoryError)
            if error is not None and state and state() != before:
                raise Broken(f"{name}, allocation {n}: something was changed") from error
            if seen <= n:
                return tried, others
            tried += 1
            n += step


def try_files(step, only=""):
    with tempfile.TemporaryDirectory(prefix="pynn-no-memory-") as folder:
        for name, (operation, state) in operations(folder).items():
            if not name.startswith(only):
                continue
            failing.arrays_only(FRAGILE or name.startswith(OF_NUMPY))
            tried, others = try_file(name, operation, state, step)
            print(f"{name}: {tried:,} allocations failed; {others} times another error came of it", flush=True)


if __name__ == "__main__":
    prepare()
    what, number, *rest = sys.argv[1:]
    if what == "calls":
        try_calls(int(number), *map(int, rest))
    else:
        try_files(int(number), *rest)
