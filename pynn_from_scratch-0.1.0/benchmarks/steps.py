"""Whole training steps: gradient plus SGD update of the book's networks."""

import numpy as np

from . import peers
from .timing import ONE_THREAD

CHECKED_STEPS = 3
SIZE = 100
MLPS = ("TwoLayerNet", "MultiLayerNet")
CONVNETS = ("SimpleConvNet", "DeepConvNet")


MLP_PEERS = ["pynn", "earlier", "numpy", "torch", "jax", "jax scan"]
CONVNET_PEERS = ["pynn", "earlier", "numpy", "torch", "torch channels_last"]


def measure(bench):
    for threads in bench.threads:
        for network in MLPS:
            peers = MLP_PEERS + ["one thread"] * (threads > 1)
            for dtype in ("float32", "float64"):
                yield from bench.compare("steps", case(network, dtype, SIZE), peers, threads,
                                         {"one thread": ONE_THREAD}, budget=0.6)
        for network in CONVNETS:
            yield from bench.compare("steps", case(network, "float32", SIZE), CONVNET_PEERS, threads, budget=0.6)


def case(network, dtype, size, hidden=50):
    return {"name": network, "dtype": dtype, "size": size, "hidden": hidden,
            "flops": flops(network, size, hidden)}


def prepare(peer, case):
    """Run a few steps and compare the parameters with the book's in float64.

    The error is relative to how far the steps moved any parameter. In float32 the
    sums of 784 products behind a gradient, and each rounding of a parameter of
    size 0.1 moved by 1e-4 or more, leave about 1e-3 of that; a wrong formula
    leaves 0.1 and more.
    """
    arguments = case["name"], case["dtype"], case["size"]
    options = {"hidden": case["hidden"]} if case["name"] == "TwoLayerNet" else {}
    run, steps, params = peer.step(*arguments, **options)
    book, _, expected = peers.Numpy().step(case["name"], "float64", case["size"], **options)
    start = {key: value.copy() for key, value in expected().items()}
    calls = -(-CHECKED_STEPS // steps)
    for function, count in (run, calls), (book, calls * steps):
        np.random.seed(2)               # dropout draws its masks
        for _ in range(count):
            function()
    moved = max(np.abs(value - start[key]).max() for key, value in expected().items())
    error = max(np.abs(np.asarray(params()[key]) - value).max()
                for key, value in expected().items())
    return run, steps, float(error / moved), {"float32": 5e-3, "float64": 1e-9}[case["dtype"]]


def flops(network, size, hidden):
    """Multiplications and additions that backpropagation cannot do without.

    Forward, dW and dx of every affine layer and convolution done directly, except
    dx of the first layer, which nobody needs.
    """
    if network == "TwoLayerNet":
        products = [784 * hidden, hidden * 10]
    elif network == "MultiLayerNet":
        inputs, widths, outputs = peers.MULTI_LAYER
        sizes = [inputs, *widths, outputs]
        products = [a * b for a, b in zip(sizes, sizes[1:])]
    elif network == "SimpleConvNet":
        products = [24 * 24 * 25 * 30, 4320 * 100, 100 * 10]
    else:
        products, channels = [], 1
        for (number, _), positions in zip(peers.DEEP_FILTERS, (784, 784, 196, 256, 64, 64)):
            products.append(positions * channels * 9 * number)
            channels = number
        products += [1024 * 50, 50 * 10]
    return 2 * size * (2 * products[0] + 3 * sum(products[1:]))
