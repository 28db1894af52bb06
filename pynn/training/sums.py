"""Sums of gradients over the ranks: on their way while the gradients of the layers before are still computed."""

import numpy as np

ENOUGH = 200_000        # bytes that are worth a message of their own (docs/distributed.md)


class Sums:
    """The gradients of one step, summed over the ranks of a communicator.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
    network : object
        If it says by `places` which attribute of which layer is which parameter, large gradients need not wait for the others.
    weight : float
        What this rank's gradients count.
    """

    def __init__(self, comm, network, weight):
        self._comm = comm
        self._weight = weight
        self._places = {}               # by layer, the names and attributes
        for name, (layer, attribute) in network.places().items() if hasattr(network, "places") else ():
            self._places.setdefault(id(layer), []).append((name, attribute))
        self._waiting = {}              # gradients that are not yet enough
        self._on_the_way = []           # the request, what was sent, where the sum will be, and the gradients

    def came(self, step):
        """Take the gradients of a layer, or of a block of layers, that has gone backward: the last one first."""
        for layer in getattr(step, "members", (step,)):
            for name, attribute in self._places.get(id(layer), ()):
                grad = getattr(layer, f"d{attribute}", None)
                if isinstance(grad, np.ndarray):
                    self._waiting[name] = grad
        if sum(grad.nbytes for grad in self._waiting.values()) >= ENOUGH:
            sent = flat(self._waiting, self._weight)
            total = np.empty_like(sent)
            self._on_the_way.append((self._comm.Iallreduce(sent, total), sent, total, self._waiting))
            self._waiting = {}
        for request, *_ in self._on_the_way:
            request.Test()              # most MPI libraries get on with it only while they are called

    def all(self, grads, behind):
        """The sums of the gradients by name, and of some numbers behind them.

        What is another array than the one that was sent, as with weight decay added, is sent again.
        """
        sent = {name: grad for *_, arrays in self._on_the_way for name, grad in arrays.items()}
        rest = {name: grad for name, grad in grads.items() if grad is not sent.get(name)}
        buffer = flat(rest, self._weight, behind=len(behind))
        buffer[-len(behind):] = behind
        total = np.empty_like(buffer)
        self._comm.Allreduce(buffer, total)
        sums = views(total, rest)
        for request, _, early, arrays in self._on_the_way:
            request.Wait()
            sums = {**views(early, arrays), **sums}
        return {name: sums[name] for name in grads}, total[-len(behind):]


def flat(arrays, weight=1, behind=0):
    """The arrays times the weight one after another, float32 or float64, and some more elements."""
    arrays = [np.asarray(array) for array in arrays.values()]
    buffer = np.empty(sum(array.size for array in arrays) + behind, np.result_type(np.float32, *arrays))
    start = 0
    for array in arrays:
        np.multiply(array, weight, out=buffer[start:start + array.size].reshape(array.shape))
        start += array.size
    return buffer


def views(buffer, arrays):
    """The parts of the buffer, by the names and in the shapes and dtypes of the arrays that it was made of."""
    parts, start = {}, 0
    for name, array in arrays.items():
        array = np.asarray(array)
        parts[name] = buffer[start:start + array.size].reshape(array.shape).astype(array.dtype, copy=False)
        start += array.size
    return parts
