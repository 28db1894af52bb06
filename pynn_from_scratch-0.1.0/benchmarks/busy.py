"""A two-threaded training step while another process keeps one core busy.

A pool that waits for every thread waits for the one that has lost its core, a
time slice of milliseconds. The busy loop is pinned to each core in turn; what
counts is the median of single steps, against one thread left alone.
"""

import contextlib
import os
import subprocess
import sys

from . import steps
from .timing import record

PEERS = ["pynn", "numpy", "torch", "jax"]
LOOP = "import os, sys; os.sched_setaffinity(0, [int(sys.argv[1])])\nwhile True: pass"


def measure(bench):
    if not hasattr(os, "sched_setaffinity") or len(bench.cpus) < 2:
        bench.missing["busy: needs two processors and affinity to pin the busy loop"] = None
        return
    yield from single_steps(bench, 1, "left alone")
    yield from single_steps(bench, 2, "left alone")
    for cpu in bench.cpus[:2]:
        with busy_loop(cpu):
            yield from single_steps(bench, 2, f"core {cpu} busy")


def single_steps(bench, threads, name):
    case = steps.case("TwoLayerNet", "float32", steps.SIZE)
    for peer, (contestant, error, bound) in bench.prepare("steps", case, PEERS, threads).items():
        seconds = contestant.ask("each", 0.3 if bench.quick else 1)
        yield record("busy", case | {"name": name}, peer, threads, seconds, error, bound)


@contextlib.contextmanager
def busy_loop(cpu):
    process = subprocess.Popen([sys.executable, "-c", LOOP, str(cpu)])
    try:
        yield
    finally:
        process.kill()
        process.wait()
