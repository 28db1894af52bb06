"""Sums whose terms cancel, by every set of kernels and on every road through them, within the bounds of any order of summation."""

import numpy as np
import pytest
from compare import assert_close, wide
from scripts import instruction_sets
from test_convolution import REAL, check_convolution, out_shape
from test_matmul import check

import pynn
from pynn import _core, reference


@pytest.fixture(params=instruction_sets())
def isa(request):
    with pynn.use_kernels(request.param):
        _core.set_winograd(False)       # it sums other products; test_winograd.py has its bounds
        yield request.param


def of_all_magnitudes(rng, shape, dtype):
    """Of either sign, over 40 powers of two."""
    return np.ldexp(rng.standard_normal(shape), rng.integers(-20, 21, shape)).astype(dtype)


def cancelling(rng, m, k, n, dtype):
    """A (m, k) and B (k, n): every term of A B has one near or far that takes it away but for its last digits."""
    a, b = of_all_magnitudes(rng, (m, k), dtype), of_all_magnitudes(rng, (k, n), dtype)
    order = rng.permutation(k)
    one, other = order[:k // 2], order[k // 2:k // 2 * 2]
    a[:, other] = -a[:, one] * (1 + 2 * np.finfo(dtype).eps * rng.integers(-1, 2, (m, k // 2))).astype(dtype)
    b[other] = b[one]
    return a, b


# A batch of one, a dot product, an outer product; tall, thin, square; through several blocks of K; a size worth threads.
ROADS = [(1, 500, 50), (1, 2000, 1), (300, 2, 200), (700, 160, 18), (40, 2000, 6), (6, 256, 16), (13, 511, 31), (3, 600, 300),
         (300, 100, 150)]


@pytest.mark.parametrize("size", ROADS, ids=str)
@pytest.mark.parametrize("transposed", ["", "a", "b"])
@pytest.mark.parametrize("dtype", REAL)
def test_products(isa, dtype, transposed, size, rng):
    a, b = cancelling(rng, *size, dtype)
    check(np.asfortranarray(a) if transposed == "a" else a, np.asfortranarray(b) if transposed == "b" else b)


def test_the_terms_do_cancel(rng):
    a, b = cancelling(rng, 5, 100, 7, np.float64)
    assert (np.abs(wide(a) @ wide(b)) < 1e-12 * (np.abs(wide(a)) @ np.abs(wide(b)))).all()


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("x, W, stride, pad", [
    ((2, 8, 10, 9), (6, 8, 3, 3), 1, 1), ((1, 2, 12, 12), (10, 2, 5, 5), 1, 0), ((2, 4, 9, 11), (3, 4, 3, 3), 2, 1),
    ((9, 2, 6, 5), (4, 2, 6, 5), 1, 0), ((2, 32, 5, 5), (17, 32, 1, 1), 1, 0)])
def test_convolutions(isa, dtype, x, W, stride, pad, rng):
    """Half of the channels take away what the others add: forward, and in the gradients as half of the filters do."""
    shape = (x[0], W[0], *out_shape(x, W[2:], stride, pad))
    x, W, dout = (of_all_magnitudes(rng, s, dtype) for s in (x, W, shape))
    half, filters = x.shape[1] // 2, len(W) // 2
    x[:, half:2 * half] = -x[:, :half]
    W[:, half:2 * half] = W[:, :half]
    dout[:, filters:2 * filters] = -dout[:, :filters]
    W[filters:2 * filters] = W[:filters]
    check_convolution(x, W, of_all_magnitudes(rng, len(W), dtype), dout, stride, pad)


def softmax_rows(rng, dtype, classes):
    return reference.softmax(3 * rng.standard_normal((50, classes))).astype(dtype)


# -sum t log q: with u = eps / 2, log errs by an ulp, which is at most 2 u; the product and the sum of n terms add u and (n - 1) u,
# so (n + 2) u of sum |t log q|. The losses of N rows are summed and divided: N u more of all of them. With the guard, rounding 1e-7
# and q + 1e-7 moves the argument by 2 u of itself, and so the logarithm by 2 u: that much of sum |t|, whatever the logarithm is.
def check_loss(function, t, q, guard):
    n, rows = q.shape[1], len(q)
    terms = wide(t) * np.log(wide(q) + guard)
    scale = ((n + rows + 2) / 2 * np.abs(terms).sum() + (1 if guard else 0) * np.abs(wide(t)).sum()) / rows
    assert_close(function(), -terms.sum() / rows, 1, scale, q.dtype)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("classes", [2, 7, 10, 33, 1500])
def test_losses(isa, dtype, classes, rng):
    """Targets of both signs, chosen so that a row's terms sum to next to nothing."""
    q = softmax_rows(rng, dtype, classes)
    t = of_all_magnitudes(rng, q.shape, dtype)
    half = classes // 2
    t[:, half:2 * half] = -t[:, :half] * np.log(q[:, :half].astype(float)) / np.log(q[:, half:2 * half].astype(float))
    check_loss(lambda: pynn.cross_entropy_error(q, t), t, q, reference.functions.DELTA)
    check_loss(lambda: q.dtype.type(pynn.cross_entropy(t, q).mean()), t, q, 0)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("classes", [1, 2, 10, 33, 3000])
@pytest.mark.parametrize("spread", [0, 1, 30])
def test_softmax(isa, dtype, classes, spread, rng):
    """With u = eps / 2 and d = max x - x, relative to y: rounding d moves the exponent by d u; exp errs by an ulp, 2 u; and so do
    the terms of the sum, which errs by the mean of theirs, weighted by y, where that of d is at most log n; adding n positive terms
    adds (n - 1) u, the reciprocal and the product a u each: (d + log n + n + 5) u. And two roundings of what may be subnormal."""
    x = (spread * rng.standard_normal((20, classes))).astype(dtype)
    want = reference.softmax(wide(x))
    d = wide(x).max(axis=1, keepdims=True) - wide(x)
    assert_close(pynn.softmax(x), want, 1 / 2, (d + np.log(classes) + classes + 5) * want, dtype,
                 absolute=float(np.finfo(dtype).smallest_subnormal))


