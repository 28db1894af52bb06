"""A share of a batch: what a layer must know where other processes have the rest of its samples.

Most layers treat every sample alone. Those that do not ask `current`: None says that the layer sees the whole batch.
"""

from contextvars import ContextVar

import numpy as np

_current = ContextVar("share", default=None)


class Share:
    """Samples ``[start, stop)`` of a batch of `size`; within a ``with`` block the layers know of it.

    Parameters
    ----------
    start, stop, size : int
    total : callable
        Adds up an array over all processes.
    """

    def __init__(self, start, stop, size, total):
        self.start = start
        self.stop = stop
        self.size = size
        self.total = total

    @property
    def weight(self):
        """What this share's mean counts in the mean over the batch."""
        return (self.stop - self.start) / self.size

    def whole(self, rows):
        """How many rows the batch has where the share has `rows`: as many for each sample."""
        return rows * self.size // (self.stop - self.start)

    def random(self, shape):
        """The rows of this share in what `numpy.random.rand` draws for the batch: every process draws all of it."""
        start = shape[0] * self.start // (self.stop - self.start)
        return np.random.rand(self.whole(shape[0]), *shape[1:])[start:start + shape[0]]

    def __enter__(self):
        self._token = _current.set(self)

    def __exit__(self, *error):
        _current.reset(self._token)


def current():
    """The share that the samples of this pass are, or None."""
    return _current.get()
