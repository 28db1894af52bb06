"""Convolution, im2col and col2im against the reference, for any window, dtype and layout."""

import numpy as np
import pytest
from compare import assert_close, call, floating, result_dtype, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, arrays, lay_out, sides, values

import pynn
from pynn import _core, layers, reference
from pynn.layers.convolution import col2im, im2col

REAL = (np.float32, np.float64)


@pytest.fixture(autouse=True, scope="module")
def direct():
    """The direct sums of products; test_winograd.py has the other way and its bounds."""
    with pynn.use_kernels("direct"):
        yield


@st.composite
def windows(draw, filter_side=5):
    """(N, C, H, W), (FH, FW), stride, pad with at least one window."""
    n, c = draw(sides(4, 1)), draw(sides(18, 1))
    fh, fw, stride = (draw(st.integers(1, k)) for k in (filter_side, filter_side, 3))
    pad = draw(st.integers(0, 4))
    h = draw(st.integers(max(1, fh - 2 * pad), 10))
    w = draw(st.integers(max(1, fw - 2 * pad), 14))
    return (n, c, h, w), (fh, fw), stride, pad


def check_convolution(x, W, b, dout, stride, pad):
    """A sum of K products errs by at most K/2 eps of the sum of their magnitudes when rounded K times; the same sums
    over absolute values give those magnitudes."""
    mine = layers.Convolution(W, b, stride, pad)
    book = reference.Convolution(wide(W), wide(b), stride, pad)
    size = reference.Convolution(np.abs(wide(W)), np.abs(wide(b)), stride, pad)
    dtype = result_dtype(x, W, dout)
    out_dtype = result_dtype(x, W, b) if isinstance(b, np.ndarray) else result_dtype(x, W)

    assert_close(call(mine.forward, x), book.forward(wide(x)), W[0].size / 2 + 1.5, size.forward(np.abs(wide(x))),
                 out_dtype)
    dx, scale = book.backward(wide(dout)), size.backward(np.abs(wide(dout)))
    assert_close(call(mine.backward, dout), dx, W[:, 0].size / 2 + 1, scale, dtype)
    assert_close(mine.dW, book.dW, dout[:, 0].size / 2 + 1, size.dW, dtype)
    assert_close(mine.db, book.db, dout[:, 0].size / 2 + 1, size.db, dtype)
    assert mine.W is W and mine.b is b and mine.x is x
    for grad in (mine.dW, mine.db):
        assert grad.flags.c_contiguous and not any(np.shares_memory(grad, a) for a in (x, W, dout))
    return mine


def out_shape(shape, size, stride, pad):
    return tuple((n + 2 * pad - f) // stride + 1 for n, f in zip(shape[2:], size))


@given(data=st.data(), win=windows())
def test_convolution(data, win):
    shape, size, stride, pad = win
    filters = data.draw(sides(20, 1))
    x, W = data.draw(arrays(shape)), data.draw(arrays((filters, shape[1], *size)))
    b = data.draw(st.one_of(arrays((filters,)), st.sampled_from([0, 0.5])))
    dout = data.draw(arrays((shape[0], filters, *out_shape(shape, size, stride, pad))))
    check_convolution(x, W, b, dout, stride, pad)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("x, W, stride, pad", [
    ((3, 1, 28, 28), (30, 1, 5, 5), 1, 0),      # SimpleConvNet
    ((2, 16, 28, 28), (16, 16, 3, 3), 1, 1),    # DeepConvNet
    ((3, 32, 14, 14), (32, 32, 3, 3), 1, 2),
    ((5, 64, 8, 8), (64, 64, 3, 3), 1, 1),
    ((1, 3, 7, 7), (10, 3, 5, 5), 1, 0),        # section 7.4.3
    ((1, 200, 9, 11), (7, 200, 3, 3), 2, 1),    # more channels than a block holds
    ((40, 2, 6, 5), (3, 2, 6, 5), 1, 0),        # one window
    ((2, 5, 6, 6), (9, 5, 1, 1), 1, 3),         # padding wider than the filter
    ((2, 3, 50, 4), (4, 3, 2, 3), 7, 1),        # a stride that skips pixels
])
def test_shapes_of_the_book_and_edges(rng, dtype, x, W, stride, pad):
    dout = (x[0], W[0], *out_shape(x, W[2:], stride, pad))
    check_convolution(values(rng, x, dtype), values(rng, W, dtype), values(rng, W[:1], dtype),
                      values(rng, dout, dtype), stride, pad)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(rng, dtype, layout):
    x, W, b, dout = (lay_out(values(rng, s, dtype), layout) for s in [(2, 3, 6, 5), (4, 3, 3, 2), (4,), (2, 4, 4, 4)])
    check_convolution(x, W, b, dout, 1, 0)


@pytest.mark.parametrize("shape", [(0, 2, 5, 5), (2, 0, 5, 5), (0, 0, 3, 3)])
def test_nothing_to_do(shape):
    layer = layers.Convolution(np.ones((3, shape[1], 3, 3)), np.arange(3.0))
    out = layer.forward(np.ones(shape))
    assert out.shape == (shape[0], 3, shape[2] - 2, shape[3] - 2)
    np.testing.assert_array_equal(out, np.broadcast_to(np.arange(3.0).reshape(3, 1, 1), out.shape))
    assert layer.backward(np.ones(out.shape)).shape == shape
    np.testing.assert_array_equal(layer.dW, 0)
    np.testing.assert_array_equal(layer.db, out[:, 0].size)


def test_the_books_example():
    """Section 7.2.2: a 4x4 image under a 3x3 filter, and the bias of 7.2.2's second figure."""
    x = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]])[None, None]
    W = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2]])[None, None]
    np.testing.assert_array_equal(layers.Convolution(W, 0).forward(x)[0, 0], [[15, 16], [6, 15]])
    np.testing.assert_array_equal(layers.Convolution(W, 3).forward(x)[0, 0], [[18, 19], [9, 18]])


def test_a_number_as_bias_does_not_promote():
    x, W = np.ones((1, 1, 3, 3), np.float32), np.ones((2, 1, 2, 2), np.float32)
    for b in (0, 1.5, np.float64(1.5), np.array(1.5)):
        out = layers.Convolution(W, b).forward(x)
        assert out.dtype == np.float32
        np.testing.assert_array_equal(out, 4 + np.float32(b))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_reach_the_windows_that_see_them(rng, dtype, value):
    x, W, dout = (values(rng, s, dtype) for s in [(2, 4, 12, 12), (8, 4, 3, 3), (2, 8, 12, 12)])
    x[1, 2, 5, 6] = dout[0, 3, 7, 2] = value
    W[0, 0] = 0                                     # 0 * inf is nan
    mine, book = layers.Convolution(W, 0, pad=1), reference.Convolution(W, 0, pad=1)
    with np.errstate(invalid="ignore"):
        pairs = [(mine.forward(x), book.forward(x)), (mine.backward(dout), book.backward(dout)), (mine.dW, book.dW),
                 (mine.db, book.db)]
    for got, want in pairs:
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        np.testing.assert_array_equal(got[np.isinf(want)], want[np.isinf(want)])


@pytest.mark.parametrize("dtype", REAL)
def test_equal_windows_give_equal_sums(rng, dtype):
    """Zeros stay zero and ties stay ties, which ReLU and pooling rely on."""
    x, W = np.zeros((3, 16, 12, 20), dtype), values(rng, (16, 16, 3, 3), dtype)
    x[:, :, 8:] = values(rng, (16, 1, 1), dtype)
    out = layers.Convolution(W, 0).forward(x)
    np.testing.assert_array_equal(out[:, :, :6], 0)
    np.testing.assert_array_equal(out[:, :, 8:], np.broadcast_to(out[:1, :, 8:9, :1], out[:, :, 8:].shape))


def test_a_first_layer_needs_no_dx(rng):
    x, W, dout = (values(rng, s, np.float32) for s in [(5, 3, 8, 8), (4, 3, 3, 3), (5, 4, 6, 6)])
    mine, first = layers.Convolution(W, 0), layers.Convolution(W, 0)
    mine.forward(x), first.forward(x)
    mine.backward(dout)
    assert first.backward(dout, needs_dx=False) is None
    np.testing.assert_array_equal(first.dW, mine.dW)
    np.testing.assert_array_equal(first.db, mine.db)


@pytest.mark.parametrize("stride, pad", [(1, 0), (2, 1), (1, 3)])
def test_gradient_check(rng, stride, pad):
    x, W, b = (values(rng, s, np.float64) for s in [(2, 3, 5, 6), (4, 3, 3, 2), (4,)])
    layer = layers.Convolution(W, b, stride, pad)
    t = values(rng, layer.forward(x).shape, np.float64)

    def loss(_):
        return np.sum(layer.forward(x) * t)     # linear in each of them: a central difference is exact but for rounding
    numerical = [reference.numerical_gradient(loss, a) for a in (x, W, b)]
    layer.forward(x)
    for got, want in zip((layer.backward(t), layer.dW, layer.db), numerical):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9)


# ---- im2col, col2im -------------------------------------------------------------------------

@given(data=st.data(), win=windows())
def test_im2col_and_col2im(data, win):
    shape, size, stride, pad = win
    x = data.draw(arrays(shape))
    want = reference.im2col(wide(x), *size, stride, pad)
    assert_close(call(im2col, x, *size, stride, pad), want, 0, dtype=floating(x.dtype))
    col = data.draw(arrays(want.shape))
    back, scale = (reference.col2im(a, shape, *size, stride, pad) for a in (wide(col), np.abs(wide(col))))
    assert_close(call(col2im, col, shape, *size, stride, pad), back, size[0] * size[1] / 2, scale, floating(col.dtype))


def test_im2col_of_the_book():
    """Section 7.4.3: seven by seven pixels, three channels, 5x5 filters."""
    assert im2col(np.random.rand(1, 3, 7, 7), 5, 5, stride=1, pad=0).shape == (9, 75)
    assert im2col(np.random.rand(10, 3, 7, 7), 5, 5).shape == (90, 75)


def test_col2im_counts_the_windows_of_every_pixel():
    np.testing.assert_array_equal(col2im(np.ones((9, 4)), (1, 1, 4, 4), 2, 2)[0, 0],
                                  [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]])


# ---- bad input -------------------------------------------------------------------------------

X, W3, ONE = np.ones((2, 3, 8, 8)), np.ones((4, 3, 3, 3)), np.ones((2, 4, 6, 6))


def forward(x=X, W=W3, b=0, stride=1, pad=0):
    return layers.Convolution(W, b, stride, pad).forward(x)


@pytest.mark.parametrize("error, says, arguments", [
    (ValueError, "Convolution.forward: x has 8 channels but W has 3.*transpose", {"x": np.ones((2, 8, 8, 3))}),
    (ValueError, r"x has 1 channels but W has 3 .*x must be \(N, 3, ", {"x": np.ones((2, 1, 8, 8))}),
    (ValueError, r"x has shape \(3, 8, 8\).*x\[np.newaxis\]", {"x": X[0]}),
    (ValueError, r"x has shape \(2, 192\)", {"x": X.reshape(2, -1)}),
    (ValueError, r"W has shape \(4, 27\)", {"W": W3.reshape(4, -1)}),
    (ValueError, r"b has shape \(3,\) but W has 4 filters", {"b": np.zeros(3)}),
    (ValueError, r"b has shape \(1,\) but W has 4 filters", {"b": np.zeros(1)}),
    (ValueError, "filters of 9x9 pixels but the images have 8x8, padding of 0", {"W": np.ones((1, 3, 9, 9))}),
    (ValueError, "filters of 0x3 pixels", {"W": np.ones((1, 3, 0, 3))}),
    (ValueError, "filters of 3x3 pixels but the images have 2x4, padding of 1", {"x": np.ones((1, 3, 0, 2)), "pad": 1}),
    (ValueError, "stride is 0; it must be at least 1", {"stride": 0}),
    (ValueError, "pad is -1; it must be at least 0", {"pad": -1}),
    (TypeError, "stride is 1.5; it must be a whole number", {"stride": 1.5}),
    (TypeError, "pad is None; it must be a whole number", {"pad": None}),
    (ValueError, "more memory than there can be", {"pad": 10**8}),
    (ValueError, "stride is 4611686018427387904; it must be from 1 to 1000000000", {"stride": 2**62}),
    (TypeError, "x has dtype complex128", {"x": X * 1j}),
    (TypeError, "W has dtype", {"W": "W"}),
])
def test_bad_arguments(error, says, arguments):
    with pytest.raises(error, match=says):
        forward(**arguments)


@pytest.mark.parametrize("dout", [ONE[:1], ONE[:, :3], ONE[..., :5], ONE[0], ONE.ravel()])
def test_dout_of_another_shape(dout):
    layer = layers.Convolution(W3, 0)
    layer.forward(X)
    with pytest.raises(ValueError, match=r"Convolution.backward: dout has shape .* \(2, 4, 6, 6\)"):
        layer.backward(dout)


def test_bad_arguments_of_the_rearrangements():
    with pytest.raises(ValueError, match="im2col: the filters have 9x2 pixels but the images have 8x8"):
        im2col(X, 9, 2)
    with pytest.raises(ValueError, match="im2col: filter_h is 0"):
        im2col(X, 0, 2)
    with pytest.raises(ValueError, match=r"im2col: input_data has shape \(8, 8\)"):
        im2col(X[0, 0], 2, 2)
    with pytest.raises(ValueError, match=r"col2im: col has shape \(5, 4\) .* \(9, 4\)"):
        col2im(np.ones((5, 4)), (1, 1, 4, 4), 2, 2)
    for shape in [(1, 4, 4), (1, 1, 4, -4), "abcd", None, (1, 1, 4, 2**80)]:
        with pytest.raises(ValueError, match="col2im: input_shape is"):
            col2im(np.ones((9, 4)), shape, 2, 2)


# ---- numbers that are not finite: only what meets them in NumPy's formula is NaN -------------------

def same_where_finite(got, want):
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(want))
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    finite = np.isfinite(want)
    np.testing.assert_allclose(got[finite], want[finite], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["W", "x", "dout"])
@pytest.mark.parametrize("size, stride, pad", [((4, 4), 1, 0), ((6, 5), 2, 1), ((7, 7), 1, 1), ((9, 8), 3, 2)])
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_one_wild_number(rng, dtype, size, stride, pad, where, wild):
    x, W, b = values(rng, (2, 3, *size), dtype), values(rng, (5, 3, 3, 3), dtype), values(rng, 5, dtype)
    dout = values(rng, (2, 5, *out_shape(x.shape, (3, 3), stride, pad)), dtype)
    {"W": W, "x": x, "dout": dout}[where][1, 2, 1, 0] = wild
    mine, book = layers.Convolution(W, b, stride, pad), reference.Convolution(W, b, stride, pad)
    same_where_finite(mine.forward(x), book.forward(x))
    same_where_finite(mine.backward(dout), book.backward(dout))
    same_where_finite(mine.dW, book.dW)
    same_where_finite(mine.db, book.db)


@pytest.mark.parametrize("wild", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["W", "x"])
@pytest.mark.parametrize("size", [(6, 6), (7, 7), (8, 7)])
@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_one_wild_number_in_a_block(rng, size, pool, where, wild):
    """Rows that pooling drops have zeros for their gradient, and zeros times infinity are NaN."""
    x, W, b = rng.standard_normal((2, 3, *size)), rng.standard_normal((5, 3, 3, 3)), rng.standard_normal(5)
    {"W": W, "x": x}[where][1, 2, 1, 0] = wild
    chain = [reference.Convolution(W, b, 1, 1), reference.Relu(), *([reference.Pooling(2, 2)] if pool else [])]
    want = x
    for layer in chain:
        want = layer.forward(want)
    dout = rng.standard_normal(want.shape)
    out, index = _core.conv_block_forward(x, W, b, 1, 1, pool, False)
    same_where_finite(out, want)
    dx, dW, db = _core.conv_block_backward(x, W, dout, out, index, 1, 1, True)
    want = dout
    for layer in reversed(chain):
        want = layer.backward(want)
    same_where_finite(dx, want)
    same_where_finite(dW, chain[0].dW)
    same_where_finite(db, chain[0].db)
