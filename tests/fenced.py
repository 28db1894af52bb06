"""Arrays between pages that nobody may touch: a kernel that reads or writes past either end dies at once.

Run as a program, it puts every product, convolution and elementwise kernel between such fences; test_fenced.py runs it
for every instruction set, in a process that may die.
"""

import ctypes
import itertools
import mmap
import sys

import numpy as np

import pynn

PAGE = mmap.PAGESIZE
PROT_NONE = 0
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def fenced(a, side):
    """A copy of `a` that begins ('start') or ends ('end') where a page begins that must not be touched."""
    a = np.asarray(a)
    size = -(-max(a.nbytes, 1) // PAGE) * PAGE
    region = mmap.mmap(-1, size + 2 * PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(region))
    for fence in (address, address + PAGE + size):
        if _libc.mprotect(fence, PAGE, PROT_NONE):
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = PAGE if side == "start" else PAGE + size - a.nbytes
    copy = np.frombuffer(region, a.dtype, a.size, offset).reshape(a.shape)
    copy[...] = a
    return copy


def both_orders(a, side):
    """`a` between fences, contiguous by rows and by columns."""
    return fenced(a, side), fenced(a.T, side).T


def products(rng, dtype, side):
    lengths = (1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 31, 33, 50, 65)
    for k, m in itertools.product(lengths, repeat=2):
        a = rng.standard_normal((m, k)).astype(dtype)
        lefts = both_orders(a, side)
        for n in lengths:
            b = rng.standard_normal((k, n)).astype(dtype)
            want = a.astype(np.float64) @ b.astype(np.float64)
            bound = (k + 2) * np.finfo(dtype).eps * (np.abs(a).astype(np.float64) @ np.abs(b))
            for left, right in itertools.product(lefts, both_orders(b, side)):
                assert (np.abs(pynn.matmul(left, right) - want) <= bound).all(), (m, k, n)


def large_products(rng, dtype, side):
    for m, k, n in [(100, 784, 50), (784, 100, 50), (100, 50, 784), (1, 784, 50), (10, 784, 53), (49, 1031, 99),
                    (130, 260, 1), (130, 260, 2), (130, 1, 50), (1, 1, 50), (260, 1, 3), (4, 4097, 17),
                    (1024, 70, 50), (60, 9000, 18), (160, 3600, 23), (101, 600, 7)]:
        a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
        for left, right in itertools.product(both_orders(a, side), both_orders(b, side)):
            np.testing.assert_allclose(pynn.matmul(left, right), a @ b, rtol=1e-3, atol=1e-3)


def overlapping(rng, dtype, side):
    """Sliding windows: both strides are one element, and the last row ends where the array does."""
    for m, k, n in itertools.product((4, 9, 40), (1, 2, 3, 9, 70), (1, 2, 3, 5, 17)):
        x = fenced(rng.standard_normal(m + k - 1).astype(dtype), side)
        windows, b = np.lib.stride_tricks.sliding_window_view(x, k), fenced(rng.standard_normal((k, n)).astype(dtype), side)
        np.testing.assert_allclose(pynn.matmul(windows, b), windows @ b, rtol=1e-3, atol=1e-3)


def elementwise(rng, dtype, side):
    for n, c in itertools.product((1, 2, 3, 5, 8, 17), (1, 2, 7, 8, 10, 16, 33)):
        x = fenced(rng.standard_normal((n, c)).astype(dtype), side)
        t = fenced(rng.integers(0, 2, (n, c)), side) if c == 1 else fenced(rng.integers(0, c, n), side)
        for f in (pynn.sigmoid, pynn.relu, pynn.softmax, pynn.step_function):
            f(x)
        for layer in (pynn.Relu(), pynn.Sigmoid(), pynn.Tanh(), pynn.LeakyRelu()):
            layer.forward(x)
            layer.backward(fenced(x, side))
        last = pynn.SoftmaxWithLoss()
        last.forward(x, t)
        last.backward()
        pynn.cross_entropy_error(fenced(pynn.softmax(x), side), t)
        for optimizer in (pynn.SGD(), pynn.Momentum(), pynn.AdaGrad(), pynn.RMSprop(), pynn.Adam(), pynn.AdamW()):
            optimizer.update({"W": x}, {"W": fenced(x, side)})
        layer = pynn.BatchNormalization(fenced(np.ones(c, dtype), side), fenced(np.zeros(c, dtype), side))
        layer.forward(x)
        layer.backward(fenced(x, side))


def convolutions(rng, dtype, side):
    for n, channels, size, filters, width, stride, pad in [
            (1, 1, 5, 1, 3, 1, 0), (2, 3, 7, 5, 3, 1, 1), (3, 1, 28, 30, 5, 1, 0), (2, 16, 9, 17, 3, 1, 1),
            (2, 2, 8, 3, 2, 2, 0), (1, 4, 6, 8, 1, 1, 0), (2, 1, 6, 2, 5, 1, 2), (2, 3, 9, 4, 3, 2, 1)]:
        x = fenced(rng.standard_normal((n, channels, size, size)).astype(dtype), side)
        W = fenced(rng.standard_normal((filters, channels, width, width)).astype(dtype), side)
        layer = pynn.Convolution(W, fenced(rng.standard_normal(filters).astype(dtype), side), stride, pad)
        out = layer.forward(x)
        layer.backward(fenced(out, side))
        pool = pynn.Pooling(2, 2, stride=2)
        if min(out.shape[2:]) >= 2:
            pool.backward(fenced(pool.forward(fenced(out, side)), side))
        pool = pynn.AveragePooling(width, width, stride, pad)
        pool.backward(fenced(pool.forward(x), side))
        layer = pynn.BatchNormalization(fenced(np.ones(channels, dtype), side), fenced(np.zeros(channels, dtype), side))
        layer.backward(fenced(layer.forward(x), side))
        layer.forward(x, train_flg=False)
        pynn.im2col(x, width, width, stride, pad)


def main():
    rng = np.random.default_rng(0)
    # every two of the three together
    for threads, dtype, side in ((1, np.float32, "start"), (1, np.float64, "end"), (2, np.float32, "end"), (2, np.float64, "start")):
        pynn.set_num_threads(threads)
        for kernels in (products, large_products, overlapping, elementwise, convolutions):
            kernels(rng, dtype, side)


if __name__ == "__main__":
    sys.exit(main())
