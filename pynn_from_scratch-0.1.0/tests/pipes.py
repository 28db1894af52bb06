"""Processes that talk through pipes as those of MPI do: the few methods of mpi4py's communicators that a `Trainer` calls."""

import multiprocessing
import os

import ranks_program


class PipeComm:
    """The first rank has a pipe to each of the others, and they have one to it."""

    def __init__(self, rank, size, pipes):
        self.rank = rank
        self.size = size
        self.pipes = pipes

    def Get_rank(self):
        return self.rank

    def Get_size(self):
        return self.size

    def allgather(self, value):
        if self.rank:
            self.pipes[0].send(value)
            return self.pipes[0].recv()
        values = [value, *(pipe.recv() for pipe in self.pipes)]
        for pipe in self.pipes:
            pipe.send(values)
        return values

    def bcast(self, value):
        return self.allgather(value)[0]

    def Bcast(self, array):
        array[...] = self.bcast(array)

    def Allreduce(self, array, total):
        total[...] = sum(self.allgather(array))

    def Abort(self, status):
        os._exit(status)


def launch(size, folder, cases, timeout=120):
    """Run the cases of ranks_program in so many processes; their exit statuses."""
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe() for _ in range(size - 1)]
    pipes = [[first for first, _ in ends], *([other] for _, other in ends)]
    processes = [context.Process(target=_work, args=(rank, size, pipes[rank], folder, cases), daemon=True) for rank in range(size)]
    for process in processes:
        process.start()
    for end in ends:
        for pipe in end:
            pipe.close()            # so that a process that ends is noticed by the others
    for process in processes:
        process.join(timeout)
    return [process.exitcode for process in processes]


def _work(rank, size, pipes, folder, cases):
    ranks_program.run(None if size == 1 else PipeComm(rank, size, pipes), folder, cases)
