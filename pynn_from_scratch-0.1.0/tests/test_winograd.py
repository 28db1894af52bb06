"""Winograd's way for 3x3 convolutions in float32 (csrc/kernels/winograd_tmpl.h): its error, its zeros, its exceptions.

For a tile d, a filter w and the outputs y = A^T [(G w G^T) * (B^T d B)] A the standard analysis of sums of products bounds the error by
gamma_n times the same expression of magnitudes, where n counts the roundings on the way of a term: at most 4 in a line of each transform
(its constant, products and sums), so 8 for a transform in two dimensions, one for every product and its place in the sum of K of them,
and what adds tiles or groups of images. gamma_n = n u / (1 - n u), u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms,
section 3.1)."""

import os
import subprocess
import sys

import numpy as np
import pytest

import pynn
from pynn import _core

S = 0.5**0.5
BT = np.array([[1, 0, -2.5, 0, 1, 0], [0, -2 * S, -2, S, 1, 0], [0, 2 * S, -2, -S, 1, 0],
               [0, -S, -0.5, 2 * S, 1, 0], [0, S, -0.5, -2 * S, 1, 0], [0, 1, 0, -2.5, 0, 1]])
G = np.array([[1, 0, 0], [-2 / 3, -2 * S / 3, -1 / 3], [-2 / 3, 2 * S / 3, -1 / 3], [1 / 6, S / 3, 1 / 3], [1 / 6, -S / 3, 1 / 3], [0, 0, 1]])
AT = np.array([[1, 1, 1, 1, 1, 0], [0, S, -S, 2 * S, -2 * S, 0], [0, 0.5, 0.5, 2, 2, 0], [0, S / 2, -S / 2, 4 * S, -4 * S, 1]])
SHAPES = [(3, 16, 16, 28, 1), (5, 16, 32, 14, 1), (3, 32, 32, 14, 2), (13, 32, 64, 8, 1), (9, 64, 64, 8, 1), (2, 20, 17, 9, 1),
          (2, 40, 40, 11, 2), (1, 16, 16, 4, 1), (70, 16, 16, 4, 1)]


def gamma(n):
    return n * 2.0**-24 / (1 - n * 2.0**-24)


def tiles(x, pad, out):
    """|x| with its padding, cut into tiles of 6x6 that overlap by two."""
    across = -(-out // 4)
    size = 4 * across + 2
    padded = np.zeros((*x.shape[:2], size, size))
    padded[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]] = np.abs(x)
    return np.array([[padded[:, :, 4 * i:4 * i + 6, 4 * j:4 * j + 6] for j in range(across)] for i in range(across)])


def outputs(g):
    """|g| cut into tiles of 4x4."""
    across = -(-g.shape[2] // 4)
    padded = np.zeros((*g.shape[:2], 4 * across, 4 * across))
    padded[:, :, :g.shape[2], :g.shape[3]] = np.abs(g)
    return np.array([[padded[:, :, 4 * i:4 * i + 4, 4 * j:4 * j + 4] for j in range(across)] for i in range(across)])


def both(transform, x):
    transform = np.abs(transform)
    return transform @ x @ transform.T


def magnitudes(x, W, dout, pad):
    """The bounds of out, dx and dW apart from gamma: transforms, products and sums of magnitudes."""
    out = dout.shape[2]
    V, U, H = both(BT, tiles(x, pad, out)), both(G, np.abs(W)), both(AT.T, outputs(dout))
    M = np.einsum("ijnchw,fchw->ijnfhw", V, U)
    y = both(AT, M).transpose(2, 3, 0, 4, 1, 5).reshape(len(x), len(W), 4 * V.shape[0], -1)[:, :, :out, :out]
    N = both(BT.T, np.einsum("ijnfhw,fchw->ijnchw", H, U))
    dx = np.zeros((*x.shape[:2], 4 * N.shape[0] + 2, 4 * N.shape[1] + 2))
    for i in range(N.shape[0]):
        for j in range(N.shape[1]):
            dx[:, :, 4 * i:4 * i + 6, 4 * j:4 * j + 6] += N[i, j]
    dW = both(G.T, np.einsum("ijnfhw,ijnchw->fchw", H, V))
    return y, dx[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]], dW


def exact(x, W, b, dout, pad):
    """The same in float64, which goes the direct way."""
    x, W, b, dout = (np.asarray(a, np.float64) for a in (x, W, b, dout))
    return (_core.conv_forward(x, W, b, 1, pad), *_core.conv_backward(x, W, dout, 1, pad, True))


def case(rng, shape):
    n, c, fn, side, pad = shape
    x, W = rng.standard_normal((n, c, side, side), np.float32), rng.standard_normal((fn, c, 3, 3), np.float32)
    b = rng.standard_normal(fn, np.float32)
    return x, W, b, rng.standard_normal((n, fn, side + 2 * pad - 2, side + 2 * pad - 2), np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def fast():
    if pynn.kernels() == "simple":
        pytest.skip("the simple kernels have the formula alone")
    with pynn.use_kernels("fast"):
        yield


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_stay_within_the_bound(rng, shape):
    n, c, fn, side, pad = shape
    x, W, b, dout = case(rng, shape)
    got = (_core.conv_forward(x, W, b, 1, pad), *_core.conv_backward(x, W, dout, 1, pad, True))
    want = exact(x, W, b, dout, pad)
    y, dx, dW = magnitudes(x, W, dout, pad)
    sums = dout[:, 0].size
    for mine, book, n_roundings, size in zip(got[:3], want[:3], (c + 26, fn + 30, sums + 34), (y + np.abs(b)[:, None, None], dx, dW)):
        assert (np.abs(mine - book) <= gamma(n_roundings) * size).all()
    np.testing.assert_allclose(got[3], want[3], rtol=0, atol=gamma(sums) * np.abs(dout).sum(axis=(0, 2, 3)).max())


@pytest.mark.parametrize("shape", SHAPES[:4])
def test_it_loses_half_a_digit(rng, shape):
    """Root mean squares: rounding errors that cancel as usual are 1.9 times those of the direct sum; four times is allowed."""
    x, W, b, dout = case(rng, shape)
    want = _core.conv_forward(*(a.astype(np.float64) for a in (x, W, b)), 1, shape[-1])
    errors = []
    for name in ("fast", "direct"):
        with pynn.use_kernels(name):
            errors.append(np.sqrt(np.mean((_core.conv_forward(x, W, b, 1, shape[-1]) - want) ** 2)))
    assert errors[1] < errors[0] < 4 * errors[1]


def test_the_switch(rng):
    x, W, b, dout = case(rng, SHAPES[0])
    fast = _core.conv_forward(x, W, b, 1, 1)
    with pynn.use_kernels("direct"):
        direct = _core.conv_forward(x, W, b, 1, 1)
        assert pynn.kernels() != "direct"
    assert (fast != direct).any()
    np.testing.assert_array_equal(_core.conv_forward(x, W, b, 1, 1), fast)


def test_the_environment(rng):
    code = "from pynn import _core; print(_core.set_winograd(True))"
    for value, allowed in (("0", "False"), ("1", "True"), ("", "True")):
        done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYNN_WINOGRAD": value}, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == allowed


def test_float64_goes_the_direct_way(rng):
    x, W, b, dout = (a.astype(np.float64) for a in case(rng, SHAPES[1]))
    fast = _core.conv_forward(x, W, b, 1, 1)
    with pynn.use_kernels("direct"):
        np.testing.assert_array_equal(_core.conv_forward(x, W, b, 1, 1), fast)


@pytest.mark.parametrize("pool", [False, True])
def test_windows_of_zeros_stay_zero(rng, pool):
    """Images with an empty background, before a bias has moved: ReLU has its kink at exactly 0."""
    x = np.zeros((4, 16, 12, 12), np.float32)
    x[:, :, 3:6, 4:9] = rng.random((4, 16, 3, 5), np.float32)
    W = rng.standard_normal((16, 16, 3, 3), np.float32)
    empty = np.ones((12, 12), bool)
    empty[2:7, 3:10] = False
    for b in (np.zeros(16, np.float32), np.where(np.arange(16) == 3, 0, -0.5).astype(np.float32)):
        out, taken = _core.conv_block_forward(x, W, b, 1, 1, pool, False)
        with pynn.use_kernels("direct"):
            want, direct_taken = _core.conv_block_forward(x, W, b, 1, 1, pool, False)
        rows = empty.reshape(6, 2, 6, 2).all(axis=(1, 3)) if pool else empty
        np.testing.assert_array_equal(out[:, :, rows], want[:, :, rows])
        np.testing.assert_array_equal(out == 0, want == 0)
        if pool:
            np.testing.assert_array_equal(taken[:, rows], direct_taken[:, rows])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, -1e30])
@pytest.mark.parametrize("where", ["x", "W", "dout"])
def test_numbers_that_are_too_large_go_the_way_of_the_formula(rng, value, where):
    """One image of them: it is what the simple kernels make of it, and the others are what they were."""
    x, W, b, dout = case(rng, (6, 16, 16, 8, 1))
    before = (_core.conv_forward(x, W, b, 1, 1), *_core.conv_backward(x, W, dout, 1, 1, True))
    {"x": x, "dout": dout}.get(where, W)[2, 3, 1, 1] = value
    got = (_core.conv_forward(x, W, b, 1, 1), *_core.conv_backward(x, W, dout, 1, 1, True))
    with pynn.use_kernels("simple"), np.errstate(all="ignore"):
        want = (_core.conv_forward(x, W, b, 1, 1), *_core.conv_backward(x, W, dout, 1, 1, True))
    for mine, book in zip(got, want):
        np.testing.assert_array_equal(np.isnan(mine), np.isnan(book))
        np.testing.assert_array_equal(mine[np.isinf(book)], book[np.isinf(book)])
    if where != "W":
        others = np.arange(6) != 2
        np.testing.assert_array_equal(got[0][others], before[0][others])
        np.testing.assert_array_equal(got[1][others], before[1][others])


@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_number_of_threads_changes_no_bit(rng, shape, pool):
    x, W, b, _ = case(rng, shape)
    results, threads = [], pynn.get_num_threads()
    try:
        for n in (1, 2, 3, 7):
            pynn.set_num_threads(n)
            out, taken = _core.conv_block_forward(x, W, b, 1, shape[-1], pool, True)
            dout = np.random.default_rng(1).standard_normal(out.shape, np.float32)
            results.append((out, *_core.conv_block_backward(x, W, dout, out, taken, 1, shape[-1], True)))
    finally:
        pynn.set_num_threads(threads)
    for result in results[1:]:
        for a, b in zip(results[0], result):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_are_their_layers(rng, shape, pool, last):
    """With ReLU and pooling in one call as in three, in either layout."""
    x, W, b, _ = case(rng, shape)
    pad = shape[-1]
    out, taken = _core.conv_block_forward(x, W, b, 1, pad, pool, last)
    relu = np.maximum(_core.conv_forward(x, W, b, 1, pad), 0)
    want, places = _core.pool_forward(relu, 2, 2, 2, 0) if pool else (relu, None)
    np.testing.assert_array_equal(out, want)
    dout = rng.standard_normal(out.shape, np.float32)
    got = _core.conv_block_backward(x, W, dout, out, taken, 1, pad, True)
    g = _core.pool_backward(dout, places, relu.shape, 2, 2, 2, 0) if pool else dout
    alone = _core.conv_backward(x, W, np.where(relu > 0, g, 0).astype(np.float32), 1, pad, True)
    for mine, layer, size in zip(got, alone, (*magnitudes(x, W, np.where(relu > 0, g, 0), pad)[1:], None)):
        bound = 1e-5 * np.abs(layer).max() if size is None else gamma(relu[:, 0].size + 34) * size
        assert (np.abs(mine - layer) <= bound).all()
