"""Max-pooling against the reference."""

import numpy as np
import pytest
from compare import assert_close, call, floating, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, arrays, lay_out, values
from test_convolution import out_shape, windows

from pynn import layers, reference

REAL = (np.float32, np.float64)


def check_pooling(x, dout, size, stride, pad):
    mine, book = layers.Pooling(*size, stride, pad), reference.Pooling(*size, stride, pad)
    assert_close(call(mine.forward, x), book.forward(wide(x)), 0, dtype=floating(x.dtype))
    assert mine.arg_max.dtype == np.int64 and mine.x is x
    np.testing.assert_array_equal(mine.arg_max, book.arg_max)
    scale = reference.Pooling(*size, stride, pad)
    scale.forward(wide(x))
    # a pixel collects at most one term from each window that it lies in
    assert_close(call(mine.backward, dout), book.backward(wide(dout)), size[0] * size[1] / 2,
                 scale.backward(np.abs(wide(dout))), floating(dout.dtype))


@given(data=st.data(), win=windows())
def test_pooling(data, win):
    shape, size, stride, pad = win
    dout = data.draw(arrays((*shape[:2], *out_shape(shape, size, stride, pad))))
    check_pooling(data.draw(arrays(shape)), dout, size, stride, pad)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("shape, size, stride, pad", [
    ((3, 30, 24, 24), (2, 2), 2, 0), ((2, 4, 14, 15), (2, 2), 2, 0), ((2, 3, 9, 40), (3, 2), 1, 1),
    ((1, 1, 28, 28), (28, 28), 1, 0), ((2, 2, 5, 5), (2, 2), 9, 4)])
def test_ties_go_to_the_first(rng, dtype, shape, size, stride, pad):
    """Few different values, many of them negative: padding wins where it takes part."""
    x = rng.integers(-3, 1, shape).astype(dtype)
    check_pooling(x, values(rng, (*shape[:2], *out_shape(shape, size, stride, pad)), dtype), size, stride, pad)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(rng, dtype, layout):
    check_pooling(lay_out(values(rng, (2, 3, 6, 7), dtype), layout), lay_out(values(rng, (2, 3, 3, 3), dtype), layout),
                  (2, 2), 2, 0)


@pytest.mark.parametrize("dtype", REAL)
def test_nan_is_the_largest(dtype):
    """As np.argmax: the first nan, whatever comes after."""
    x = np.zeros((1, 1, 4, 40), dtype)
    x[..., ::3], x[..., 1::4], x[..., 2::5] = np.nan, np.inf, -np.inf
    mine, book = layers.Pooling(2, 2), reference.Pooling(2, 2)
    np.testing.assert_array_equal(mine.forward(x), book.forward(x))
    np.testing.assert_array_equal(mine.arg_max, book.arg_max)


def test_the_books_example():
    """Section 7.3."""
    x = np.array([[1, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]])[None, None]
    layer = layers.Pooling(2, 2)
    np.testing.assert_array_equal(layer.forward(x)[0, 0], [[2, 3], [4, 2]])
    np.testing.assert_array_equal(layer.arg_max, [1, 3, 3, 1])
    np.testing.assert_array_equal(layer.backward(np.array([[[[1, 2], [3, 4]]]]))[0, 0],
                                  [[0, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 4], [0, 3, 0, 0]])


@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (2, 0, 4, 4)])
def test_nothing_to_do(shape):
    layer = layers.Pooling(2, 2)
    out = layer.forward(np.ones(shape))
    assert out.shape == (*shape[:2], 2, 2)
    assert layer.arg_max.shape == (0,)
    assert layer.backward(out).shape == shape


def test_before_forward():
    layer = layers.Pooling(2, 2)
    assert layer.arg_max is None and layer.x is None


@pytest.mark.parametrize("error, says, x, size, stride, pad", [
    (ValueError, r"Pooling.forward: x has shape \(3, 4\)", np.ones((3, 4)), (2, 2), 2, 0),
    (ValueError, "windows have 5x2 pixels but the images have 4x4", np.ones((1, 1, 4, 4)), (5, 2), 2, 0),
    (ValueError, "pool_h is 0; it must be at least 1", np.ones((1, 1, 4, 4)), (0, 2), 2, 0),
    (ValueError, "pool_w is -2; it must be at least 1", np.ones((1, 1, 4, 4)), (2, -2), 2, 0),
    (ValueError, "stride is 0", np.ones((1, 1, 4, 4)), (2, 2), 0, 0),
    (ValueError, "pad is -1", np.ones((1, 1, 4, 4)), (2, 2), 1, -1),
    (TypeError, "pool_h is 2.0; it must be a whole number", np.ones((1, 1, 4, 4)), (2.0, 2), 2, 0),
    (TypeError, r"pool_h is an array of shape \(2,\) and dtype int64; it must be a whole number", np.ones((1, 1, 4, 4)),
     (np.array([2, 2], np.int64), 2), 2, 0),
    (ValueError, "more memory than there can be", np.ones((1, 1, 4, 4)), (10**8, 10**8), 2, 0),
    (TypeError, "x has dtype object", np.array(None), (2, 2), 2, 0),
])
def test_bad_arguments(error, says, x, size, stride, pad):
    with pytest.raises(error, match=says):
        layers.Pooling(*size, stride, pad).forward(x)


def test_bad_dout():
    layer = layers.Pooling(2, 2)
    layer.forward(np.ones((2, 3, 4, 4)))
    for shape in [(2, 3, 4, 4), (2, 3, 2), (12,), (1, 3, 2, 2)]:
        with pytest.raises(ValueError, match=r"Pooling.backward: dout has shape .* \(2, 3, 2, 2\)"):
            layer.backward(np.ones(shape))
