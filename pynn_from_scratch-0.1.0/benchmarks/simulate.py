"""The pool of threads as a model: what parallel.c does with the chunks of a step, on any number of threads.

A step is a list of regions, each of chunks that the threads share, with serial work before each and after the last. The model
follows the rules of csrc/kernels/parallel.c: the caller takes chunks from the front and the workers from the back, a claim
holds the counter for a moment, a worker begins later than the caller, by more when it had fallen asleep, the caller
signals sleepers four at a time before each of its chunks, and it ends when the last chunk has ended. Every thread has a
core of its own; that cores share memory and caches is left out.
"""

import heapq
from typing import NamedTuple

SPIN = 50e-6                    # WORKER_SPIN: then an idle worker sleeps
AT_A_TIME = 4                   # sleepers that the caller signals before a chunk of its own


class Costs(NamedTuple):
    """What the pool costs, in seconds, as pool.py measures it."""
    claim: float                # a claim holds the counter of chunks
    start: float                # from a job to the first chunk of a worker that is awake
    signal: float               # the caller's, to wake a worker
    wake: float                 # from a job to the first chunk of a worker that slept, the signal included
    join: float                 # from the end of the last chunk to the caller's going on


class Region(NamedTuple):
    before: float               # serial work before it, in seconds
    chunks: tuple               # the seconds of every chunk


def step(regions, after, threads, costs):
    """Seconds of a step with `after` seconds of serial work at its end."""
    return sum(region.before + shared(region, threads, costs) for region in regions) + after


def shared(region, threads, costs):
    """Seconds of a region's chunks from the job to the join."""
    if threads == 1:
        return sum(region.chunks)
    asleep = region.before > SPIN
    helpers = min(threads - 1, len(region.chunks) - 1)
    arrivals = [(0.0, "caller")]
    if not asleep:
        arrivals += [(costs.start, "worker")] * helpers
        helpers = 0
    counter = last_own = last_other = 0.0
    front, back = 0, len(region.chunks)
    heapq.heapify(arrivals)
    while front < back:
        time, thread = heapq.heappop(arrivals)
        if thread == "caller":
            called = min(AT_A_TIME, helpers)
            for _ in range(called):
                time += costs.signal
                heapq.heappush(arrivals, (time + costs.wake - costs.signal, "worker"))
            helpers -= called
        counter = max(counter, time) + costs.claim
        if thread == "caller":
            last_own = end = counter + region.chunks[front]
            front += 1
        else:
            back -= 1
            end = counter + region.chunks[back]
            last_other = max(last_other, end)
        heapq.heappush(arrivals, (end, thread))
    return last_own if last_own >= last_other else last_other + costs.join


def stops(seconds, gain=1.2):
    """The number of threads from which twice as many gain less than `gain`; `seconds` by number of threads, doubling."""
    counts = sorted(seconds)
    for few, many in zip(counts, counts[1:]):
        if seconds[few] < gain * seconds[many]:
            return few
    return counts[-1]
