"""Activations, losses and optimizers against the book's formulas in NumPy.

In the cache the arithmetic decides and the yardstick is NumPy; beyond it the
memory does, and the yardstick is the bandwidth of the processor.
"""

import numpy as np

from . import peers

PLACES = {"cache": (1000, 10), "memory": (800_000, 10)}     # (N, C) of the arrays
OPTIMIZERS = {"SGD": 3, "Momentum": 5, "Nesterov": 5, "AdaGrad": 5, "RMSprop": 5, "Adam": 7}

# name -> (arrays read and written once per element, the operation on x, t and dout);
# an operation returns a function of no arguments, which returns the result
OPERATIONS = {
    "sigmoid": (2, lambda lib, x, t, dout: lambda: lib.sigmoid(x)),
    "tanh": (2, lambda lib, x, t, dout: lambda: lib.tanh(x)),
    "relu": (2, lambda lib, x, t, dout: lambda: lib.relu(x)),
    "softmax": (2, lambda lib, x, t, dout: lambda: lib.softmax(x)),
    "cross_entropy_error": (2, lambda lib, x, t, dout: lambda: lib.cross_entropy_error(dout, t)),
    "Relu.forward": (2.25, lambda lib, x, t, dout: forward(lib.Relu(), x)),
    "Relu.backward": (2.25, lambda lib, x, t, dout: backward(lib.Relu(), dout, x)),
    "Sigmoid.backward": (3, lambda lib, x, t, dout: backward(lib.Sigmoid(), dout, x)),
    "SoftmaxWithLoss.forward": (3, lambda lib, x, t, dout: forward(lib.SoftmaxWithLoss(), x, t)),
    "SoftmaxWithLoss.backward": (3, lambda lib, x, t, dout:
                                 backward(lib.SoftmaxWithLoss(), 1, x, t)),
}


def forward(layer, *inputs):
    return lambda: layer.forward(*inputs)


def backward(layer, dout, *inputs):
    layer.forward(*inputs)
    return lambda: layer.backward(dout)


def update(optimizer, param, grad):
    params, grads = {"W": param.copy()}, {"W": grad}

    def run():
        optimizer.update(params, grads)
        return params["W"]

    return run


def measure(bench):
    for threads in bench.threads:
        for dtype in ("float32", "float64"):
            for place in PLACES if dtype == "float32" else ["cache"]:       # memory counts bytes: one dtype tells
                for name in [*OPERATIONS, *OPTIMIZERS]:
                    yield from bench.compare("elementwise", case(name, place, dtype),
                                             ["pynn", "numpy"], threads)


def case(name, place, dtype):
    arrays = OPTIMIZERS.get(name) or OPERATIONS[name][0]
    elements = np.prod(PLACES[place])
    return {"name": name, "place": place, "dtype": dtype, "elements": int(elements),
            "bytes": int(arrays * elements * np.dtype(dtype).itemsize)}


def prepare(peer, case):
    """Compare the first result with NumPy's in float64, to 16 roundings of values near 1.

    A loss sums its terms, and is compared relative to itself to 1e-5 in float32:
    NumPy's own sum of 800,000 terms is not closer.
    """
    run = operation(peer.library, case, case["dtype"])
    result = np.asarray(run(), "float64")
    expected = operation(peers.reference(), case, "float64")()
    error = np.max(abs(result - expected) / np.maximum(1, abs(expected)))
    eps = np.finfo(case["dtype"]).eps
    return run, 1, float(error), float((16 if result.ndim else 160) * eps)


def operation(lib, case, dtype):
    rng = np.random.default_rng(0)
    shape = PLACES[case["place"]]
    x = rng.standard_normal(shape, dtype="float32").astype(dtype)
    dout = rng.random(shape, dtype="float32").astype(dtype)
    if case["name"] in OPTIMIZERS:
        return update(getattr(lib, case["name"])(), x, dout)
    t = np.zeros(shape, dtype)
    t[np.arange(shape[0]), rng.integers(0, shape[1], shape[0])] = 1
    return OPERATIONS[case["name"]][1](lib, x, t, dout)
