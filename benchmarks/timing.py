"""The clock: every contestant is a process of its own, and they take turns.

A process per contestant lets each library have its own thread pool, affinity
and environment. Whoever is not being timed is stopped (SIGSTOP), because the
pools of NumPy and PyTorch go on spinning after their work is done. The turns
are short and alternate, so that a machine whose speed drifts slows everybody,
and each ratio is taken within one round.
"""

import itertools
import os
import pickle
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                    "VECLIB_MAXIMUM_THREADS", "PYNN_NUM_THREADS")
ONE_THREAD = {"PYNN_NUM_THREADS": "1"}      # for a pynn of one thread among contestants with more


class Contestant:
    """One peer in its own process, with its number of threads and its environment."""

    def __init__(self, peer, threads, cpus, env):
        self.peer = peer
        settings = os.environ | {name: str(threads) for name in THREAD_VARIABLES} | env
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer, ",".join(map(str, cpus))],
            cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=settings)

    def ask(self, command, *args):
        """Wake the process, have it obey, stop it again; its errors are raised here."""
        self.process.send_signal(signal.SIGCONT)
        pickle.dump((command, args), self.process.stdin)
        self.process.stdin.flush()
        try:
            ok, reply = pickle.load(self.process.stdout)
        except EOFError:
            ok, reply = False, f"its process ended, {self.process.wait()}"
        self.process.send_signal(signal.SIGSTOP)
        if not ok:
            raise RuntimeError(f"{self.peer}: {reply}")
        return reply

    def close(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.communicate()


class Bench:
    """Keeps the contestants and lets them run the cases of a group against each other."""

    def __init__(self, cpus, threads, quick=False, cpu_clock=False):
        self.cpus = cpus
        self.threads = threads
        self.quick = quick
        self.cpu_clock = cpu_clock      # count processor time where one thread works
        self.missing = {}               # what could not be run, and why
        self._contestants = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for contestant in self._contestants.values():
            contestant.close()

    def contestant(self, peer, threads, fresh=None, **env):
        """The process of a peer; one of its own for whatever `fresh` names."""
        key = (peer, threads, fresh, *env.items())
        if key not in self._contestants:
            self._contestants[key] = Contestant(peer, threads, self.cpus[:threads], env)
        return self._contestants[key]

    def prepare(self, group, case, peers, threads, env={}):
        """The contestants that can run `case`, each with the error of its result."""
        ready = {}
        for peer in peers:
            contestant = self.contestant(peer, threads, **env.get(peer, {}))
            reply = contestant.ask("prepare", group, case)
            if isinstance(reply, str):
                self.missing[f"{peer}: {reply}"] = None
            else:
                ready[peer] = (contestant, *reply)
        return ready

    def compare(self, group, case, peers, threads, env={}, budget=0.1):
        """Time `case` on every peer, in turns that take `budget` seconds together or are few; one record for each."""
        ready = self.prepare(group, case, peers, threads, env)
        turn = 0.008                            # long against the waking of a thread pool
        clock = "process_time" if self.cpu_clock and threads == 1 else "perf_counter"
        cost = sum(contestant.ask("calibrate", turn, clock) for contestant, *_ in ready.values())
        budget = 0.1 if self.quick else budget
        fewest = 3 if self.quick or cost > 1 else 5     # what takes so long varies less
        rounds = max(fewest, min(25, int(budget / max(cost, 1e-9))))
        seconds = {peer: [] for peer in ready}
        for i, peer in itertools.product(range(rounds), range(len(ready))):
            name = list(ready)[(i + peer) % len(ready)]
            seconds[name].append(ready[name][0].ask("time"))
        return [record(group, case, peer, threads, seconds[peer], error, bound,
                       seconds.get("pynn"))
                for peer, (_, error, bound) in ready.items()]


def record(group, case, peer, threads, seconds, error, bound, pynn=None):
    """Median and quartiles of the times, and of how many times as fast pynn was."""
    row = {"group": group, **case, "peer": peer, "threads": threads,
           "error": error, "bound": bound}
    row["seconds"], row["low"], row["high"] = quartiles(seconds)
    if pynn:
        row["ratio"], row["ratio_low"], row["ratio_high"] = quartiles(
            [theirs / ours for theirs, ours in zip(seconds, pynn)])
    return row


def quartiles(values):
    """Median, lower and upper quartile."""
    if len(values) == 1:
        return values * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


class Stopwatch:
    """Times one callable inside a worker."""

    def __init__(self, run, steps):
        self.run = run
        self.steps = steps              # units of work in one call
        self.loops = 1
        self.clock = time.perf_counter

    def time(self):
        """Seconds for one unit of work, after a warm-up that is not counted."""
        self._loop(1 + self.loops // 4)
        return self._loop(self.loops) / (self.loops * self.steps)

    def calibrate(self, turn, clock):
        """Choose how many calls fill a turn of `turn` seconds; return what a turn costs."""
        self.clock = getattr(time, clock)
        elapsed = self._loop(1)
        while (elapsed := self._loop(self.loops)) < turn / 2:
            self.loops *= 2
        return 1.25 * elapsed

    def each(self, duration):
        """Seconds of every single call for about `duration` seconds."""
        end = time.perf_counter() + duration
        seconds = [self._loop(1) / self.steps]
        while time.perf_counter() < end:
            seconds.append(self._loop(1) / self.steps)
        return seconds

    def _loop(self, count):
        run, clock = self.run, self.clock
        start = clock()
        for _ in itertools.repeat(None, count):
            run()
        return clock() - start
