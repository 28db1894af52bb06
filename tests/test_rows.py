"""Batches out of a data set: numpy.take along the first axis, whatever is asked of it."""

import tracemalloc

import numpy as np
import pytest

import pynn
from pynn import _core


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.uint8, np.int64, bool, ">f4"])
@pytest.mark.parametrize("shape", [(50, 7), (50, 1, 6, 6), (50,), (50, 0), (3000, 500)])
def test_it_is_numpys_take(dtype, shape):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, shape).astype(dtype)
    for data in (x, x[::-1], np.asfortranarray(x), x[:, ::2] if x.ndim > 1 else x[::2]):
        for rows in (rng.integers(0, len(data), 100), rng.integers(0, len(data), 9)[::-1], [0, -1], np.array([], int), np.int32([2, 1]),
                     rng.integers(0, len(data), (3, 4))):
            got, want = _core.take_rows(data, rows), data.take(rows, axis=0)
            np.testing.assert_array_equal(got, want)
            assert got.dtype == want.dtype and not np.shares_memory(got, data)


def unaligned(x):
    raw = np.empty(x.nbytes + 1, np.uint8)
    out = raw[1:].view(x.dtype).reshape(x.shape)
    out[...] = x
    return out


@pytest.mark.parametrize("form", [unaligned, np.asfortranarray, lambda x: x[:, ::2], lambda x: unaligned(x)[:, ::2]])
def test_no_more_is_copied_than_the_rows(form):
    x = form(np.random.default_rng(0).random((20_000, 100)))
    rows = np.arange(0, 20_000, 200)
    tracemalloc.start()
    try:
        got = _core.take_rows(x, rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(got, x[rows])
    assert peak < x.nbytes / 20


def test_rows_that_are_not_there():
    x = np.zeros((5, 3))
    for rows in ([5], np.array([0, 7]), np.array([-6])):
        with pytest.raises(IndexError, match="out of bounds"):
            _core.take_rows(x, rows)
    np.testing.assert_array_equal(_core.take_rows(x, np.array([-5])), x[:1])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.uint8, bool, ">f4"])
def test_widened_to_float64(dtype, threads):
    pynn.set_num_threads(threads)
    x = np.random.default_rng(0).integers(0, 2, (300, 500)).astype(dtype)
    for data in (x, x[::-1], x.T, x[:, ::2], x[:0], x[0, 0]):
        wide = _core.widen(data)
        assert wide.dtype == np.float64 and not np.shares_memory(wide, data)
        np.testing.assert_array_equal(wide, data.astype(np.float64))


def test_widened_special_numbers():
    x = np.float32([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38])
    np.testing.assert_array_equal(_core.widen(x).view(np.int64), x.astype(np.float64).view(np.int64))
    with pytest.raises(TypeError, match="widen: x has dtype complex128"):
        _core.widen(np.ones(2, complex))


def test_a_float64_network_on_float32_pixels_is_that_on_float64_ones():
    x = np.random.default_rng(0).random((30, 8), np.float32)
    net, t = pynn.TwoLayerNet(8, 5, 3), np.arange(30) % 3
    narrow, wide = net.gradient(x, t), net.gradient(x.astype(np.float64), t)
    assert all((narrow[name] == wide[name]).all() for name in wide)
