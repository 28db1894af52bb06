"""The layers of chapter 5 against the reference, and against the numerical gradient."""

import numpy as np
import pytest
from compare import assert_close, call, eps, floating, result_dtype, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, arrays, lay_out, shapes, sides, values
from test_errors import refuses

from pynn import _core, functions, layers, reference

REAL = (np.float32, np.float64)


def exactly(got, want, dtype):
    """Nothing was rounded but the one result."""
    assert_close(got, want, 0.5, dtype=dtype)


# ---- AddLayer, MulLayer ----------------------------------------------------------------------

def test_the_books_apples_and_oranges():
    """Section 5.4: two apples at 100, three oranges at 150, 10 % tax."""
    apples, oranges, total, tax = (layers.MulLayer(), layers.MulLayer(), layers.AddLayer(),
                                   layers.MulLayer())
    price = tax.forward(total.forward(apples.forward(100, 2), oranges.forward(150, 3)), 1.1)
    assert price == pytest.approx(715)
    dtotal, dtax = tax.backward(1)
    dapples, doranges = total.backward(dtotal)
    assert dtax == 650
    assert apples.backward(dapples) == pytest.approx((2.2, 110))
    assert oranges.backward(doranges) == pytest.approx((3.3, 165))


@pytest.mark.parametrize("name", ["AddLayer", "MulLayer"])
@given(data=st.data())
def test_add_and_mul(name, data):
    shape = data.draw(shapes(max_dims=3))
    x, y, dout = (data.draw(arrays(shape)) for _ in range(3))
    mine, book = getattr(layers, name)(), getattr(reference, name)()
    exactly(call(mine.forward, x, y), book.forward(wide(x), wide(y)), result_dtype(x, y))
    factors = (y, x) if name == "MulLayer" else (dout, dout)
    for got, want, factor in zip(call(mine.backward, dout), book.backward(wide(dout)), factors):
        exactly(got, want, result_dtype(dout, factor))


def test_add_and_mul_of_scalars_and_arrays():
    layer = layers.MulLayer()
    np.testing.assert_array_equal(layer.forward(np.arange(3.0), 2), [0, 2, 4])


# ---- Relu ------------------------------------------------------------------------------------

@given(data=st.data())
def test_relu(data):
    x = data.draw(arrays())
    dout = data.draw(arrays(x.shape))
    mine, book = layers.Relu(), reference.Relu()
    exactly(call(mine.forward, x), book.forward(wide(x)), floating(x.dtype))
    np.testing.assert_array_equal(mine.mask, np.asarray(x) <= 0)
    assert mine.mask.dtype == bool and np.shape(mine.mask) == x.shape
    exactly(call(mine.backward, dout), book.backward(wide(dout)), floating(dout.dtype))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("size", [7, 40, 300_001])
def test_relu_of_nan_infinity_and_zero(dtype, size):
    """mask is x <= 0: nan passes forward and lets its gradient through, both zeros do not."""
    x = np.resize(np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1, -1], dtype), size)
    layer = layers.Relu()
    np.testing.assert_array_equal(layer.forward(x), np.where(x <= 0, 0, x))
    assert not np.signbit(layer.forward(x)[x == 0]).any()
    dout = np.resize(np.array([1, 2, np.nan, np.nan, np.inf], dtype), size)
    np.testing.assert_array_equal(layer.backward(dout), np.where(x <= 0, 0, dout))


def test_relu_leaves_dout_as_it_was():
    """The book's writes zeros into it."""
    layer = layers.Relu()
    layer.forward(np.array([[1.0, -0.5], [-2.0, 3.0]]))
    dout = np.ones((2, 2))
    np.testing.assert_array_equal(layer.backward(dout), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(dout, 1)


def test_relu_takes_a_mask_of_ones_own():
    layer = layers.Relu()
    layer.mask = np.array([True, False])[::-1]
    np.testing.assert_array_equal(layer.backward(np.array([3.0, 4.0])), [3, 0])


# ---- Sigmoid ---------------------------------------------------------------------------------

@given(data=st.data())
def test_sigmoid(data):
    x = data.draw(arrays())
    dout = data.draw(arrays(x.shape))
    mine, book = layers.Sigmoid(), reference.Sigmoid()
    out = call(mine.forward, x)
    assert_close(out, book.forward(wide(x)), 2.5, dtype=floating(x.dtype))
    np.testing.assert_array_equal(mine.out, out)
    # out is right to 2.5 eps of its own dtype (float16: to half of one, and to its spacing where it
    # is subnormal) and 1 - out to 2.5 eps out; two products and a difference follow.
    dtype, kept = result_dtype(x, dout), np.finfo(floating(x.dtype))
    working = np.float32 if dtype == np.float16 else dtype
    ulps = 7 + (0 if kept.dtype == working else 5 * float(kept.eps) / eps(working))
    assert_close(call(mine.backward, dout), book.backward(wide(dout)), ulps,
                 np.abs(wide(dout)) * book.out, dtype, np.abs(wide(dout)) * kept.smallest_subnormal)


def test_sigmoid_takes_an_out_of_ones_own():
    layer = layers.Sigmoid()
    layer.out = np.array([0.25, 0.5])
    np.testing.assert_array_equal(layer.backward(np.array([1.0, 2.0])), [0.1875, 0.5])


# ---- Affine ----------------------------------------------------------------------------------

def check_affine(x, W, b, dout, one=False):
    """Products within the bound of test_matmul; the bias adds one rounding."""
    mine, book = layers.Affine(W, b), reference.Affine(wide(W), wide(b))
    rows = wide(x)[None] if one else wide(x)
    drows = wide(dout)[None] if one else wide(dout)
    out = book.forward(rows)
    dx = book.backward(drows)
    flat, n = np.abs(rows.reshape(len(rows), W.shape[0])), len(rows)

    got = call(mine.forward, x)
    scale = flat @ np.abs(wide(W)) + np.abs(wide(b))
    assert_close(got, out[0] if one else out, W.shape[0] / 2 + 1.5,
                 scale[0] if one else scale, result_dtype(x, W, b))
    got = call(mine.backward, dout)
    scale = (np.abs(drows) @ np.abs(wide(W)).T).reshape(dx.shape)
    dtype = result_dtype(x, W, dout)
    assert_close(got, dx[0] if one else dx, W.shape[1] / 2 + 1, scale[0] if one else scale, dtype)
    assert_close(mine.dW, book.dW, n / 2 + 1, flat.T @ np.abs(drows), dtype)
    assert_close(mine.db, book.db, n / 2 + 1, np.abs(drows).sum(axis=0), dtype)
    for grad in (mine.dW, mine.db):
        assert not any(np.shares_memory(grad, a) for a in (x, W, b, dout))
    assert mine.W is W and mine.b is b
    return mine


@given(data=st.data())
def test_affine(data):
    n, k, m = data.draw(sides(40, 1)), data.draw(sides(40)), data.draw(sides(40))
    check_affine(*(data.draw(arrays(s)) for s in [(n, k), (k, m), (m,), (n, m)]))


@given(data=st.data())
def test_affine_of_a_tensor(data):
    """(N, C, H, W) is N rows, and backward gives its shape back."""
    n, m = data.draw(sides(20, 1)), data.draw(sides(20))
    shape = data.draw(shapes(min_dims=1, max_dims=3, max_side=6))
    k = int(np.prod(shape))
    args = [data.draw(arrays(s)) for s in [(n, *shape), (k, m), (m,), (n, m)]]
    layer = check_affine(*args)
    assert layer.original_x_shape == (n, *shape)
    np.testing.assert_array_equal(layer.x, args[0].reshape(n, k))


@given(data=st.data())
def test_affine_of_one_sample(data):
    k, m = data.draw(sides(20, 1)), data.draw(sides(20, 1))
    check_affine(*(data.draw(arrays(s)) for s in [(k,), (k, m), (m,), (m,)]), one=True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_affine_in_every_dtype_and_layout(dtype, layout, rng):
    x, W, b, dout = (lay_out(values(rng, s, dtype), layout) for s in [(9, 6), (6, 5), (5,), (9, 5)])
    check_affine(x, W, b, dout)


@pytest.mark.parametrize("size", [(100, 784, 50), (100, 50, 10), (1, 784, 50), (1000, 784, 10),
                                  (257, 100, 100)])
@pytest.mark.parametrize("dtype", REAL)
def test_affine_of_the_books_sizes(dtype, size, rng):
    n, k, m = size
    check_affine(*(values(rng, s, dtype) for s in [(n, k), (k, m), (m,), (n, m)]))


def test_affine_reads_its_weights_at_every_call(rng):
    """An optimizer changes W in place; a reader may assign another."""
    W, x = rng.standard_normal((3, 2)), rng.standard_normal((4, 3))
    layer = layers.Affine(W, np.zeros(2))
    first = layer.forward(x)
    W *= 2
    np.testing.assert_array_equal(layer.forward(x), 2 * first)
    layer.W, layer.b = np.ones((3, 5)), np.arange(5.0)
    np.testing.assert_allclose(layer.forward(x), x.sum(axis=1)[:, None] + np.arange(5), rtol=1e-14)


def test_affine_bias_that_is_a_number_is_refused():
    """The book would broadcast it, and then db no longer has the shape of b."""
    refuses(ValueError, "Affine.forward b () 2", layers.Affine(np.ones((3, 2)), 0.5).forward,
            np.ones((4, 3)))


# ---- SoftmaxWithLoss ---------------------------------------------------------------------------

def targets(rng, kind, n, classes):
    labels = rng.integers(classes, size=n)
    return {"labels": labels, "one-hot": np.eye(classes)[labels],
            "int one-hot": np.eye(classes, dtype=int)[labels],
            "soft": reference.softmax(rng.standard_normal((n, classes)))}[kind]


KINDS = ("labels", "one-hot", "int one-hot", "soft")


def check_softmax_with_loss(x, t):
    """Bounds as in test_functions: y to (shift / 2 + C / 2 + 2) eps, then the logarithms."""
    mine, book = layers.SoftmaxWithLoss(), reference.SoftmaxWithLoss()
    n, classes = x.shape
    dtype = floating(x.dtype)
    want = book.forward(wide(x), t)
    shift = np.abs(wide(x) - wide(x).max(axis=-1, keepdims=True))
    y_ulps = shift / 2 + classes / 2 + 2
    loss = call(mine.forward, x, t)
    assert_close(loss, want, 1, y_ulps.max() + 17 * (2.5 + t.size / 2), dtype)
    assert np.ndim(mine.loss) == 0 and mine.loss == loss
    assert_close(mine.y, book.y, 1, y_ulps * book.y, dtype)
    np.testing.assert_array_equal(mine.t, t)
    # a float16 y was rounded when it was kept, to the spacing of subnormals if need be
    rounding = 0.5 * eps(np.float16) / eps(np.float32) if dtype == np.float16 else 0
    spacing = float(np.finfo(dtype).smallest_subnormal)
    t_wide = np.eye(classes)[t] if t.ndim == 1 else wide(t)
    scale = ((y_ulps + rounding) * book.y + 2 * (book.y + t_wide)) / n
    assert_close(call(mine.backward), book.backward(), 1, scale, dtype, spacing)
    assert_close(call(mine.backward, 2.5), book.backward(2.5), 1, 3 * scale, dtype, 3 * spacing)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_softmax_with_loss(kind, data):
    n, classes = data.draw(sides(40, 1)), data.draw(sides(20, 2))
    x = data.draw(arrays((n, classes)))
    t = targets(np.random.default_rng(data.draw(st.integers(0, 99))), kind, n, classes)
    check_softmax_with_loss(x, lay_out(t, data.draw(st.sampled_from(LAYOUTS))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", REAL)
def test_softmax_with_loss_of_many_rows(dtype, kind, rng):
    check_softmax_with_loss(values(rng, (5000, 10), dtype, 3), targets(rng, kind, 5000, 10))


@pytest.mark.parametrize("dtype", REAL)
def test_softmax_with_loss_of_nan_in_one_row(dtype):
    x = np.zeros((3, 4), dtype)
    x[1, 2] = np.nan
    layer = layers.SoftmaxWithLoss()
    assert np.isnan(layer.forward(x, np.array([0, 1, 2])))
    nan = np.isnan(layer.backward())
    assert nan[1].all() and not nan[[0, 2]].any()


def test_softmax_with_loss_does_not_overflow():
    layer = layers.SoftmaxWithLoss()
    x = np.array([[1e4, 0, -1e4]])
    assert layer.forward(x, np.array([0])) == pytest.approx(-np.log(1 + 1e-7))
    assert layer.forward(x, np.array([2])) == pytest.approx(-np.log(1e-7))


def test_labels_changed_after_forward_do_not_reach_c(rng):
    """t is kept; backward checks it again or has its own copy, and never indexes out of y."""
    layer = layers.SoftmaxWithLoss()
    t = np.array([0, 1, 2])
    layer.forward(rng.standard_normal((3, 4)), t)
    want = layer.backward()
    t[:] = 2**40
    try:
        np.testing.assert_array_equal(layer.backward(), want)
    except IndexError as error:
        assert "1099511627776" in str(error)


def test_softmax_with_loss_is_made_of_its_parts(rng):
    x, t = rng.standard_normal((7, 5)), rng.integers(5, size=7)
    layer = layers.SoftmaxWithLoss()
    layer.forward(x, t)
    assert layer.loss == pytest.approx(functions.softmax_loss(x, t), rel=1e-14)
    np.testing.assert_allclose(layer.y, functions.softmax(x), rtol=1e-14)


# ---- gradient checks -----------------------------------------------------------------------------

def away_from_zero(rng, shape):
    """No step of 1e-4 crosses the kink of ReLU."""
    x = rng.standard_normal(shape)
    return x + np.copysign(0.01, x)


GRADIENT = {
    "Relu": lambda rng: (layers.Relu(), away_from_zero(rng, (5, 7))),
    "Sigmoid": lambda rng: (layers.Sigmoid(), rng.standard_normal((5, 7))),
    "Tanh": lambda rng: (layers.Tanh(), rng.standard_normal((5, 7))),
    "LeakyRelu": lambda rng: (layers.LeakyRelu(0.1), away_from_zero(rng, (5, 7))),
    "AveragePooling": lambda rng: (layers.AveragePooling(3, 2, 2, 1), rng.standard_normal((2, 3, 5, 6))),
    "BatchNormalization of channels": lambda rng: (
        layers.BatchNormalization(rng.standard_normal(3), rng.standard_normal(3)), rng.standard_normal((4, 3, 2, 5))),
    "Affine": lambda rng: (layers.Affine(rng.standard_normal((6, 4)), rng.standard_normal(4)),
                           rng.standard_normal((5, 6))),
    "Affine of a tensor": lambda rng: (
        layers.Affine(rng.standard_normal((12, 4)), rng.standard_normal(4)),
        rng.standard_normal((5, 3, 2, 2))),
}


@pytest.mark.parametrize("name", GRADIENT)
def test_gradient_check(name, rng):
    """Central differences err by h^2/6 f''' (2e-9) and by eps |f| / h (2e-11 for |f| up to 10)."""
    layer, x = GRADIENT[name](rng)
    dout = rng.standard_normal(np.shape(layer.forward(x)))

    def f(_):
        return np.sum(layer.forward(x) * dout)

    f(x)
    dx = layer.backward(dout)
    grads = {"x": (x, dx)}
    for param in layer.params:
        grads[param] = getattr(layer, param), getattr(layer, "d" + param)
    for key, (array, grad) in grads.items():
        np.testing.assert_allclose(grad, reference.numerical_gradient(f, array),
                                   rtol=1e-8, atol=2e-8, err_msg=key)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_check_of_softmax_with_loss(kind, rng):
    layer, x = layers.SoftmaxWithLoss(), rng.uniform(-1.5, 1.5, (6, 5))
    t = targets(rng, kind, 6, 5)
    numerical = reference.numerical_gradient(lambda x: layer.forward(x, t), x)
    layer.forward(x, t)
    # backward is that of log y, forward takes log(y + 1e-7): they differ by 1e-7 / y, y > 0.01 whatever is drawn
    np.testing.assert_allclose(layer.backward(), numerical, atol=2e-6)


# ---- errors ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("x, says", [
    ((4, 100), "Affine.forward x 100 columns W 784 rows 784x50 (N, 784)"),
    ((4, 28, 27), "Affine.forward x 756 columns W 784 rows"),
    ((783,), "Affine.forward x 783 columns W 784 rows"),
    ((), "Affine.forward x"),
])
def test_affine_refuses_x(x, says):
    layer = layers.Affine(np.ones((784, 50)), np.ones(50))
    refuses(ValueError, says, layer.forward, np.ones(x))


@pytest.mark.parametrize("W", [(3,), (3, 2, 1), ()])
def test_affine_refuses_W(W):
    layer = layers.Affine(np.ones(W), np.ones(2))
    refuses(ValueError, "Affine.forward W (" + ", ".join(map(str, W)), layer.forward, np.ones((4, 3)))


@pytest.mark.parametrize("b", [(1,), (3,), (1, 2), (4, 2), ()])
def test_affine_refuses_b(b):
    layer = layers.Affine(np.ones((3, 2)), np.ones(b))
    refuses(ValueError, f"Affine.forward b ({', '.join(map(str, b))}", layer.forward, np.ones((4, 3)))


@pytest.mark.parametrize("dout", [(4, 3), (3, 2), (8,), (2,), (4, 2, 1), (4, 1), ()])
def test_affine_refuses_dout(dout):
    layer = layers.Affine(np.ones((3, 2)), np.ones(2))
    layer.forward(np.ones((4, 3)))
    refuses(ValueError, f"Affine.backward dout ({', '.join(map(str, dout))}", layer.backward,
            np.ones(dout))


@pytest.mark.parametrize("make", [layers.Relu, layers.Sigmoid], ids=["Relu", "Sigmoid"])
@pytest.mark.parametrize("dout", [(4,), (4, 2), (1, 3), (), (0, 3)])
def test_activations_refuse_dout(make, dout):
    layer = make()
    layer.forward(np.ones((4, 3)))
    refuses(ValueError, f"{make.__name__}.backward dout ({', '.join(map(str, dout))}",
            layer.backward, np.ones(dout))


@pytest.mark.parametrize("name, make, backward", [
    ("Relu", layers.Relu, [np.ones(2)]), ("Sigmoid", layers.Sigmoid, [np.ones(2)]),
    ("Affine", lambda: layers.Affine(np.ones((2, 2)), np.ones(2)), [np.ones((1, 2))]),
    ("SoftmaxWithLoss", layers.SoftmaxWithLoss, []), ("MulLayer", layers.MulLayer, [1.0]),
    ("Dropout", layers.Dropout, [np.ones(2)]),
    ("BatchNormalization", lambda: layers.BatchNormalization(np.ones(2), np.ones(2)),
     [np.ones((1, 2))]),
    ("Convolution", lambda: layers.Convolution(np.ones((1, 1, 2, 2)), np.ones(1)),
     [np.ones((1, 1, 2, 2))]),
    ("Pooling", lambda: layers.Pooling(2, 2), [np.ones((1, 1, 2, 2))])])
def test_backward_before_forward(name, make, backward):
    with pytest.raises(RuntimeError, match=rf"{name}\.backward.*forward"):
        make().backward(*backward)


@pytest.mark.parametrize("name, make", [
    ("Relu", layers.Relu), ("Sigmoid", layers.Sigmoid),
    ("Affine", lambda: layers.Affine(np.ones((2, 2)), np.ones(2)))])
def test_layers_refuse_dtypes(name, make):
    layer = make()
    refuses(TypeError, f"{name}.forward x complex128", layer.forward, np.ones((2, 2), complex))
    layer.forward(np.ones((2, 2)))
    refuses(TypeError, f"{name}.backward dout complex128", layer.backward, np.ones((2, 2), complex))


@pytest.mark.parametrize("t, error, says", [
    (np.array([0, 3]), IndexError, "t[1] 3 3 classes"),
    (np.array([-1, 0]), IndexError, "t[0] -1 3 classes"),
    (np.array([[0], [1]]), ValueError, "t (2, 1) (2,)"),
    (np.array([0, 1, 2]), ValueError, "t (3,) 2"),
    (np.array([0.0, 1.0]), TypeError, "t float64 integers"),
    ("ab", TypeError, "t"),
])
def test_softmax_with_loss_refuses_targets(t, error, says):
    refuses(error, f"SoftmaxWithLoss.forward {says}", layers.SoftmaxWithLoss().forward,
            np.ones((2, 3)), t)


def test_a_mask_of_any_layout():
    dout, mask = np.ones((4, 3)), np.zeros((4, 6), bool)[:, ::2]
    mask[1, 2] = True
    got = _core.relu_backward(dout, mask)
    np.testing.assert_array_equal(got, np.where(mask, 0, dout))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_long_transpose_times_a_narrow_matrix_keeps_its_bias(dtype):
    """Without a bias such a product is computed turned."""
    rng = np.random.default_rng(0)
    x, W, b = np.asfortranarray(rng.random((200, 600), dtype)), rng.random((600, 4), dtype), rng.random(4, dtype)
    np.testing.assert_allclose(layers.Affine(W, b).forward(x), x.astype(np.float64) @ W + b, rtol=1e-5 if dtype == np.float32 else 1e-13)
