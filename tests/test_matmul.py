"""pynn.matmul against NumPy's, over shapes, strides and dtypes."""

import itertools

import numpy as np
import pytest
from compare import assert_close, call, result_dtype, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, FLOATS, LAYOUTS, arrays, lay_out, shapes, sides, values

from pynn import matmul


def check(a, b):
    """Within the bound of any order of summation: K eps |a| |b| / 2, an ulp for the last rounding.

    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.5; a fused multiply-add only
    helps.)
    """
    got = call(matmul, a, b)
    assert_product(got, a, b, expected(a, b))
    return got


def expected(a, b):
    """The product in more digits, and that of the absolute values."""
    # float64 has digits to spare for what float32 computes, and BLAS is quick
    more = wide if result_dtype(a, b) == np.float64 else lambda x: np.asarray(x, np.float64)
    a, b = more(a), more(b)
    return np.matmul(a, b), np.matmul(np.abs(a), np.abs(b))


def assert_product(got, a, b, want):
    assert_close(got, want[0], a.shape[-1] / 2 + 1, want[1], result_dtype(a, b))


@given(data=st.data())
def test_matrices(data):
    m, k, n = (data.draw(sides(70)) for _ in range(3))
    check(data.draw(arrays((m, k))), data.draw(arrays((k, n))))


@given(data=st.data())
def test_vectors(data):
    m, k = data.draw(sides()), data.draw(sides())
    v, w, a = (data.draw(arrays(shape)) for shape in [(k,), (k,), (k, m)])
    assert isinstance(check(v, w), np.generic)
    check(v, a)
    check(a.T, v)


@given(data=st.data())
def test_stacks_broadcast(data):
    m, k, n = (data.draw(sides(9)) for _ in range(3))
    stack = data.draw(shapes(min_dims=1, max_dims=3, max_side=4))
    ones = data.draw(st.lists(st.booleans(), min_size=len(stack), max_size=len(stack)))
    other = tuple(1 if one else s for s, one in zip(stack, ones))
    other = other[data.draw(st.integers(0, len(stack))):]
    a, b = data.draw(arrays((*stack, m, k))), data.draw(arrays((*other, k, n)))
    check(a, b)
    check(b.swapaxes(-1, -2), a.swapaxes(-1, -2))
    if b.size:
        check(a, b[(0,) * len(other)][:, 0])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(dtype, layout, rng):
    a, b = values(rng, (7, 11), dtype), values(rng, (11, 13), dtype)
    check(lay_out(a, layout), b)
    check(a, lay_out(b, layout))


@pytest.mark.parametrize("left", FLOATS + (np.int64,))
@pytest.mark.parametrize("right", FLOATS + (np.int64,))
def test_mixed_dtypes(left, right, rng):
    check(values(rng, (5, 6), left), values(rng, (6, 4), right))


# Around the sizes where a GEMM changes its mind: a register tile (4..16 rows, 8..48 columns), a
# block of K, a run of such blocks, of rows, of columns, the switch from skinny to packed, lines of a
# transpose a page apart, the first size worth threads; a long transpose by a narrow matrix, whose product is turned.
SIZES = [(1, 1, 1), (6, 16, 8), (7, 17, 9), (5, 256, 15), (4, 257, 33), (12, 300, 32),
         (13, 511, 31), (100, 784, 50), (784, 100, 50), (100, 50, 784), (1, 784, 50),
         (784, 1, 50), (50, 100, 1), (1, 2000, 1), (2, 1, 2000), (129, 513, 65), (300, 400, 200),
         (3, 2049, 300), (500, 3, 500), (97, 1031, 89), (330, 860, 1026), (150, 9000, 18),
         (40, 9000, 6), (60, 9000, 2), (70, 5000, 30), (1024, 70, 50), (160, 3600, 23), (101, 600, 7)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sizes_around_the_blocks(dtype, size, rng):
    """Either matrix by rows and by columns."""
    m, k, n = size
    a, b = values(rng, (m, k), dtype), values(rng, (k, n), dtype)
    want = expected(a, np.asfortranarray(b))         # as NumPy multiplies long doubles fastest
    for left, right in itertools.product((a, np.asfortranarray(a)), (b, np.asfortranarray(b))):
        assert_product(call(matmul, left, right), left, right, want)


@pytest.mark.parametrize("layout", ["strided", "negative", "offset", "broadcast", "readonly"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_views(dtype, layout, rng):
    a, b = values(rng, (130, 270), dtype), values(rng, (270, 120), dtype)
    check(lay_out(a, layout), lay_out(b, layout))
    check(lay_out(b.T, layout), lay_out(a.T, layout))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_integers_are_exact(dtype, rng):
    a, b = (rng.integers(-50, 50, s).astype(dtype) for s in [(40, 300), (300, 60)])
    np.testing.assert_array_equal(matmul(a, b), a @ b)


@pytest.mark.parametrize("shape", [((0, 3), (3, 4)), ((3, 4), (4, 0)), ((0,), (0, 5)),
                                   ((2, 0), (0,)), ((0, 2, 3), (3, 4)), ((2, 2, 0), (0, 3))])
def test_nothing_to_multiply(shape):
    got = matmul(*map(np.ones, shape))
    want = np.matmul(*map(np.ones, shape))
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_array_equal(got, 0)


def test_sum_of_no_terms_is_zero():
    np.testing.assert_array_equal(matmul(np.ones((40, 0)), np.ones((0, 50))), np.zeros((40, 50)))
    assert matmul(np.ones(0), np.ones(0)) == 0


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [5, 60, 300])
def test_nan_and_infinity_reach_their_row_and_column_alone(dtype, special, k, rng):
    a, b = values(rng, (33, k), dtype), values(rng, (k, 41), dtype)
    a[31, k - 1] = special
    b[0, 40] = special
    b[k - 1, 5] = 0                             # 0 times infinity
    with np.errstate(invalid="ignore"):
        want = a.astype(np.float64) @ b.astype(np.float64)
    got = matmul(a, b)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    infinite = np.isinf(want)
    np.testing.assert_array_equal(got[infinite], want[infinite])
    assert np.isfinite(got[~infinite & ~np.isnan(want)]).all()


def test_overflow_is_infinity():
    a = np.full((3, 40), 3e38, np.float32)
    np.testing.assert_array_equal(matmul(a, a.T), np.full((3, 3), np.inf))
    half = np.full((2, 20), 200, np.float16)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(matmul(half, half.T), np.full((2, 2), np.inf, np.float16))


def test_float16_is_summed_in_float32():
    """4096 ones: a float16 sum would stop at 2048."""
    ones = np.ones(4096, np.float16)
    got = matmul(ones, ones)
    assert got == 4096 and got.dtype == np.float16


def test_subnormals_are_not_flushed():
    a = np.full((9, 9), 1e-20, np.float32)
    np.testing.assert_allclose(matmul(a, a), np.full((9, 9), 9e-40), rtol=1e-4)


def test_same_array_twice(rng):
    a = rng.standard_normal((20, 20))
    check(a, a)
    check(a, a.T)
    check(a[::2], a[:, ::2])


def test_lists():
    np.testing.assert_array_equal(matmul([[1, 2], [3, 4]], [[5], [6]]), [[17.0], [39.0]])
