"""What a call costs before it computes anything, and what an import costs."""

import subprocess
import sys

import numpy as np

from .timing import record

# the same work as the reader would write it with pynn and with NumPy
CALLS = {
    "matmul": (lambda pynn, a, b: pynn.matmul(a, b), lambda a, b: np.matmul(a, b)),
    "relu": (lambda pynn, a, b: pynn.relu(a), lambda a, b: np.maximum(a, 0)),
    "tanh": (lambda pynn, a, b: pynn.tanh(a), lambda a, b: np.tanh(a)),
    "sigmoid": (lambda pynn, a, b: pynn.sigmoid(a), lambda a, b: 1 / (1 + np.exp(-a))),
    "mean_squared_error": (lambda pynn, a, b: pynn.mean_squared_error(a, b),
                           lambda a, b: 0.5 * np.sum((a - b)**2)),
}
IMPORTS = {"numpy": "import numpy", "pynn": "import pynn"}


def measure(bench):
    for dtype in ("float32", "float64"):
        for name in CALLS:
            yield from bench.compare("calls", {"name": f"{name} 2x2", "call": name, "dtype": dtype},
                                     ["pynn", "numpy"], 1)
    yield from imports(5 if bench.quick else 15)


def prepare(peer, case):
    a, b = np.array([[1, -2], [3, 4]], case["dtype"]), np.array([[5, 6], [-7, 8]], case["dtype"])
    pynn, numpy = CALLS[case["call"]]
    library = peer.library
    run = (lambda: numpy(a, b)) if library.__name__ != "pynn" else (lambda: pynn(library, a, b))
    expected = numpy(a.astype("float64"), b.astype("float64"))
    error = np.max(np.abs(run() - expected) / np.maximum(1, abs(expected)))
    return run, 1, float(error), float(4 * np.finfo(case["dtype"]).eps)


def imports(rounds):
    """Whole interpreters that import one package and end, in turns."""
    import time
    seconds = {name: [] for name in IMPORTS}
    for _ in range(rounds):
        for name, code in IMPORTS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            seconds[name].append(time.perf_counter() - start)
    for name in IMPORTS:
        yield record("calls", {"name": "import", "dtype": ""}, name, 1, seconds[name], 0, 0,
                     seconds["pynn"])
