"""How many threads the kernels use: the caller and the workers of one small pool.

Results are bit-identical for any number. Small work stays on the calling thread, nothing runs while no kernel
does, and where another process takes a core the pool goes on without it for a while.

At first it is the number of processors that this process may run on (its affinity, a container's quota; on macOS
the performance cores). The environment variable ``PYNN_NUM_THREADS`` overrides that, and without it ``OMP_NUM_THREADS``, by which
joblib and Dask tell every worker process its share of the machine. threadpoolctl, and with it scikit-learn, limits the pool like any
other: ``threadpoolctl.threadpool_limits(1)``.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from typing import TYPE_CHECKING

import pynn._core as _core
import pynn._threadpoolctl as _threadpoolctl

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["get_num_threads", "num_threads", "set_num_threads"]


def get_num_threads() -> int:
    """Number of threads that kernels use, the calling one included.

    Returns
    -------
    int
    """
    return _core.get_num_threads()


def set_num_threads(n: int) -> None:
    """Set the number of threads that kernels use, in the whole process.

    Parameters
    ----------
    n : int
        From 1, the calling thread alone, to 128.

    Raises
    ------
    TypeError
        If `n` is not an integer.
    ValueError
        If `n` is out of range.
    """
    _core.set_num_threads(n)


@contextlib.contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Use `n` threads within a ``with`` block or a decorated function, and the former number afterwards.

    Parameters
    ----------
    n : int
        As for `set_num_threads`. The number holds for the process, so other Python threads see it too.

    Examples
    --------
    >>> with pynn.num_threads(1):
    ...     network.gradient(x, t)
    """
    before = get_num_threads()
    set_num_threads(n)
    try:
        yield
    finally:
        set_num_threads(before)


def _read_environment() -> None:
    """Apply PYNN_NUM_THREADS, else OMP_NUM_THREADS; a value of no use is ignored, aloud where it was meant for pynn."""
    value = os.environ.get("PYNN_NUM_THREADS", "").strip()
    if not value:
        shared = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()      # behind a comma are those of inner loops
        digits = shared.lstrip("0")
        if digits.isascii() and digits.isdecimal():
            set_num_threads(min(int(digits[:4]), 128))      # Python reads no more than some thousands of digits
        return
    try:
        set_num_threads(int(value))
    except ValueError:
        warnings.warn(
            f"PYNN_NUM_THREADS is {value!r} and must be a whole number from 1 to 128; "
            f"it is ignored, and pynn uses {get_num_threads()} threads",
            RuntimeWarning,
            stacklevel=2,
        )


_read_environment()
_threadpoolctl.announce()
