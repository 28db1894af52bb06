"""How the training step of TwoLayerNet grows with batch, width and threads."""

from . import steps

PEERS = ["pynn", "numpy", "torch", "jax"]
BATCHES = [1, 10, 100, 1000]
WIDTHS = [10, 50, 200, 1000]


def measure(bench):
    for size in BATCHES:
        yield from compare(bench, "batch", size, 50, 1)
    for hidden in WIDTHS:
        yield from compare(bench, "width", steps.SIZE, hidden, 1)
    for threads in range(1, len(bench.cpus) + 1):
        yield from compare(bench, "threads", 1000, 200, threads)


def compare(bench, axis, size, hidden, threads):
    case = steps.case("TwoLayerNet", "float32", size, hidden) | {"axis": axis}
    for row in bench.compare("steps", case, PEERS, threads):
        yield row | {"group": "scaling", "name": f"{axis}: batch {size}, hidden {hidden}"}
