"""From three plain loops to the fast matrix product, in steps that can be read, run and timed (docs/kernels.md)."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

import pynn._core as _core
from pynn._reading import count
from pynn.threads import get_num_threads, num_threads

# What each step does to the one before it; csrc/kernels/tour_tmpl.h has the code in this order.
STEPS = ("formula", "loop order", "blocking", "registers", "vectors", "packing", "threads")
_HANDICAPS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_TURN = 0.1         # seconds that a step is timed for
_SLOWEST = 2.0      # no run of one step takes longer than this, whatever the size


class Step(NamedTuple):
    """A step of the tour, as measured here."""

    name: str
    seconds: float      # of one product; the best of several
    gflops: float       # 1e9 multiplications and additions a second


class Tour:
    """What `tour` measured. It prints as a table; `plot` draws it as a staircase.

    Attributes
    ----------
    n : int
        The matrices are n x n, float32.
    steps : list of Step
        The steps of the tour, then pynn's own product and NumPy's.
    peak : float
        What the processor can do on registers alone, in GFLOP/s, with all threads.
    threads : int
    """

    def __init__(self, n: int, steps: list[Step], peak: float, threads: int) -> None:
        self.n = n
        self.steps = steps
        self.peak = peak
        self.threads = threads

    def __str__(self) -> str:
        lines = [f"{self.n}x{self.n} float32, {_threads(self.threads)}, {_core.kernels()} kernels; the peak is {self.peak:.0f} GFLOP/s"]
        first = self.steps[0].seconds
        for step in self.steps:
            lines.append(f"{step.name:<12}{1e3 * step.seconds:>10.2f} ms {step.gflops:>8.1f} GFLOP/s {step.gflops / self.peak:>7.1%} of "
                         f"the peak {first / step.seconds:>8.1f} times the formula")
        lines += [f"{name} is set: NumPy may not run its best kernel" for name in _HANDICAPS if name in os.environ]
        return "\n".join(lines)

    __repr__ = __str__

    def plot(self, ax: Any = None) -> Any:
        """Draw the staircase; return the Axes."""
        import matplotlib.pyplot as plt
        if ax is None:
            ax = plt.subplots(figsize=(8, 4), layout="constrained")[1]
        names = [step.name for step in self.steps]
        colors = ["C0"] * len(STEPS) + ["C2", "C1"]
        bars = ax.bar(names, [step.gflops for step in self.steps], color=colors, width=0.8)
        ax.bar_label(bars, [f"{step.gflops:.1f}" if step.gflops < 10 else f"{step.gflops:.0f}" for step in self.steps], padding=2)
        ax.axhline(self.peak, color="0.4", linestyle="--", linewidth=1)
        ax.annotate(f"peak {self.peak:.0f}", (0, self.peak), (-0.4, self.peak * 1.02), color="0.4")
        ax.set(ylabel="GFLOP/s", title=f"{self.n}x{self.n} float32, {_threads(self.threads)}", ylim=(0, self.peak * 1.12))
        ax.tick_params(axis="x", labelrotation=25)
        ax.spines[["top", "right"]].set_visible(False)
        return ax


def tour(n: int = 1024, threads: int | None = None) -> Tour:
    """Time every step from the plain triple loop to pynn's product on this machine, beside NumPy and the processor's peak.

    Parameters
    ----------
    n : int
        The size of the square matrices, at least 1.
    threads : int, optional
        For the steps with threads and for pynn; by default those in use.

    Returns
    -------
    Tour

    References
    ----------
    Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008; ``docs/kernels.md``.
    """
    n = count("tour", "n", n)
    threads = get_num_threads() if threads is None else count("tour", "threads", threads)
    rng = np.random.default_rng(0)
    a, b = rng.random((2, n, n), np.float32)
    products: list[Any] = [lambda step=step: _core.tour(step, a, b) for step in range(len(STEPS))]
    products += [lambda: _core.matmul(a, b), lambda: a @ b]
    with num_threads(threads), _numpy_threads(threads):
        steps = [Step(name, seconds, 2e-9 * n**3 / seconds)
                 for name, seconds in zip((*STEPS, "pynn", "NumPy"), map(_best, products))]
        return Tour(n, steps, _peak() * threads, threads)


def _threads(n):
    return f"{n} thread{'s' if n > 1 else ''}"


def _numpy_threads(threads):
    """Have NumPy use as many threads, where threadpoolctl is installed (scikit-learn brings it)."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(threads)


def _best(product):
    """The least time of several calls."""
    times, end = [], time.perf_counter() + _TURN
    while not times or time.perf_counter() < end and sum(times) < _SLOWEST:
        start = time.perf_counter()
        product()
        times.append(time.perf_counter() - start)
    return min(times)


def _peak():
    """GFLOP/s of one thread on registers alone."""
    rounds, best = 20_000, 0.0
    for _ in range(60):
        start = time.perf_counter()
        operations = _core.tour_peak(rounds)
        best = max(best, 1e-9 * operations / (time.perf_counter() - start))
    return best
