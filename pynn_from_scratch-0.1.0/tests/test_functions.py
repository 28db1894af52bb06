"""pynn.functions against the reference, in every dtype, shape and layout."""

import numpy as np
import pytest
from compare import assert_close, call, eps, floating, result_dtype, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, FLOATS, INTEGERS, LAYOUTS, arrays, lay_out, shapes, values

import pynn
from pynn import functions, reference

# Bounds in units of eps (2 to 4 half-ulps), from one exp that is right to 1 ulp, and half an ulp for
# each +, * and / after it:
#   sigmoid 1 / (1 + e): e's error counts by e / (1 + e) < 1, one sum, one quotient.     <= 2 eps
#     Where e overflows the result is 0, though it could be a subnormal number below 1 / max.
#   sigmoid_grad (1 - s) s: the book's formula. 1 - s is exact to an ulp of 1, so the error is
#     absolute, of the size of s, not of the result.                                     <= 3 eps s
#   tanh: as NumPy's, right to a few ulp of the result, also where it is near x.          <= 3 eps
ELEMENTWISE = {
    "identity_function": (0, None),
    "relu": (0, None),
    "relu_grad": (0, None),
    "sigmoid": (2.5, None),
    "sigmoid_grad": (3, reference.sigmoid),
    "tanh": (3, None),
}


def check_elementwise(name, x):
    ulps, scale = ELEMENTWISE[name]
    x_wide = wide(x)
    with np.errstate(all="ignore"):
        want = getattr(reference, name)(x_wide)
        scale = None if scale is None else scale(x_wide)
    dtype = floating(x.dtype)
    absolute = np.finfo(dtype).smallest_normal if name.startswith("sigmoid") else 0
    assert_close(call(getattr(functions, name), x), want, ulps, scale, dtype, absolute)


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(x=arrays())
def test_elementwise(name, x):
    check_elementwise(name, x)


@given(x=arrays())
def test_step_function(x):
    got = call(functions.step_function, x)
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, reference.step_function(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_in_every_dtype_and_layout(name, layout, dtype, rng):
    check_elementwise(name, lay_out(values(rng, (3, 5, 7), dtype), layout))


@pytest.mark.parametrize("size", [1, 1000, 65_537, 300_001])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_past_the_cache_and_the_threads(name, dtype, size, rng):
    check_elementwise(name, values(rng, size, dtype, scale=4))


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-300, 700.0, -700.0, 745.2, -745.2,
           88.7, -88.7, 88.8, -88.8, 103.9, -103.9, 104.1, -104.1, 3e38, -3e38]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["step_function", *ELEMENTWISE])
def test_special_values_are_numpys(name, dtype):
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL, dtype)
    for i in range(len(x)):                     # each alone, then all in one vector
        for part in (x[i:i + 1], np.full(37, x[i]), x):
            if name == "step_function":
                np.testing.assert_array_equal(functions.step_function(part), part > 0)
            else:
                check_elementwise(name, part)


@pytest.mark.parametrize("dtype", FLOATS)
def test_no_function_warns_where_the_result_is_finite(dtype):
    x = np.array([-60_000, 60_000, 0], dtype)
    np.testing.assert_array_equal(functions.sigmoid(x), np.array([0, 1, 0.5], dtype))
    np.testing.assert_array_equal(functions.tanh(x), np.array([-1, 1, 0], dtype))
    np.testing.assert_array_equal(functions.softmax(x), np.array([0, 1, 0], dtype))


def test_signs_of_zero_are_numpys():
    x = np.array([0.0, -0.0])
    np.testing.assert_array_equal(np.signbit(functions.tanh(x)), np.signbit(x))
    np.testing.assert_array_equal(np.signbit(functions.identity_function(x)), np.signbit(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sweep_of_exp_and_tanh(dtype):
    """The bounds hold over the whole range, tails of subnormal results included."""
    x = np.concatenate([np.linspace(-120, 120, 40_001), np.linspace(-760, 760, 40_001),
                        np.logspace(-30, 0, 2_001), -np.logspace(-30, 0, 2_001)]).astype(dtype)
    for name in ("sigmoid", "sigmoid_grad", "tanh"):
        check_elementwise(name, x)


# Softmax: x - max is rounded, which moves the exponent by half an ulp of it, a relative error of
# |x - max| eps / 2 in the result; exp and the quotient add 2 eps; a sum of n positive terms in any
# order adds at most (n - 1) eps / 2.
def check_softmax(x):
    want = reference.softmax(wide(x)) if x.size else wide(x)
    shift = np.abs(wide(x) - wide(x).max(axis=-1, keepdims=True)) if x.size else 0
    n = x.shape[-1]
    got = call(functions.softmax, x)
    assert_close(got, want, 1, (shift / 2 + n / 2 + 2) * np.abs(want), floating(x.dtype))
    return got


@given(x=arrays(shape=shapes(min_dims=1, max_dims=3, max_side=40, min_side=1)))
def test_softmax(x):
    check_softmax(x)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_in_every_dtype_and_layout(dtype, layout, rng):
    check_softmax(lay_out(values(rng, (5, 7), dtype), layout))


@pytest.mark.parametrize("shape", [(10_000, 10), (3, 50_000), (1000, 33)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_many_and_of_wide_rows(shape, dtype, rng):
    check_softmax(values(rng, shape, dtype, scale=3))


@pytest.mark.parametrize("dtype", FLOATS)
def test_softmax_does_not_overflow(dtype):
    big = np.finfo(dtype).max
    np.testing.assert_array_equal(functions.softmax(np.array([big, big, -big], dtype)),
                                  np.array([0.5, 0.5, 0], dtype))
    x = np.array([1010, 1000, 990], dtype)
    check_softmax(x)
    np.testing.assert_array_equal(functions.softmax(x), functions.softmax(x - dtype(1000)))


@pytest.mark.parametrize("row", [[1, np.nan, 2], [np.nan, np.inf, 1], [np.inf, 1, 2],
                                 [np.inf, np.inf, 0], [-np.inf, -np.inf, -np.inf],
                                 [-np.inf, 1, 2]])
@pytest.mark.parametrize("dtype", FLOATS)
def test_softmax_of_nan_and_infinity_is_numpys(dtype, row):
    """In its own row: the neighbours do not see it."""
    x = np.array([[1, 2, 3], row, [3, 2, 1]], dtype)
    with np.errstate(all="ignore"):
        want = reference.softmax(wide(x))
    assert_close(call(functions.softmax, x), want, 5)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4)])
def test_softmax_of_nothing(shape):
    got = functions.softmax(np.zeros(shape))
    assert got.shape == shape and got.dtype == np.float64


@given(pair=st.data())
def test_mean_squared_error(pair):
    shape = pair.draw(shapes(max_dims=3))
    y, t = pair.draw(arrays(shape)), pair.draw(arrays(shape))
    dtype = result_dtype(y, t)
    terms = (wide(y) - wide(t))**2 / 2
    # difference, square and product: 2 eps of each term; the sum of n of them, n eps / 2
    assert_close(call(functions.mean_squared_error, y, t), terms.sum(), 2 + terms.size / 2,
                 dtype=dtype)


def test_sum_squared_error_is_the_same_function():
    assert functions.sum_squared_error(np.array([1.0, 2]), np.array([0, 4])) == 2.5


def targets(rng, kind, shape):
    """Targets for predictions of `shape` (N, C) or (C,), in each of the forms the book knows."""
    labels = rng.integers(0, shape[-1], shape[:-1])
    return {"labels": labels, "one-hot": np.eye(shape[-1])[labels],
            "soft": reference.softmax(rng.standard_normal(shape))}[kind]


TARGETS = ("labels", "one-hot", "soft")


# log(y + 1e-7): the sum is rounded, eps / 2 absolute in the logarithm, which adds an ulp of its own;
# the product with t and the mean of N C terms 1 + N C / 2 more.
def check_cross_entropy_error(y, t):
    want = reference.cross_entropy_error(wide(y), t)
    dtype = floating(y.dtype)
    n = y.shape[0] if y.ndim == 2 else 1
    logs = np.abs(np.log(wide(y) + 1e-7))
    scale = (1 + logs.max()) * (2.5 + t.size / 2)
    assert n >= 1
    assert_close(call(functions.cross_entropy_error, y, t), want, 1, scale, dtype)


@pytest.mark.parametrize("kind", TARGETS)
@given(data=st.data())
def test_cross_entropy_error(kind, data):
    shape = data.draw(shapes(min_dims=1, max_dims=2, max_side=30, min_side=2))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    y = reference.softmax(values(rng, shape, np.float64, 3))
    y = lay_out(y.astype(data.draw(st.sampled_from([np.float32, np.float64]))),
                data.draw(st.sampled_from(LAYOUTS)))
    t = targets(rng, kind, shape)
    t = lay_out(t.astype(y.dtype) if kind != "labels" else t, data.draw(st.sampled_from(LAYOUTS)))
    check_cross_entropy_error(y, t)


@pytest.mark.parametrize("dtype", INTEGERS[1:])
def test_labels_and_one_hot_of_every_integer(dtype):
    y = reference.softmax(np.arange(12.0).reshape(3, 4) % 5)
    labels = np.array([3, 0, 2], dtype)
    check_cross_entropy_error(y, labels)
    check_cross_entropy_error(y, np.eye(4, dtype=dtype)[labels])
    check_cross_entropy_error(y.astype(np.float32), np.eye(4, dtype=dtype)[labels])


def test_one_hot_of_bool():
    y = reference.softmax(np.arange(12.0).reshape(3, 4) % 5)
    check_cross_entropy_error(y, np.eye(4, dtype=bool)[[3, 0, 2]])


def test_cross_entropy_error_of_one_sample():
    """A 1-D y is one sample, labelled by a number or an array that holds one."""
    y = np.array([0.1, 0.7, 0.2])
    want = -np.log(0.7 + 1e-7)
    for t in (1, np.int64(1), np.array(1), np.array([1]), [1], [0, 1, 0], np.array([0.0, 1, 0])):
        assert functions.cross_entropy_error(y, t) == pytest.approx(want, rel=1e-15)


def test_cross_entropy_error_keeps_the_books_guard():
    y = np.array([[1.0, 0.0], [1.0, 0.0]])
    loss = functions.cross_entropy_error(y, np.array([1, 0]))
    assert loss == pytest.approx(-(np.log(1e-7) + np.log(1 + 1e-7)) / 2, rel=1e-15)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_error_of_nan(dtype, kind, rng):
    y = np.full((2, 3), 1 / 3, dtype)
    y[0] = np.nan
    assert np.isnan(functions.cross_entropy_error(y, targets(rng, kind, (2, 3))))


@pytest.mark.parametrize("kind", TARGETS)
@given(data=st.data())
def test_softmax_loss(kind, data):
    shape = data.draw(shapes(min_dims=1, max_dims=2, max_side=30, min_side=2))
    x = data.draw(arrays(shape, st.sampled_from([np.float32, np.float64, np.int32])))
    t = targets(np.random.default_rng(data.draw(st.integers(0, 99))), kind, shape)
    want = reference.softmax_loss(wide(x), t)
    dtype = floating(x.dtype)
    shift = np.ptp(wide(x), axis=-1).max()
    # y is wrong by (shift / 2 + C / 2 + 2) eps relative, which is absolute in its logarithm;
    # then as in cross_entropy_error, where no log exceeds 17 because of the 1e-7
    scale = shift / 2 + shape[-1] / 2 + 2 + 17 * (2.5 + t.size / 2)
    assert_close(call(functions.softmax_loss, x, t), want, 1, scale, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_loss_is_that_of_its_parts(dtype, rng):
    x = values(rng, (100, 10), dtype, 3)
    t = rng.integers(0, 10, 100)
    parts = functions.cross_entropy_error(functions.softmax(x), t)
    assert functions.softmax_loss(x, t) == pytest.approx(parts, rel=20 * eps(dtype))


@pytest.mark.parametrize("name", ["entropy", "cross_entropy"])
@given(data=st.data())
def test_entropies(name, data):
    shape = data.draw(shapes(min_dims=1, max_dims=3, min_side=1))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    ps = []
    for _ in range(1 if name == "entropy" else 2):
        p = reference.softmax(values(rng, shape, np.float64, 3))
        p = p.astype(data.draw(st.sampled_from([np.float32, np.float64])))
        ps.append(lay_out(p, data.draw(st.sampled_from(LAYOUTS))))
    want = getattr(reference, name)(*map(wide, ps))
    # one log and one product per term, n terms of one sign
    assert_close(call(getattr(functions, name), *ps), want, 3 + shape[-1] / 2,
                 dtype=result_dtype(*ps))


def test_entropies_at_zero():
    assert functions.entropy(np.array([1.0, 0.0])) == 0
    assert functions.cross_entropy(np.array([1.0, 0.0]), np.array([0.5, 0.0])) == np.log(2)
    assert functions.cross_entropy(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == np.inf


def test_entropies_of_no_classes():
    np.testing.assert_array_equal(functions.entropy(np.zeros((5, 0))), np.zeros(5))
    np.testing.assert_array_equal(functions.cross_entropy(np.zeros((2, 3, 0)), np.zeros((2, 3, 0))), np.zeros((2, 3)))


@pytest.mark.parametrize("name", ["step_function", "softmax", *ELEMENTWISE])
def test_lists_are_arrays(name):
    f = getattr(functions, name)
    np.testing.assert_array_equal(f([[1, -2], [0, 3]]), f(np.array([[1.0, -2], [0, 3]])))


@pytest.mark.parametrize("value", [0.5, -2, True, np.float32(0.5), np.float16(0.5), np.int8(3),
                                   np.array(0.5), np.array(-1.5, np.float32)])
@pytest.mark.parametrize("name", ["step_function", *ELEMENTWISE])
def test_a_number_gives_a_number(name, value):
    """As a ufunc of NumPy does: a scalar of the result's dtype, not a 0-d array."""
    got = getattr(functions, name)(value)
    assert isinstance(got, np.generic)
    want = getattr(functions, name)(np.array([value]))
    assert got == want[0] and got.dtype == want.dtype


def test_subclasses_and_masks_come_back_as_plain_arrays():
    x = np.arange(4.0).view(type("Mine", (np.ndarray,), {}))
    assert type(functions.relu(x)) is np.ndarray


def test_functions_are_exported():
    for name in [*ELEMENTWISE, "step_function", "softmax", "mean_squared_error",
                 "sum_squared_error", "cross_entropy_error", "softmax_loss", "entropy",
                 "cross_entropy", "matmul"]:
        assert getattr(pynn, name) is getattr(functions, name)
