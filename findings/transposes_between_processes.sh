#!/usr/bin/env bash
# mpi4py 4.1.2 with mpich 5.0.2, torch 2.13.0 (gloo), numpy 2.4.6
# Guess: a transposed gradient that is sent to another process, or added up with an array in the usual order, gives the right matrix, or an
#        error that asks for another order.
# Seen:  mpi4py refuses slices but takes x.T, whose memory has no gaps, and sends that: Allreduce and Sendrecv put x's numbers into x.T's shape. gloo
#        adds a transposed tensor to one of the same shape in the usual order by their places in memory, and broadcasts it so; its
#        all_gather is right. Gradients of W are often such transposes: (dout.T @ x).T.
# So:    pynn lays gradients one after another in C order before they are sent: a test has weights in Fortran order.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 mpi4py==4.1.2 mpich==5.0.2 torch==2.13.0
cat > program.py <<'PYTHON'
import sys

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing
from mpi4py import MPI

x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
RIGHT = [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
MEMORY = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
HALF_AND_HALF = [[0.0, 4.0], [3.0, 7.0], [6.0, 10.0]]


def check(what, seen, described):
    print(f"{what}: {seen}", flush=True)
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def by_mpi(operation, array):
    received = np.zeros(array.shape, array.dtype)
    try:
        if operation == "Allreduce":
            MPI.COMM_SELF.Allreduce(array, received)
        else:
            MPI.COMM_SELF.Sendrecv(array, 0, 0, received, 0)
    except BufferError:
        return "an error"
    return received.tolist()


def by_gloo(rank, file):
    """Process 0 has a transpose, process 1 an array in the usual order."""
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    transposed = torch.from_numpy(x).T.clone() if rank == 0 else torch.from_numpy(x.T.copy())
    dist.all_reduce(transposed)
    sent = torch.from_numpy(x).T.clone() if rank == 0 else torch.zeros(3, 2)
    dist.broadcast(sent, 0)
    parts = [torch.zeros(3, 2) for _ in range(2)]
    dist.all_gather(parts, torch.from_numpy(x).T.clone())
    if rank == 1:
        check("gloo: x.T + x.T.copy(), by all_reduce", transposed.tolist(), HALF_AND_HALF)
        check("gloo: x.T, by broadcast", sent.tolist(), MEMORY)
        check("gloo: x.T, by all_gather", parts[0].tolist(), RIGHT)
    dist.destroy_process_group()


if __name__ == "__main__":
    for operation in "Allreduce", "Sendrecv":
        check(f"mpi4py: x.T, by {operation}", by_mpi(operation, x.T), MEMORY)
        check(f"mpi4py: x.T.copy(), by {operation}", by_mpi(operation, x.T.copy()), RIGHT)
        check(f"mpi4py: x[:, ::2], by {operation}", by_mpi(operation, x[:, ::2]), "an error")
    torch.multiprocessing.spawn(by_gloo, (sys.argv[1],), nprocs=2)
    print("as described")
PYTHON
venv/bin/python -W ignore program.py "$folder/meeting"
