"""The memory that a DeepConvNet step needs on top of its library's import.

Each number is the highest resident size of a fresh process after three steps,
less what it was before the network was drawn.
"""

import resource
import sys
from pathlib import Path

from . import steps

PEERS = ["pynn", "earlier", "numpy", "torch"]


def measure(bench):
    for network in steps.CONVNETS:
        case = {"name": network, "dtype": "float32"}
        for peer in PEERS:
            contestant = bench.contestant(peer, 1, fresh=network)
            size = contestant.ask("call", "memory", "peak", case)
            if isinstance(size, str):
                bench.missing[f"{peer}: {size}"] = None
            else:
                yield {"group": "memory", **case, "peer": peer, "threads": 1, "megabytes": size}


def peak(peer, case):
    before = resident()
    run, _, _ = peer.step(case["name"], case["dtype"], steps.SIZE)
    for _ in range(3):
        run()
    return resident() - before


def resident():
    """The highest resident size of this process so far, in MB."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    # getrusage on Linux also remembers the process that started this one
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3
