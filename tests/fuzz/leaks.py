"""Every function many times over, errors first: nothing may be left behind. `python -m fuzz.leaks 100000`, or `make test-leaks`."""

import gc
import sys
import time
from pathlib import Path

import numpy as np
from fuzz.calls import Broken, arrays_in, draw_call
from fuzz.table import CALLS
from fuzz.values import Draw
from fuzz.work import chooser, prepare

from pynn import _core

KINDS = 12                      # of calls of a function: a sound one, and others of which most are refused
SINGLE = (None, True, False, NotImplemented, Ellipsis, (), "", 0, 1, *map(np.dtype, ("f2", "f4", "f8", "i8", "u1", "?")))
QUICK = 1e-4                    # seconds that a call may take
IMMORTAL = 1 << 30              # references from which CPython 3.12 and newer take no notice; code for an older one counts them all the same
FEW = 40                        # objects or references that the interpreter's and NumPy's caches account for
MOST = 40                       # megabytes that the process may grow by, for the same reason


def kinds(name):
    """Arguments for a function: those that are refused first, the plain sound ones last."""
    drawn = [draw_call(name, chooser(seed)) for seed in range(1, 20 * KINDS)]
    quick = [(raised, args) for args in drawn if all(a.size < 1000 for _, a in arrays_in(args)) for raised in _raised(name, args)]
    refused, sound = ([args for raised, args in quick if raised is wanted] for wanted in (True, False))
    return refused[:KINDS - 3] + sound[:2] + [CALLS[name](Draw(lambda n: 0))]


def _raised(name, args):
    """Whether the call raises something, in a list; an empty one where it takes its time."""
    started = time.thread_time()
    try:
        getattr(_core, name)(*args)
        raised = False
    except BaseException:
        raised = True
    return [raised] if time.thread_time() - started < QUICK else []


def references(args):
    """How often each argument, and what there is only one of, is referred to."""
    return [min(sys.getrefcount(x), IMMORTAL) for x in (*args, *(a for _, a in arrays_in(args)), *SINGLE)]


def repeat(f, args, times):
    for _ in range(times):
        try:
            f(*args)
        except BaseException:
            pass


def grown(f, args, times):
    """How many references and objects there are more after so many calls."""
    gc.collect()
    before, blocks = references(args), sys.getallocatedblocks()
    repeat(f, args, times)
    gc.collect()
    more = sys.getallocatedblocks() - blocks
    return max(abs(now - was) for was, now in zip(before, references(args))), more


def check(name, args, times):
    """One kind of call: a leak grows in every loop, the caches of the interpreter and of NumPy in one or two; the calls made."""
    for loop in range(1, 5):
        references, objects = grown(getattr(_core, name), args, times)
        if references <= FEW and objects <= FEW:
            return loop * times
    raise Broken(f"{name}: {times} calls left {references} references and {objects} objects behind")


def resident():
    """The memory of this process in MB, or 0 where it cannot be told."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else 0


def main(times):
    prepare()
    gc.freeze()                 # what is there already need not be looked through every time
    fast = _core.kernels()
    started, calls = 0, 0
    for name in sorted(CALLS):
        several = kinds(name)
        for args in several:
            calls += check(name, args, max(2 * FEW, times // len(several)))
        _core.use_kernels(fast)
        _core.set_num_threads(2)
        started = started or resident()
    grew = resident() - started
    if grew > MOST:
        raise Broken(f"the process grew by {grew:.0f} MB after the first function")
    print(f"{calls:,} calls of {len(CALLS)} functions left nothing behind; the process grew by {grew:.1f} MB after the first")


if __name__ == "__main__":
    main(int(sys.argv[1]))
