"""What is gained by sending gradients while those of the layers before are computed: the model, and MPI on two ranks.

``mpiexec -n 2 python -m benchmarks.overlap`` times the layers by processor time. Then a step waits for so long instead of computing, so
that only what MPI does by itself counts, and not what else the machine has to do. Between two processes of one machine there is no
network: in a namespace of Linux the loopback can be as slow as one, ``unshare -n``, then ``ip link set lo up mtu 9000`` and
``tc qdisc add dev lo root tbf rate 2gbit burst 256kb latency 400ms`` for 1 Gb/s each way; both libraries must be told to use TCP.
"""

import time

import numpy as np

import pynn
from benchmarks import distributed
from pynn.training.sums import ENOUGH

CASES = [("MultiLayerNet", 100), ("SimpleConvNet", 16), ("SimpleConvNet", 100), ("DeepConvNet", 16), ("DeepConvNet", 100)]
WAYS = ("alone", "one sum", "left alone", "asked")


def layers_of(name, share, rounds=40):
    """Seconds of forward, of each step backward, of the update, and the bytes of each step's gradients, the last layer first."""
    network, optimizer = distributed.build(name), pynn.SGD()
    x, t = distributed.samples(name, share)
    grads = network.gradient(x, t)
    steps = [step for step, _ in network._plan()][::-1]
    forward, backward, update = [], [], []
    for _ in range(rounds):
        times = [time.process_time()]
        network.training_loss(x, t)
        dout = network.last_layer.backward(1)
        times.append(time.process_time())
        for step in steps:
            dout = step.backward(dout, needs_dx=False) if step is steps[-1] else step.backward(dout)
            times.append(time.process_time())
        optimizer.update(network.params, grads)
        times.append(time.process_time())
        forward.append(times[1] - times[0])
        backward.append(np.diff(times[1:-1]))
        update.append(times[-1] - times[-2])
    sizes = {}
    for layer, attribute in network.places().values():
        sizes[id(layer)] = sizes.get(id(layer), 0) + getattr(layer, attribute).nbytes
    nbytes = [sum(sizes.get(id(layer), 0) for layer in getattr(step, "members", [step])) for step in steps]
    return min(forward), np.min(backward, axis=0).tolist(), min(update), nbytes


def model(times, ranks, link, enough):
    """Seconds of a step whose gradients leave in pieces of `enough` bytes, by a library that needs no processor."""
    now, backward, update, nbytes = times
    sent, waiting = 0.0, 0
    for number, (seconds, size) in enumerate(zip(backward, nbytes)):
        now += seconds
        waiting += size
        if waiting >= enough or number == len(nbytes) - 1:
            sent, waiting = max(sent, now) + distributed.allreduce(waiting, ranks, link), 0
    return max(sent, now) + update + distributed.allreduce(4, ranks, link)


def step(comm, times, way, buffers):
    """A step that waits instead of computing; `way` is one of WAYS."""
    forward, backward, _, nbytes = times
    time.sleep(forward)
    requests, start, stop = [], 0, 0
    for number, (seconds, size) in enumerate(zip(backward, nbytes)):
        end = time.perf_counter() + seconds
        time.sleep(max(0, seconds - 1e-4))
        while time.perf_counter() < end:
            pass
        stop += size // 4
        last = number == len(nbytes) - 1
        if way == "one sum" and last:
            comm.Allreduce(*(buffer[:stop] for buffer in buffers))
        elif way in ("left alone", "asked") and (4 * (stop - start) >= ENOUGH or last):
            requests.append(comm.Iallreduce(*(buffer[start:stop] for buffer in buffers)))
            start = stop
        if way == "asked":
            for request in requests:
                request.Test()
    for request in requests:
        request.Wait()


def measured(comm, times, rounds=100):
    """The shortest of some steps of each way, by turns."""
    shortest = dict.fromkeys(WAYS, np.inf)
    buffers = np.ones((2, sum(times[-1]) // 4), np.float32)
    for _ in range(rounds):
        for way in WAYS:
            comm.Barrier()
            start = time.perf_counter()
            step(comm, times, way, buffers)
            shortest[way] = min(shortest[way], time.perf_counter() - start)
    return shortest


def main():
    comm = distributed.world()
    pynn.set_num_threads(1)
    for name, share in CASES:
        times = comm.bcast(layers_of(name, share) if comm.Get_rank() == 0 else None)
        shortest = measured(comm, times)
        if comm.Get_rank() == 0:
            gains = [[model(times, ranks, link, np.inf) / model(times, ranks, link, ENOUGH) for ranks in (2, 64)]
                     for link in distributed.LINKS.values()]
            print(f"{name}, {share} samples: by the model for 2 and 64 ranks", *("%.2f %.2f" % tuple(gain) for gain in gains), sep=", ")
            print(*(f"{way} {1e3 * seconds:.1f} ms" for way, seconds in shortest.items()), sep=", ", flush=True)


if __name__ == "__main__":
    main()
