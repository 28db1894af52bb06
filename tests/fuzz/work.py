"""What a process of the fuzzer does: a range of calls or of files, or one of them led by coverage for a while."""

import collections
import faulthandler
import os
import random
import signal
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
from fuzz import calls, files
from fuzz.formats import formats

from pynn import _core

REACHED = "reached"             # the file that tells which number was under way
SHOWN = 20                      # faults that are shown; the others are counted
MEMORY = 4 << 30                # address space, so that what is enormous is refused at once


def chooser(number):
    """What draws the call or the file of that number."""
    return random.Random(number)._randbelow


def prepare():
    """A process that says where it died, and in which nothing enormous is ever allocated."""
    faulthandler.enable()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")

    def late(*_):
        raise calls.TooLong
    signal.signal(signal.SIGALRM, late)
    if "libasan" in os.environ.get("LD_PRELOAD", ""):       # which lays out terabytes, and itself refuses what is enormous
        return
    try:
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError):
        pass


def one_call(names, number, choose):
    name = names[number % len(names)]
    return name, calls.check(name, calls.draw_call(name, choose))


def files_in(folder):
    """A function that draws and reads one damaged file."""
    forms = formats(folder)
    for name in forms:
        (Path(folder) / name).mkdir()

    def one_file(names, number, choose):
        name = names[number % len(names)]
        return name, files.check(forms[name], files.draw_file(forms[name], choose), Path(folder) / name)
    return one_file, sorted(forms)


def go(folder, one, names, begin, end):
    """Numbers from `begin` to `end`; how many were not as promised."""
    outcomes, faults = collections.Counter(), 0
    with open(Path(folder) / REACHED, "w+") as reached:
        for number in range(begin, end):
            reached.seek(0)
            reached.write(f"{number:<12}")
            reached.flush()
            try:
                _, outcome = one(names, number, chooser(number))
                outcomes[outcome.__name__ if outcome else "a result"] += 1
            except calls.TooLong:
                outcomes["interrupted"] += 1
            except Exception as error:
                faults += 1
                if faults <= SHOWN:
                    print(f"NUMBER {number}, {names[number % len(names)]}: {error}")
                    traceback.print_exception(error.__cause__, limit=-3, chain=False)
    print(f"{end - begin:,} of {len(names)} kinds: " + ", ".join(f"{count:,} {what}" for what, count in outcomes.most_common())
          + (f"; {faults:,} NOT AS PROMISED" if faults else ""), flush=True)
    return faults


def main(folder, what, kernels, *rest):
    prepare()
    if kernels != "any":
        _core.use_kernels(kernels)
    one, names = files_in(folder) if what.endswith("files") else (one_call, sorted(calls.CALLS))
    if what.startswith("guided"):
        from fuzz.guided import lead
        return lead(one, names, int(rest[0]))
    return 1 if go(folder, one, names, *map(int, rest)) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
