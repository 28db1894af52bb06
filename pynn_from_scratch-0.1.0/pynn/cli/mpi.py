"""``pynn train --mpi``: the processes of ``mpiexec`` as ranks of one training."""

import os
import sys

from pynn.cli import in_words
from pynn.threads import get_num_threads, set_num_threads
from pynn.training.ranks import end_together, ending


def run(args, lead, follow):
    """Call ``lead(args, comm)`` in the first process and ``follow(args, comm)`` in the others; an error in one ends all.

    The others wait for a barrier of the first, so that it downloads, and finds out what is wrong, alone.
    """
    comm = _world()
    end_together(comm)
    _share_processors(comm)
    try:
        if comm.Get_rank() == 0:
            return lead(args, comm)
        comm.Barrier()
        return follow(args, comm)
    except (ImportError, OSError, ValueError, KeyboardInterrupt) as error:
        with ending(comm):
            print(f"pynn: {in_words(error) if isinstance(error, OSError) else error or 'Ctrl-C'}", file=sys.stderr)


def _world():
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:        # the second where there is no MPI library
        raise ImportError('--mpi needs mpi4py and an MPI library with its mpiexec; pip install "pynn-from-scratch[mpi]" mpich') from error
    return MPI.COMM_WORLD


def _share_processors(comm):
    """As many threads as fall to each of the processes that may run on the same processors."""
    if "PYNN_NUM_THREADS" in os.environ or not hasattr(os, "sched_getaffinity"):
        return
    mine = os.uname().nodename, frozenset(os.sched_getaffinity(0))
    set_num_threads(max(1, get_num_threads() // comm.allgather(mine).count(mine)))
