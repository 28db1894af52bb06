"""The book's training script of chapter 5 as a reader runs it: a process from its start to its end.

`scripts/ch05.py` is run with pynn, with the earlier commit's pynn, and with the book's formulas in NumPy.
"""

import json
import os
from pathlib import Path

from . import data
from .build import ROOT
from .processes import in_turns

PROGRAM = Path(__file__).parent / "scripts" / "ch05.py"


def measure(bench):
    iterations = 1_000 if bench.quick else 10_000
    home, name = data.home()
    case = {"group": "script", "name": f"ch05, {iterations:,} iterations, {name}", "dtype": "float64"}
    for threads in bench.threads:
        yield from in_turns(case, programs(iterations, home), bench.cpus[:threads], 1, check)


def programs(iterations, home):
    """With pynn's own folder before it on the path, each finds the pynn that it shall."""
    paths = {"pynn": ROOT, "numpy": ROOT}
    if "PYNN_EARLIER" in os.environ:
        paths["earlier"] = os.environ["PYNN_EARLIER"]
    return {peer: ([PROGRAM, "numpy" if peer == "numpy" else "pynn", str(iterations)],
                   {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}", "PYNN_DATA_HOME": str(home)}) for peer, path in paths.items()}


def check(printed):
    """The last loss and accuracies are NumPy's: sums in another order move a float64 loss by far less, and at most a few samples."""
    found = {peer: json.loads(line) for peer, line in printed.items()}
    return {peer: (max(abs(value - found["numpy"][key]) for key, value in figures.items()), 1e-4)
            for peer, figures in found.items()}
