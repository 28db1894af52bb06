"""Whole processes in turns: what a reader waits for between Enter and the result."""

import os
import subprocess
import sys
import time

from .timing import THREAD_VARIABLES, record

LONG = 10


def in_turns(case, programs, cpus, rounds, check):
    """Run each program `rounds` times, in turns; a record for each. One that takes `LONG` times as long as the first runs once.

    Parameters
    ----------
    case : dict
        As of any group; with "group".
    programs : dict
        From the peer's name to (arguments of the interpreter, environment).
    cpus : list of int
        The processors that a program may use, a thread on each.
    check : callable
        Takes what each peer printed in its last line and returns an error and its bound for each; an error beyond its
        bound ends the run.
    """
    seconds, printed = {peer: [] for peer in programs}, {}
    for turn in range(rounds):
        order = list(programs)[turn % len(programs):] + list(programs)[:turn % len(programs)]
        for peer in order:
            if turn > 0 and seconds[peer][0] > LONG * seconds[next(iter(programs))][0]:
                continue
            start = time.perf_counter()
            printed[peer] = run(*programs[peer], cpus)
            seconds[peer].append(time.perf_counter() - start)
    for peer, (error, bound) in check(printed).items():
        if not error <= bound:
            raise ArithmeticError(f"{case['group']}, {peer}: error {error:.3g} exceeds {bound:.3g}")
        yield record(case["group"], case, peer, len(cpus), seconds[peer], error, bound, seconds.get("pynn"))


def run(arguments, environment, cpus):
    """The last line that a program prints."""
    def stay():
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cpus)

    settings = os.environ | {name: str(len(cpus)) for name in THREAD_VARIABLES} | environment
    done = subprocess.run([sys.executable, "-W", "ignore", *arguments], env=settings, preexec_fn=stay, text=True,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.splitlines()[-1]
