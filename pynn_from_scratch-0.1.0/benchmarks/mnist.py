"""`load_mnist` from unpacked files: its time, and its memory against the bytes that it hands out."""

import os
import warnings

import numpy as np

from . import data, memory


def measure(bench):
    home, name = data.home()
    case = {"name": f"load_mnist, {name}", "dtype": "float32", "home": str(home)}
    yield from bench.compare("mnist", case, ["pynn", "earlier"], 1)
    for what, function in ("load_mnist", "loaded"), ("load_mnist and an epoch", "trained"):
        for peer in "pynn", "earlier":
            found = bench.contestant(peer, 1, fresh=what).ask("call", "mnist", function, case)
            if isinstance(found, tuple):
                peak, handed = found
                yield {"group": "mnist", "name": what, "dtype": "float32", "peer": peer, "threads": 1,
                       "megabytes": peak, "handed": handed}


def prepare(peer, case):
    """Compare the first pixels with the file's bytes."""
    use(case["home"])
    load = peer.library.load_mnist
    (x, _), _ = load()
    pixels = np.fromfile(f"{case['home']}/mnist/train-images-idx3-ubyte", "u1", x[:100].size, offset=16)
    return load, 1, float(abs(x[:100].ravel() - pixels / np.float32(255)).max()), 1e-7


def loaded(peer, case):
    """The memory that loading takes at its peak, and that of the arrays, in MB."""
    return peak(peer, case, lambda x, t: None)


def trained(peer, case):
    """The same of loading and an epoch of TwoLayerNet."""
    def train(x, t):
        network = peer.library.TwoLayerNet(784, 50, 10, dtype=np.float32)
        peer.library.Trainer(network, x, t, x[:1000], t[:1000], epochs=1, verbose=False).train()

    return peak(peer, case, train)


def peak(peer, case, then):
    use(case["home"])
    before = memory.resident()
    (x, t), (x_test, t_test) = peer.library.load_mnist()
    then(x, t)
    return memory.resident() - before, sum(array.nbytes for array in (x, t, x_test, t_test)) / 1e6


def use(home):
    """Have load_mnist find the files, synthetic or not."""
    os.environ["PYNN_DATA_HOME"] = home
    warnings.filterwarnings("ignore", "not the published")
