"""Ctrl-C reaches the user within a second, whatever a call's size."""

import pytest
from test_contracts import python

LONG = """
import signal, threading, time, numpy as np, pynn
{setup}
if hasattr(signal, "setitimer"):
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
else:
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
began = time.process_time()          # what others compute on this machine counts for nothing
try:
    {call}
    print("finished")
except KeyboardInterrupt:
    print(time.process_time() - began)
a = np.arange(6.0).reshape(2, 3)
assert (pynn.matmul(a, a.T) == a @ a.T).all()
"""
IMAGE = "x, W = np.ones((1, 4, 600, 600), np.float32), np.ones((32, 4, 31, 31), np.float32)\nlayer = pynn.Convolution(W, None)"
CALLS = {      # each takes a minute or more on a fast machine
    "matmul": ("a = np.ones((10000, 10000), np.float32)", "pynn.matmul(a, a)"),
    "stacked matmul": ("a = np.ones((1, 2, 2), np.float32)", "while True: pynn.matmul(np.broadcast_to(a, (10**7, 2, 2)), a)"),
    "Pooling": ("x = np.ones((1, 1, 4, 4), np.float32)", "pynn.Pooling(1500, 1500, 1, 1500).forward(x)"),
    "AveragePooling": ("x = np.ones((1, 1, 3000, 3000), np.float32)", "pynn.AveragePooling(1000, 1000, 1, 0).forward(x)"),
    "AveragePooling.backward": (
        "x = np.ones((1, 1, 3000, 3000), np.float32)\nlayer = pynn.AveragePooling(1000, 1000, 1, 0)\nlayer.x = x",
        "layer.backward(np.ones((1, 1, 2001, 2001), np.float32))"),
    "Convolution": (IMAGE, "while True: layer.forward(x)"),
    "Convolution.backward": (IMAGE + "\nlayer.x = x\ndout = np.ones((1, 32, 570, 570), np.float32)", "while True: layer.backward(dout)"),
    "Convolution.backward of NaN": (IMAGE + "\nlayer.x = x\nW[0] = np.nan\ndout = np.ones((1, 32, 570, 570), np.float32)",
                                    "layer.backward(dout)"),
    "mlp_numerical_gradient": (
        "size = [500, 300, 300, 100, 10]\nparams = [p for m, n in zip(size, size[1:]) for p in (np.full((m, n), 0.01), np.zeros(n))]",
        "pynn.mlp_numerical_gradient(np.ones((500, 500)), np.zeros(500, int), params)"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("threads, kernels", [(1, {}), (2, {}), (1, {"PYNN_CPU": "simple"})], ids=["1", "2", "simple"])
def test_a_signal_ends_a_long_call(name, threads, kernels):
    setup, call = CALLS[name]
    printed = python(LONG.format(setup=setup, call=call), PYNN_NUM_THREADS=str(threads), **kernels).strip()
    assert printed != "finished" and float(printed) < 1.3 * threads
