"""Run a script and write down what it computed: ``python -m pynn.cli.observe pynn|plain FILE SCRIPT ...``, for `pynn check`."""

import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

LARGEST = 1_000_000     # numbers of one array that are written down


def _values(names):
    """The numbers that a script has left in its names, as arrays: ``{"network.params['W1']": ...}``."""
    result = {}
    for name, value in names.items():
        if not name.startswith("_"):
            with suppress(RecursionError):      # what contains itself
                result.update(_numbers(name, value))
    return result


def _numbers(name, value):
    if hasattr(value, "params") and not isinstance(value, type):        # a network, or a layer of the second volume
        return _numbers(f"{name}.params", value.params)
    if hasattr(value, "train_loss_list"):                               # a trainer
        return _numbers(f"{name}.train_loss_list", value.train_loss_list)
    if hasattr(value, "keys") and hasattr(value, "__getitem__") and not isinstance(value, type):
        return {key: array for inner in value.keys() for key, array in _numbers(f"{name}[{inner!r}]", value[inner]).items()}
    if not isinstance(value, (bool, int, float, list, tuple, np.ndarray, np.generic)):
        return {}
    try:
        array = np.asarray(value)
    except ValueError:                  # of rows that differ in length
        return {key: array for index, inner in enumerate(value) for key, array in _numbers(f"{name}[{index}]", inner).items()}
    if array.dtype.kind not in "biuf" or not array.size:
        return {}
    return {name: array.ravel()[::-(-array.size // LARGEST)]}       # of a data set, every so many


def main():
    """Run the script; its time and its values go into the file."""
    kind, file, *sys.argv = sys.argv[1:]
    if kind == "pynn":
        from pynn.book import install, reader
        reader.leave.add("Trainer")     # it computes nothing, and prints another text than pynn's
    else:
        from pynn.book.plain import install
    install()
    from pynn.cli.run import run_script
    path = Path(sys.argv[0])
    sys.path[0] = str(path.resolve().parent)
    np.random.seed(0)
    status, start = 0, time.perf_counter()
    try:
        status = run_script(path.read_bytes(), path.absolute())
    except SystemExit as error:
        status = error.code
    seconds = time.perf_counter() - start
    np.savez(file, **{":seconds": seconds}, **_values(vars(sys.modules["__main__"])))
    return status


if __name__ == "__main__":
    sys.exit(main())
