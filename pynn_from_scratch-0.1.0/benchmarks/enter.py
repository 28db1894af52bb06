"""From Enter to a trained network: a fresh interpreter imports a library, loads MNIST, trains and tests.

784-100-10 with Adam at 0.002, float32, three epochs of batches of 100, then the accuracy on the 10,000 test images. Each
program in `scripts/` is written as its library's tutorial does.
"""

import importlib.util
import os
from pathlib import Path

from . import data
from .build import ROOT
from .processes import in_turns

SCRIPTS = Path(__file__).parent / "scripts"
PACKAGES = {"numpy": "numpy", "torch": "torch", "sklearn": "sklearn", "jax": "jax", "keras": "keras"}
LEAST = 0.95                    # of the test set; whoever trained at all is beyond it


def measure(bench):
    home, name = data.home()
    case = {"group": "enter", "name": f"784-100-10, 3 epochs, {name}", "dtype": "float32"}
    yield from in_turns(case, programs(bench, home), bench.cpus[:bench.threads[-1]], 1 if bench.quick else 3, check)


def programs(bench, home):
    found = {"pynn": program("pynn", home, ROOT)}
    if "PYNN_EARLIER" in os.environ:
        found["earlier"] = program("pynn", home, os.environ["PYNN_EARLIER"])
    for peer, package in PACKAGES.items():
        if importlib.util.find_spec(package) is None:
            bench.missing[f"{peer}: {package} is not installed"] = None
        else:
            found[peer] = program(peer, home, ROOT)
    if "keras" in found and importlib.util.find_spec("tensorflow") is None:
        found["keras"][1]["KERAS_BACKEND"] = "torch"
    return found


def program(peer, home, path):
    return [SCRIPTS / f"enter_{peer}.py"], {"PYTHONPATH": str(path), "PYNN_DATA_HOME": str(home)}


def check(printed):
    """What is missing to an accuracy that only a trained network has."""
    return {peer: (max(0.0, 1 - float(line)), 1 - LEAST) for peer, line in printed.items()}
