"""Dropout against the reference."""

import numpy as np
import pytest
from compare import assert_close, call, floating, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import arrays, shapes

from pynn import layers, reference


@given(data=st.data(), ratio=st.sampled_from([0, 0.15, 0.5, 1]))
def test_dropout(data, ratio):
    x = data.draw(arrays(shapes(min_dims=1)))
    dout = data.draw(arrays(x.shape))
    mine, book = layers.Dropout(ratio), reference.Dropout(ratio)
    np.random.seed(1)
    out = call(mine.forward, x)
    np.random.seed(1)
    assert_close(out, book.forward(wide(x)), 0, dtype=floating(x.dtype))
    np.testing.assert_array_equal(mine.mask, book.mask)
    assert_close(call(mine.backward, dout), book.backward(wide(dout)), 0, dtype=floating(dout.dtype))
    # 1 - ratio is rounded to the dtype, and so is the product
    assert_close(call(mine.forward, x, False), wide(x) * (1 - ratio), 1, dtype=floating(x.dtype))


@given(data=st.data(), ratio=st.sampled_from([0, 0.15, 0.5]))
def test_inverted(data, ratio):
    x = data.draw(arrays(shapes(min_dims=1)))
    dout = data.draw(arrays(x.shape))
    mine, theirs = layers.Dropout(ratio, inverted=True), reference.Dropout(ratio, inverted=True)
    np.random.seed(1)
    out = call(mine.forward, x)
    np.random.seed(1)
    # 1 / (1 - ratio) is rounded to the dtype, and so is the product
    assert_close(out, theirs.forward(wide(x)), 1, dtype=floating(x.dtype))
    assert_close(call(mine.backward, dout), theirs.backward(wide(dout)), 1, dtype=floating(dout.dtype))
    assert_close(call(mine.forward, x, False), wide(x), 0, dtype=floating(x.dtype))
    assert_close(call(mine.backward, dout), wide(dout), 0, dtype=floating(dout.dtype))


def test_inverted_and_all_dropped():
    np.testing.assert_array_equal(layers.Dropout(1, inverted=True).forward(np.ones(5)), np.zeros(5))


def test_the_same_seed_drops_the_same_units():
    layer = layers.Dropout(0.3)
    np.random.seed(7)
    want = np.random.rand(20, 30) > 0.3
    np.random.seed(7)
    layer.forward(np.ones((20, 30), np.float32))
    np.testing.assert_array_equal(layer.mask, want)


def test_one_number():
    layer = layers.Dropout()
    layer.mask = np.asarray(True)
    assert layer.backward(np.float32(3)) == 3
    assert layer.forward(np.float32(3)) in (0, 3)


def test_use_draws_nothing():
    np.random.seed(7)
    state = np.random.get_state()[1].tolist()
    layers.Dropout().forward(np.ones(1000), train_flg=False)
    assert np.random.get_state()[1].tolist() == state


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_infinity(dtype):
    """x * False is nan where x is not finite, as in NumPy."""
    layer = layers.Dropout()
    layer.mask = np.array([False, True] * 4)
    x = np.repeat(np.array([np.nan, np.inf, -np.inf, -1], dtype), 2)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(layer.backward(x), x * layer.mask)


def test_a_mask_of_ones_own():
    layer = layers.Dropout()
    layer.mask = np.array([[True, False], [False, True]]).T[::-1]
    np.testing.assert_array_equal(layer.backward(np.array([[1.0, 2], [3, 4]])), [[0, 2], [3, 0]])


def test_bad_arguments():
    layer = layers.Dropout()
    with pytest.raises(RuntimeError, match="call forward first"):
        layer.backward(np.ones(3))
    layer.forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"has shape \(3, 2\) but mask has \(2, 3\)"):
        layer.backward(np.ones((3, 2)))
    layer.mask = np.ones((2, 3))
    with pytest.raises(TypeError, match="mask has dtype"):
        layer.backward(np.ones((2, 3)))
