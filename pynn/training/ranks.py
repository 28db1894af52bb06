"""The other processes of a training: none, or the ranks of an MPI communicator that share its batches.

A `Trainer` asks one object for all that depends on them. `Alone` is that object in a single process.
"""

import math
import sys
import time
from contextlib import contextmanager

import numpy as np

from pynn.layers.share import Share
from pynn.training import state
from pynn.training.figures import SHORT, figure, metric_of
from pynn.training.sums import Sums, flat, views

_DRIFT = 1e-3       # of the norm of a parameter; roundings of 100 steps stay far below, a bug does not


def ranks_of(comm, batch_size):
    """The object for a communicator of mpi4py, or for None."""
    if comm is None:
        return Alone()
    for method in ("Get_rank", "Get_size", "Allreduce", "Iallreduce", "bcast", "Abort"):
        if not hasattr(comm, method):
            raise TypeError(f"Trainer: comm is a {type(comm).__name__}; it must be a communicator of mpi4py, such as MPI.COMM_WORLD")
    return Alone() if comm.Get_size() == 1 else Ranks(comm, batch_size)


class Alone:
    """A single process: whatever is asked concerns it alone. `Ranks` says what the methods are for."""

    rank = 0
    size = 1

    def rows(self, rows):
        return rows

    def gradient(self, network, x, t):
        return network.gradient(x, t), getattr(network, "last_loss", None)

    def loss(self, network, x, t):
        return network.loss(x, t)

    def figure(self, network, split, x, t):
        return figure(network, split, x, t)

    def any(self, flag):
        return bool(flag)

    def first(self, function, *args):
        return function(*args)

    def whole(self, array):
        return array

    def same_random_state(self, rng):
        pass

    def keep_together(self, trainer, begins):
        pass


class Ranks:
    """The ranks of a communicator, each with its share of every batch.

    What decides how a training goes on is the same to the bit on every rank, whatever the MPI library makes of sums of floats:
    flags are integers, and other figures come from rank 0 or are added in the order of the ranks.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
    batch_size : int
        Samples in a batch of all ranks together.
    """

    def __init__(self, comm, batch_size):
        self._comm = comm
        self.rank = comm.Get_rank()
        self.size = comm.Get_size()
        end_together(comm)
        if batch_size < self.size:
            raise ValueError(f"Trainer: mini_batch_size is {batch_size} but there are {self.size} ranks; each must have at least one "
                             "sample of a batch")
        self._share = Share(*self._part(batch_size), batch_size, self._total)

    def _part(self, n):
        """Where this rank's part of n things begins and ends."""
        return self.rank * n // self.size, (self.rank + 1) * n // self.size

    def _total(self, array):
        """The sum over the ranks. Both buffers are in C order: of another order MPI would send the bytes as they lie."""
        total = np.empty(array.shape, array.dtype)
        self._comm.Allreduce(np.ascontiguousarray(array), total)
        return total

    # ---- a step ----

    def rows(self, rows):
        """Those rows of a batch that are this rank's share."""
        return rows[self._share.start:self._share.stop]

    def gradient(self, network, x, t):
        """The gradients and the loss of the batch, from this rank's share of it.

        Each rank's are those of a mean over its share, so they are averaged by the number of samples. The loss is behind them.
        """
        sums = Sums(self._comm, network, self._share.weight)
        with self._share.telling(sums.came):
            grads = network.gradient(x, t)
        loss = getattr(network, "last_loss", None)
        grads, counted = sums.all(grads, self._counted(0 if loss is None else loss))
        return grads, None if loss is None else _agreed(*counted)

    def loss(self, network, x, t):
        """The loss of the batch."""
        with self._share:
            loss = network.loss(x, t)
        return _agreed(*self._total(np.array(self._counted(loss), np.float64)))

    def _counted(self, loss):
        """What this rank's loss is in that of the batch, and a count: 1 if it is not finite."""
        return loss * self._share.weight, not math.isfinite(loss)

    # ---- what it comes to ----

    def figure(self, network, split, x, t):
        """The network's metric on a set, every rank measuring its part."""
        metric = metric_of(network, x, t)
        if metric is None:
            return {}
        start, stop = self._part(len(x))
        value = getattr(network, metric)(x[start:stop], t[start:stop]) if start < stop else 0.0
        n = stop - start
        parts = self._comm.allgather(round(value * n) if metric == "accuracy" else n * value ** 2)
        mean = sum(parts) / len(x)
        return {f"{split}_{SHORT[metric]}": mean if metric == "accuracy" else math.sqrt(mean)}

    def any(self, flag):
        """Whether the flag is set on any rank."""
        return bool(self._total(np.array(bool(flag), np.int32)))

    def first(self, function, *args):
        """What a function returns, or raises, that only rank 0 calls."""
        outcome = None
        if self.rank == 0:
            try:
                outcome = function(*args), None
            except Exception as error:
                outcome = None, error
        result, failure = self._comm.bcast(outcome)
        if failure is not None:
            raise failure
        return result

    def whole(self, array):
        """The rows that the ranks have, one after another."""
        return np.concatenate(self._comm.allgather(np.ascontiguousarray(array)))

    # ---- staying together ----

    def same_random_state(self, rng):
        """Give every rank the random state of rank 0, NumPy's global one and the trainer's own."""
        for generator in (None, rng) if rng is not None else (None,):
            state.restore_random_state(generator, self._comm.bcast(state.random_state(generator)))

    def keep_together(self, trainer, begins):
        """Give every rank the parameters, running statistics and random state of rank 0.

        When a training begins the ranks may have drawn other ones. Later they differ by roundings at most, or something
        is wrong: that is an error of the rank that has drifted.
        """
        network = trainer.network_state()
        if begins:
            self._refuse_another({(name, np.shape(value), str(np.asarray(value).dtype)) for name, value in network.items()})
        buffer = flat(network)
        self._comm.Bcast(buffer)
        first = views(buffer, network)
        if not begins:
            self._refuse_drift(network, first, trainer.current_iter)
        state.restore_network(trainer.network, first)
        self.same_random_state(trainer.rng)

    def _refuse_another(self, mine):
        other = mine - self._comm.bcast(mine)
        if other:
            raise ValueError(f"Trainer: rank {self.rank} has {sorted(other)} in its network, and rank 0 has not; build the same network "
                             "on every rank")

    def _refuse_drift(self, mine, first, step):
        for name, value in mine.items():
            distance, norm = np.linalg.norm(value - first[name]), np.linalg.norm(first[name])
            if distance > _DRIFT * max(norm, 1e-3):
                raise RuntimeError(f"Trainer: after {step:,} steps {name} of rank {self.rank} is {distance:.2g} away from that of rank 0, "
                                   f"whose norm is {norm:.2g}; something changes it on one rank alone, a callback or an optimizer")


def _agreed(loss, infinite):
    """The loss of the batch, finite or not as the ranks' own are, in whatever order it was added up."""
    return math.nan if infinite else np.nan_to_num(loss)


# ---- failing ----

def end_together(comm):
    """Let an exception that ends this process end the whole job: the other ranks would wait for it for ever."""
    before = sys.excepthook
    if getattr(before, "ends_the_job", False):
        return

    def hook(kind, error, traceback):
        with ending(comm):
            before(kind, error, traceback)

    hook.ends_the_job = True
    sys.excepthook = hook


@contextmanager
def ending(comm):
    """Say within this block why the job has to end; then it does.

    Rank 0 speaks first: what fails on every rank is said once. The others leave it time, for their end is that of its words.
    """
    if comm.Get_rank():
        time.sleep(5)
    print(f"rank {comm.Get_rank()} of {comm.Get_size()} failed, which ends the job:", file=sys.stderr)
    yield
    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(1)       # what mpiexec has not read by then is lost
    comm.Abort(1)
