"""A cell that alternates NumPy's product and pynn's step in one process on two threads.

OpenBLAS's worker spins for a tenth of a second after a product, on the core that pynn's worker needs. What counts is
pynn's part: the time of a step right after ``np.dot``, against one thread of pynn in the same cell, whose caches ``np.dot``
has emptied as well. Without ``np.dot`` the cell shows what that costs, and what two threads gain left alone.
"""

import time

import numpy as np

from . import steps
from .timing import ONE_THREAD, record

SQUARE = 512                    # large enough that NumPy uses both threads
TIMEOUT = {"OPENBLAS_THREAD_TIMEOUT": "24"}

# name -> (peer, whether np.dot runs between the steps, environment)
CELLS = {
    "one thread, without np.dot": ("pynn", False, ONE_THREAD),
    "two threads, without np.dot": ("pynn", False, {}),
    "one thread, np.dot between": ("pynn", True, ONE_THREAD),
    "two threads, np.dot between": ("pynn", True, {}),
    "two threads, np.dot between, OPENBLAS_THREAD_TIMEOUT=24": ("pynn", True, TIMEOUT),
    "two threads, np.dot between, earlier": ("earlier", True, {}),
    "two threads, np.dot between, earlier, OPENBLAS_THREAD_TIMEOUT=24": ("earlier", True, TIMEOUT),
}
NETWORKS = "TwoLayerNet", "SimpleConvNet"


def measure(bench):
    if bench.threads[-1] < 2:
        bench.missing["beside: needs two threads"] = None
        return
    for network in NETWORKS:
        yield from cells(bench, steps.case(network, "float32", steps.SIZE))


def cells(bench, case):
    """Every cell in turns, each in a process of its own."""
    seconds = {name: [] for name in CELLS}
    for _ in range(3 if bench.quick else 9):
        for name, (peer, between, environment) in CELLS.items():
            contestant = bench.contestant(peer, 2, fresh=("beside", name), **environment)
            found = contestant.ask("call", "beside", "cell", case | {"between": between})
            if isinstance(found, str):
                bench.missing[f"{peer}: {found}"] = None
            else:
                seconds[name].append(found)
    for name, times in seconds.items():
        if times:
            row = record("beside", case, name, 2, times, 0, 0)
            alone = seconds["one thread, np.dot between" if CELLS[name][1] else "one thread, without np.dot"]
            yield row | {"of_one": float(np.median([mine / one for mine, one in zip(times, alone)]))}


def cell(peer, case, repeats=12):
    """The median seconds of a step in a loop as a notebook has it."""
    run, _, _ = prepared(peer, case)
    a = np.ones((SQUARE, SQUARE), "float32")
    seconds = []
    for _ in range(repeats):
        if case["between"]:
            np.dot(a, a)
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def prepared(peer, case, kept={}):
    """The step of a case, drawn once in this process."""
    if case["name"] not in kept:
        kept[case["name"]] = peer.step(case["name"], case["dtype"], case["size"])
        kept[case["name"]][0]()
    return kept[case["name"]]
