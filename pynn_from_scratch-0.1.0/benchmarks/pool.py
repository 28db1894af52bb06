"""Where a training step stops scaling: the pool's costs measured, its regions traced, more cores simulated.

A copy of pynn with `traced.c` around its pool says which chunks each step hands out for any number of threads, and
how long each takes when they run one after the other. `simulate.py` shares them among threads. With one thread and two the
model stands beside the same steps as they are.
"""

import ctypes

import numpy as np

from . import simulate, steps
from .timing import Stopwatch, record

THREADS = [1, 2, 4, 8, 16, 32, 64]
NOTES = 1 << 18                 # of a traced step, at most
JOB = 30_000                    # nanoseconds of a chunk in the jobs that measure the pool


def measure(bench):
    if bench.threads[-1] < 2:
        bench.missing["pool: needs two threads"] = None
        return
    contestant = bench.contestant("traced", 2, fresh="pool")
    costs = contestant.ask("call", "pool", "costs", {"jobs": 200 if bench.quick else 2000})
    if isinstance(costs, str):
        bench.missing[f"pool: {costs}"] = None
        return
    for name, seconds in costs.items():
        yield record("pool", {"name": f"cost: {name}", "dtype": ""}, "pynn", 2, [seconds], 0, 0)
    for network in (*steps.MLPS, *steps.CONVNETS):
        repeats = 3 if bench.quick else 200 if network in steps.MLPS else 15
        case = steps.case(network, "float32", steps.SIZE) | {"repeats": repeats}
        for threads in THREADS:
            regions, after = contestant.ask("call", "pool", "trace", case | {"threads": threads})
            seconds = simulate.step([simulate.Region(*region) for region in regions], after, threads, simulate.Costs(**costs))
            work = sum(sum(chunks) for _, chunks in regions)
            yield record("pool", case | {"work": work, "regions": len(regions), "chunks": sum(len(c) for _, c in regions),
                                         "serial": after + sum(before for before, _ in regions)},
                         "model", threads, [seconds], 0, 0)
        for threads in bench.threads:
            seconds = contestant.ask("call", "pool", "timed", case | {"threads": threads})
            yield record("pool", case, "pynn", threads, seconds, 0, 0)


def costs(peer, case):
    """The pool's costs in seconds, medians over jobs that two threads shared: see simulate.Costs."""
    peer.library.set_num_threads(2)
    awake, asleep = (jobs(peer, case["jobs"], 2, JOB, pause) for pause in (5_000, 200_000))
    empty = jobs(peer, 50, 5_000, 0, 5_000)
    joined = [row[4] - row[3] for row in (*awake, *asleep) if row[3] > row[2]]
    middle = {"claim": np.median(empty[:, 4]) / 5_000, "start": np.median(awake[:, 1]),
              "signal": max(0, np.median(asleep[:, 0]) - np.median(awake[:, 0])), "wake": np.median(asleep[:, 1]),
              "join": np.median(joined)}
    return {name: float(nanoseconds) / 1e9 for name, nanoseconds in middle.items()}


def jobs(peer, count, chunks, work, pause):
    """The times of jobs as time_jobs in traced.c gives them; those in which the worker took part, where chunks have work."""
    times = np.zeros((count, 5), np.int64)
    library(peer).time_jobs(*map(ctypes.c_ssize_t, (count, chunks)), *map(ctypes.c_int64, (work, pause)),
                            ctypes.c_void_p(times.ctypes.data))
    return times[times[:, 1] > 0] if work else times


def trace(peer, case):
    """The regions of a step as it is planned for so many threads, (serial seconds before, seconds of each chunk), and what follows."""
    run, _, _ = peer.step(case["name"], case["dtype"], case["size"])
    peer.library.set_num_threads(case["threads"])
    run()
    traces = [notes(peer, run) for _ in range(case["repeats"])]
    first = traces[0]
    same = [trace for trace in traces if len(trace) == len(first)]
    middle = np.median(same, axis=0) / 1e9
    regions, place = [], 0
    while place < len(first) - 1:
        chunks = first[place]
        regions.append((float(middle[place + 1]), tuple(middle[place + 2:place + 2 + chunks].tolist())))
        place += 2 + chunks
    return regions, float(middle[-1])


def notes(peer, run):
    """What traced.c notes of a step, as it stands there."""
    memory = np.zeros(NOTES, np.int64)
    library(peer).trace_start(ctypes.c_void_p(memory.ctypes.data), ctypes.c_ssize_t(NOTES))
    run()
    count = library(peer).trace_stop()
    if count > NOTES:
        raise MemoryError(f"a step of {count} notes")
    return memory[:count]


def timed(peer, case):
    """The seconds of single steps as they are, with the pool at work."""
    run, _, _ = peer.step(case["name"], case["dtype"], case["size"])
    peer.library.set_num_threads(case["threads"])
    return Stopwatch(run, 1).each(0.3)


def library(peer):
    found = ctypes.CDLL(peer.library._core.__file__)
    found.trace_stop.restype = ctypes.c_ssize_t
    return found
