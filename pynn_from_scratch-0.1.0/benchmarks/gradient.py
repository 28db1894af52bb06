"""All 39,760 numerical derivatives of TwoLayerNet 784-50-10 on a batch of 100 digits.

The book evaluates two whole losses for every one of them. Its loop is timed on
some of the elements, spread evenly over each parameter, and the time of the
whole is that mean times their number.
"""

import numpy as np

from . import peers

H = 1e-4
SAMPLES = 80


def measure(bench):
    parameters = 784 * 50 + 50 + 50 * 10 + 10
    case = {"name": "numerical gradient", "dtype": "float64", "parameters": parameters}
    for threads in bench.threads:
        yield from bench.compare("gradient", case, ["pynn", "numpy"], threads)


def prepare(peer, case):
    """Compare with the book's loop at the sampled elements, to 1e-9."""
    x, t = digits(100)
    net = peers.draw(peer.library, "TwoLayerNet", "float64")
    book = peers.draw(peers.reference(), "TwoLayerNet", "float64")
    expected, count = sampled(book, x, t)
    if peer.library is peers.reference():
        # one unit of work is the whole: its share of it is what was sampled
        return (lambda: sampled(net, x, t)), count / case["parameters"], 0.0, 1e-9
    grads = net.numerical_gradient(x, t)
    error = max(abs(grads[key].flat[index] - value).max()
                for key, (index, value) in expected.items())
    return (lambda: net.numerical_gradient(x, t)), 1, float(error), 1e-9


def sampled(net, x, t):
    """The book's central differences at some elements of every parameter, and how many."""
    grads = {}
    for key, param in net.params.items():
        index = np.unique(np.linspace(0, param.size - 1, SAMPLES // 4).astype(int))
        values = np.empty(len(index))
        for i, place in enumerate(index):
            value = param.flat[place]
            param.flat[place] = value + H
            above = net.loss(x, t)
            param.flat[place] = value - H
            below = net.loss(x, t)
            param.flat[place] = value
            values[i] = (above - below) / (2 * H)
        grads[key] = index, values
    return grads, sum(len(index) for index, _ in grads.values())


def digits(size):
    """The first MNIST digits if they are on this machine, else as many random images."""
    from pathlib import Path
    import gzip
    import os

    folder = Path(os.environ.get("PYNN_DATA_HOME", "")) / "mnist"
    try:
        images = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
        labels = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())
    except OSError:
        return peers.batch("TwoLayerNet", "float64", size)
    x = np.frombuffer(images, "u1", size * 784, 16).reshape(size, 784) / 255
    return x, np.eye(10)[np.frombuffer(labels, "u1", size, 8)]
