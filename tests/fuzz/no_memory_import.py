"""The extension imported with every allocation failing in turn: `python -m fuzz.no_memory_import PATH-OF-THE-EXTENSION`.

An import that has failed must leave nothing that hinders the next: at the end the module computes, and so does a child forked then.
It needs `failing`, like fuzz.no_memory, and a process in which pynn was not imported yet.
"""

import _imp
import importlib.util
import itertools
import os
import signal
import sys

import failing
import numpy as np

FOLLOWING = 8           # CPython ends the process where it never gets the memory for an exception
SECONDS = 20            # after which a process that waits for a lock is ended
# What CPython and NumPy make of memory that they do not get.
EXPECTED = (MemoryError, ImportError, SystemError, RuntimeError)


def load(spec):
    """What importlib does in the end: the rest of it does not survive every failure."""
    module = _imp.create_dynamic(spec)
    _imp.exec_dynamic(module)
    return module


def try_imports(spec, following):
    """Imports of whose allocations one fails, and so many after it; what the last one gave, for which all succeeded, and how many there were."""
    for number in itertools.count():
        module, error, seen = failing.attempt(load, (spec,), number, number + following)
        if error is not None and not isinstance(error, EXPECTED):
            raise error
        if seen <= number:
            return module, error, number


def main(path):
    spec = importlib.util.spec_from_file_location("pynn._core", path)
    *_, several = try_imports(spec, FOLLOWING)      # first: where a single one fails, some imports succeed
    module, error, alone = try_imports(spec, 0)
    if module is None:
        raise error
    x = np.array([-1.0, 2.0])
    np.testing.assert_array_equal(module.relu(x), [0, 2])
    signal.alarm(SECONDS)
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        os._exit(0 if module.relu(x)[1] == 2 else 1)
    if os.waitpid(child, 0)[1]:
        raise AssertionError("a forked child could not compute")
    print(f"{several + alone:,} allocations failed")


if __name__ == "__main__":
    main(sys.argv[1])
