"""A contestant's process: prepares a case, checks its result, times it when told."""

import gc
import importlib
import os
import pickle
import sys
import traceback

from .timing import Stopwatch


class Worker:
    def __init__(self, peer):
        self.peer = peer
        self.watch = None

    def prepare(self, group, case):
        """The error of the result and its bound, or in words why there is none."""
        self.watch = None               # free the last case's arrays first
        gc.collect()
        reply = self.call(group, "prepare", case)
        if isinstance(reply, str):
            return reply
        run, steps, error, bound = reply
        if not error <= bound:
            raise ArithmeticError(f"{group} {case}: error {error:.3g} exceeds {bound:.3g}")
        self.watch = Stopwatch(run, steps)
        return error, bound

    def call(self, group, function, case):
        """A function of a group's module, or in words why this peer cannot run it."""
        from . import peers

        module = importlib.import_module(f"benchmarks.{group}")
        try:
            return getattr(module, function)(peers.load(self.peer), case)
        except peers.Unavailable as reason:
            return str(reason)

    def calibrate(self, turn, clock):
        return self.watch.calibrate(turn, clock)

    def time(self):
        return self.watch.time()

    def each(self, duration):
        return self.watch.each(duration)

    def describe(self):
        from . import peers

        return peers.describe(self.peer)


def main(peer, cpus):
    if hasattr(os, "sched_setaffinity"):        # before any library counts the processors
        os.sched_setaffinity(0, map(int, cpus.split(",")))
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)                               # whatever a library prints goes to stderr
    gc.disable()
    worker = Worker(peer)
    while True:
        try:
            command, args = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            reply = True, getattr(worker, command)(*args)
        except Exception:
            reply = False, traceback.format_exc()
        pickle.dump(reply, replies)
        replies.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass
