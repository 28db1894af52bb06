"""The layers that the book names but does not write, against the reference."""

import numpy as np
import pytest
from compare import assert_close, call, eps, floating, result_dtype, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, arrays, lay_out, sides, values
from test_convolution import out_shape, windows
from test_errors import refuses

import pynn
from pynn import layers, reference

REAL = (np.float32, np.float64)


# ---- Tanh ------------------------------------------------------------------------------------

@given(data=st.data())
def test_tanh(data):
    x = data.draw(arrays())
    dout = data.draw(arrays(x.shape))
    mine, book = layers.Tanh(), reference.Tanh()
    out = call(mine.forward, x)
    assert_close(out, book.forward(wide(x)), 3.3, dtype=floating(x.dtype))
    np.testing.assert_array_equal(mine.out, out)
    # 1 - out^2 of the out that forward rounded, in a few operations
    want = wide(dout) * (1 - wide(out)) * (1 + wide(out))
    assert_close(call(mine.backward, dout), want, 2.5, dtype=result_dtype(x, dout))


@pytest.mark.parametrize("dtype", REAL)
def test_tanh_of_extremes(dtype):
    layer = layers.Tanh()
    x = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 100, -100], dtype)
    np.testing.assert_array_equal(layer.forward(x), np.array([np.nan, 1, -1, 0, 0, 1, -1], dtype))
    np.testing.assert_array_equal(layer.backward(np.ones(7, dtype)), np.array([np.nan, 0, 0, 1, 1, 0, 0], dtype))


# ---- LeakyRelu -------------------------------------------------------------------------------

@given(data=st.data(), slope=st.sampled_from([0.01, 0.0, 0.3, -1.0]))
def test_leaky_relu(data, slope):
    x = data.draw(arrays())
    dout = data.draw(arrays(x.shape))
    mine, book = layers.LeakyRelu(slope), reference.LeakyRelu(slope)
    assert_close(call(mine.forward, x), book.forward(wide(x)), 1, dtype=floating(x.dtype))
    np.testing.assert_array_equal(mine.mask, np.asarray(x) <= 0)
    assert_close(call(mine.backward, dout), book.backward(wide(dout)), 1, dtype=floating(dout.dtype))


@pytest.mark.parametrize("dtype", REAL)
def test_leaky_relu_of_nan_and_infinity(dtype):
    layer = layers.LeakyRelu()
    x = np.resize(np.array([np.nan, np.inf, -np.inf, 0, -2, 3], dtype), 50)
    np.testing.assert_array_equal(layer.forward(x), np.where(x <= 0, dtype(0.01) * x, x))
    dout = np.resize(np.array([1, np.nan, -np.inf, 2], dtype), 50)
    np.testing.assert_array_equal(layer.backward(dout), np.where(x <= 0, dtype(0.01) * dout, dout))


def test_leaky_relu_takes_a_number_for_its_slope():
    refuses(TypeError, "LeakyRelu.forward slope", layers.LeakyRelu("steep").forward, np.ones(3))


# ---- Flatten ---------------------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 3, 2, 5), (0, 3, 2), (4, 0)])
def test_flatten(shape, rng):
    layer = layers.Flatten()
    x = rng.standard_normal(shape)
    out = call(layer.forward, x)
    np.testing.assert_array_equal(out, x.reshape(shape[0], int(np.prod(shape[1:]))))
    np.testing.assert_array_equal(call(layer.backward, out), x)


def test_flatten_refuses():
    layer = layers.Flatten()
    refuses(ValueError, "Flatten.forward scalar", layer.forward, 3.0)
    refuses(RuntimeError, "Flatten.backward forward first", layer.backward, np.ones((2, 2)))
    layer.forward(np.ones((2, 3, 4)))
    refuses(ValueError, "Flatten.backward (2, 11) (2, 12)", layer.backward, np.ones((2, 11)))


# ---- IdentityWithLoss ------------------------------------------------------------------------

@given(data=st.data(), mean=st.booleans())
def test_identity_with_loss(data, mean):
    shape = (data.draw(sides(40, 1)), data.draw(sides(9, 1)))
    x, t = data.draw(arrays(shape, st.sampled_from(REAL))), data.draw(arrays(shape))
    mine, book = layers.IdentityWithLoss(mean), reference.IdentityWithLoss(mean)
    cast = wide(t.astype(x.dtype))
    dtype = floating(x.dtype)
    assert_close(call(mine.forward, x, t), book.forward(wide(x), cast), x.size / 2 + 3, dtype=dtype)
    np.testing.assert_array_equal(mine.y, x)
    assert mine.t is t and mine.y is not x
    want = book.backward(2)
    assert_close(mine.backward(2), want, 3, dtype=dtype)


def test_identity_with_loss_is_the_books_sum():
    layer = layers.IdentityWithLoss()
    assert layer.forward([[1.0], [4.0]], [0.0, 2.0]) == 0.5 * (1 + 4)
    np.testing.assert_array_equal(layer.backward(), [[1.0], [2.0]])
    layer = layers.IdentityWithLoss(mean=True)
    assert layer.forward([[1.0], [4.0]], [[0.0], [2.0]]) == 0.25 * (1 + 4)
    np.testing.assert_array_equal(layer.backward(), [[0.5], [1.0]])
    assert layer.forward([3.0, 1.0], [1.0, 1.0]) == 2           # one sample
    assert (layers.IdentityWithLoss.metric, layers.SoftmaxWithLoss.metric) == ("rmse", "accuracy")


@pytest.mark.parametrize("x, t", [((4, 1), (4, 4)), ((4, 2), (4,)), ((4, 2), (2,)), ((4,), (4, 1)), ((4, 1), (1,)), ((4, 1), ()),
                                  ((2, 2), (4,)), ((4, 1), (1, 4))])
def test_identity_with_loss_broadcasts_nothing(x, t):
    says = f"IdentityWithLoss.forward t {t} x {x}"
    refuses(ValueError, says, layers.IdentityWithLoss().forward, np.ones(x), np.ones(t))


def test_identity_with_loss_refuses():
    layer = layers.IdentityWithLoss()
    refuses(RuntimeError, "IdentityWithLoss.backward forward first", layer.backward)
    refuses(ValueError, "IdentityWithLoss.forward x () outputs", layer.forward, 3.0, 3.0)
    refuses(ValueError, "IdentityWithLoss.forward x (0, 2)", layer.forward, np.ones((0, 2)), np.ones((0, 2)))
    refuses(TypeError, "IdentityWithLoss.forward t complex128", layer.forward, np.ones((2, 1)), np.ones((2, 1), complex))


# ---- without bias ----------------------------------------------------------------------------

@given(data=st.data())
def test_affine_without_bias(data):
    n, k, m = data.draw(sides(30, 1)), data.draw(sides(30)), data.draw(sides(30))
    x, W, dout = (data.draw(arrays(s)) for s in [(n, k), (k, m), (n, m)])
    mine, book = layers.Affine(W, None), reference.Affine(wide(W), None)
    assert_close(call(mine.forward, x), book.forward(wide(x)), k / 2 + 1, np.abs(wide(x)) @ np.abs(wide(W)), result_dtype(x, W))
    dx, with_bias = call(mine.backward, dout), layers.Affine(W, np.zeros(m, W.dtype))
    with_bias.forward(x)
    np.testing.assert_array_equal(dx, with_bias.backward(dout))
    np.testing.assert_array_equal(mine.dW, with_bias.dW)
    assert mine.db is None


@pytest.mark.parametrize("dtype", REAL)
def test_convolution_without_bias(dtype, rng):
    x, W = values(rng, (3, 2, 7, 6), dtype), values(rng, (5, 2, 3, 3), dtype)
    mine, zero = layers.Convolution(W, None, 1, 1), layers.Convolution(W, np.zeros(5, dtype), 1, 1)
    out = call(mine.forward, x)
    np.testing.assert_array_equal(out, zero.forward(x))
    assert_close(out, reference.Convolution(wide(W), None, 1, 1).forward(wide(x)), 10,
                 reference.Convolution(np.abs(wide(W)), None, 1, 1).forward(np.abs(wide(x))))
    np.testing.assert_array_equal(mine.backward(out), zero.backward(out))
    np.testing.assert_array_equal(mine.dW, zero.dW)
    assert mine.db is None


@pytest.mark.parametrize("pool", [False, True])
def test_a_block_without_bias(pool, rng):
    x, W = rng.standard_normal((3, 2, 6, 6)), rng.standard_normal((5, 2, 3, 3))
    none = pynn._core.conv_block_forward(x, W, None, 1, 1, pool, False)
    zero = pynn._core.conv_block_forward(x, W, np.zeros(5), 1, 1, pool, False)
    np.testing.assert_array_equal(none[0], zero[0])


# ---- AveragePooling --------------------------------------------------------------------------

def check_average(x, dout, size, stride, pad):
    mine, book = (m.AveragePooling(*size, stride, pad) for m in (layers, reference))
    scale, terms = reference.AveragePooling(*size, stride, pad), size[0] * size[1]
    assert_close(call(mine.forward, x), book.forward(wide(x)), terms / 2 + 1, scale.forward(np.abs(wide(x))), floating(x.dtype))
    assert_close(call(mine.backward, dout), book.backward(wide(dout)), terms / 2 + 1, scale.backward(np.abs(wide(dout))),
                 floating(dout.dtype))


@given(data=st.data(), win=windows())
def test_average_pooling(data, win):
    shape, size, stride, pad = win
    check_average(data.draw(arrays(shape)), data.draw(arrays((*shape[:2], *out_shape(shape, size, stride, pad)))), size, stride,
                  pad)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_average_pooling_of_every_dtype_and_layout(rng, dtype, layout):
    check_average(lay_out(values(rng, (2, 3, 6, 7), dtype), layout), lay_out(values(rng, (2, 3, 3, 3), dtype), layout),
                  (2, 2), 2, 0)


def test_padding_counts_in_the_average():
    layer = layers.AveragePooling(2, 2, stride=2, pad=1)
    np.testing.assert_array_equal(layer.forward(np.full((1, 1, 2, 2), 4.0)), np.ones((1, 1, 2, 2)))
    np.testing.assert_array_equal(layer.backward(np.ones((1, 1, 2, 2))), np.full((1, 1, 2, 2), 0.25))


def test_average_pooling_refuses():
    layer = layers.AveragePooling(2, 2)
    refuses(RuntimeError, "AveragePooling.backward forward first", layer.backward, np.ones((1, 1, 1, 1)))
    refuses(ValueError, "AveragePooling.forward x (2, 2) channels", layer.forward, np.ones((2, 2)))
    refuses(ValueError, "AveragePooling.forward stride 0", layers.AveragePooling(2, 2, 0).forward, np.ones((1, 1, 2, 2)))
    layer.forward(np.ones((1, 1, 4, 4)))
    refuses(ValueError, "AveragePooling.backward dout (1, 1, 1, 1) (1, 1, 2, 2)", layer.backward, np.ones((1, 1, 1, 1)))


# ---- BatchNormalization of channels ----------------------------------------------------------

def check_channels(x, gamma, beta, dout, dtype):
    """The reference on (N H W, C): the same sums in another order, a mean of 1 and a deviation of about 1 of x."""
    mine = layers.BatchNormalization(gamma, beta)
    book = reference.BatchNormalization(wide(gamma), wide(beta), 0.9, np.zeros(len(gamma)), np.zeros(len(gamma)))
    tolerance = 40 * eps(dtype) * (1 + np.sqrt(x[:, 0].size) / 8)
    close = {"rtol": tolerance, "atol": tolerance * float(np.abs(gamma).max())}
    out = call(mine.forward, x)
    assert out.dtype == dtype and out.shape == x.shape == mine.xc.shape and mine.std.shape == gamma.shape
    np.testing.assert_allclose(out, book.forward(wide(x)), **close)
    dx, want = call(mine.backward, dout), book.backward(wide(dout))
    np.testing.assert_allclose(dx, want, **close)
    for name, terms in {"dgamma": x[:, 0].size, "dbeta": x[:, 0].size, "running_mean": 1, "running_var": 1}.items():
        got = getattr(mine, name)
        assert got.shape == gamma.shape and got.dtype == dtype
        np.testing.assert_allclose(got, getattr(book, name), rtol=tolerance, atol=tolerance * terms)
    for _ in range(60):
        mine.forward(x)
        book.forward(wide(x))
    np.testing.assert_allclose(call(lambda x: mine.forward(x, train_flg=False), x), book.forward(wide(x), train_flg=False),
                               **close)


@pytest.mark.parametrize("shape", [(1, 1, 1, 2), (5, 3, 1, 7), (4, 2, 8, 8), (7, 5, 9, 11), (3, 33, 28, 28), (2, 1, 5, 5)])
@pytest.mark.parametrize("dtype", REAL)
def test_batch_normalization_of_channels(dtype, shape, rng):
    x, dout = 1 + values(rng, shape, dtype), values(rng, shape, dtype)
    check_channels(x, values(rng, shape[1], dtype), values(rng, shape[1], dtype), dout, dtype)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_batch_normalization_of_channels_in_every_layout(layout, rng):
    x, dout = (lay_out(values(rng, (4, 3, 5, 6), np.float64), layout) for _ in range(2))
    check_channels(x, *(lay_out(values(rng, 3, np.float64), layout) for _ in range(2)), dout, np.float64)


def test_the_book_s_statistics_per_pixel_stay(rng):
    """gamma of C H W values: every channel and position for itself."""
    x = rng.standard_normal((6, 2, 3, 3))
    layer = layers.BatchNormalization(np.ones(18), np.zeros(18))
    np.testing.assert_allclose(layer.forward(x).mean(axis=0), 0, atol=1e-15)
    assert layer.xc.shape == (6, 18)
    layer = layers.BatchNormalization(np.ones(2), np.zeros(2))
    out = layer.forward(x)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), 0, atol=1e-15)
    assert abs(out.mean(axis=0)).max() > 0.01


def test_batch_normalization_of_channels_refuses():
    x = np.ones((4, 3, 5, 5))
    refuses(ValueError, "BatchNormalization.forward beta (75,) x 3 channels (3,)",
            layers.BatchNormalization(np.ones(3), np.zeros(75)).forward, x)
    refuses(ValueError, "BatchNormalization.forward gamma (4,) x 75 values a sample",
            layers.BatchNormalization(np.ones(4), np.zeros(4)).forward, x)
    refuses(ValueError, "BatchNormalization.forward x samples mean", layers.BatchNormalization(np.ones(3), np.zeros(3)).forward, x[:0])
    refuses(ValueError, "BatchNormalization.forward x pixels mean", layers.BatchNormalization(np.ones(3), np.zeros(3)).forward,
            x[..., :0])
    layer = layers.BatchNormalization(np.ones(3), np.zeros(3))
    layer.forward(x)
    refuses(ValueError, "BatchNormalization.backward dout (2, 3, 5, 5) forward", layer.backward, x[:2])


def test_running_statistics_are_there_from_the_start():
    layer = layers.BatchNormalization(np.ones(3, np.float32), np.zeros(3, np.float32))
    for statistic in (layer.running_mean, layer.running_var):
        np.testing.assert_array_equal(statistic, np.zeros(3, np.float32))
        assert statistic.dtype == np.float32


# ---- what a network asks of its layers -------------------------------------------------------

def test_every_layer_names_its_parameters_and_buffers():
    for name in layers.__all__:
        layer = getattr(layers, name)
        assert isinstance(layer.params, tuple) and isinstance(layer.buffers, tuple), name
    assert layers.Affine.params == layers.Convolution.params == ("W", "b")
    assert layers.BatchNormalization.params == ("gamma", "beta")
    assert layers.BatchNormalization.buffers == ("running_mean", "running_var")


def test_a_label_of_shape_1_1_for_one_row():
    """As in the book, where y[np.arange(1), t] takes it."""
    x = np.array([[1.0, 3.0, 2.0]])
    layer = layers.SoftmaxWithLoss()
    assert layer.forward(x, np.array([[1]])) == layer.forward(x, np.array([1]))
    layer.t = np.array([[1]])
    assert layer.backward().argmin() == 1
    refuses(ValueError, "t (2, 1)", layer.forward, np.ones((2, 3)), np.array([[1], [2]]))
