"""Batch normalization against the reference."""

import numpy as np
import pytest
from compare import call, eps, result_dtype, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, arrays, lay_out, sides, values

from pynn import layers, reference

REAL = (np.float32, np.float64)


def close(got, want, allowed, dtype):
    assert got.dtype == dtype and got.shape == want.shape
    assert np.all(np.abs(wide(got) - want) <= allowed), float(np.max(np.abs(wide(got) - want) / allowed))


def check_batchnorm(x, gamma, beta, dout, mean, var, half=False):
    """Every result within N/2 roundings (a sum over the batch) and a few more, each as large as the terms it is made of.

    x - mean errs by what mean does, eps N/2 max|x|: that, over std, is what normalizing amplifies, and it enters xn,
    and through xn every gradient. float16 results are rounded once more.
    """
    mine = layers.BatchNormalization(gamma, beta, 0.9, mean, var)
    book = reference.BatchNormalization(wide(gamma), wide(beta), 0.9, wide(mean), wide(var))
    out, want = call(mine.forward, x), book.forward(wide(x))
    dx, want_dx = call(mine.backward, dout), book.backward(wide(dout))
    dtype = result_dtype(x, gamma, beta, mean, var)
    unit = eps(np.float16 if half else dtype)
    n = len(x)
    rows, drows = wide(x).reshape(n, -1), np.abs(wide(dout).reshape(n, -1))
    largest = np.abs(rows).max(axis=0)
    e_xc = unit * (n / 2 + 2) * largest                     # of x - mean
    e_std = unit * (n / 2 + 3) * book.std + e_xc            # |d std| <= max |d xc|
    e_xn = (e_xc + np.abs(book.xn) * e_std) / book.std + unit * np.abs(book.xn)
    scale = np.abs(wide(gamma))
    close(out.reshape(n, -1), want.reshape(n, -1), scale * e_xn + 2 * unit * (scale * np.abs(book.xn) + np.abs(wide(beta))),
          dtype)
    close(mine.xc, book.xc, e_xc, dtype)
    close(mine.std, book.std, e_std, dtype)
    close(mine.running_mean, book.running_mean, e_xc + 3 * unit * np.abs(wide(mean)), dtype)
    close(mine.running_var, book.running_var, 2 * e_std * book.std + 3 * unit * (np.abs(wide(var)) + book.std**2), dtype)
    assert mine.batch_size == n and mine.input_shape == x.shape

    dtype = result_dtype(dout, mine.xc, gamma)
    close(mine.dbeta, book.dbeta, unit * n / 2 * drows.sum(axis=0) + unit * drows.max(axis=0), dtype)
    close(mine.dgamma, book.dgamma, (e_xn * drows).sum(axis=0) + unit * (n / 2 + 2) * (np.abs(book.xn) * drows).sum(axis=0),
          dtype)
    # dx = gamma / std (dout - mean(dout) - xn mean(dout xn)): the error of each term, and that of std
    xn, d_mean = np.abs(book.xn), drows.mean(axis=0)
    terms = drows + d_mean + xn * (drows * xn).mean(axis=0)
    e_terms = e_xn * (drows * xn).mean(axis=0) + xn * (drows * e_xn).mean(axis=0) + unit * (n / 2 + 6) * terms
    allowed = scale / book.std * (e_terms + terms * e_std / book.std)
    close(dx.reshape(n, -1), want_dx.reshape(n, -1), allowed, dtype)

    mine.forward(x, train_flg=True)
    use, wanted = mine.forward(x, train_flg=False), reference.BatchNormalization(
        wide(gamma), wide(beta), 0.9, wide(mine.running_mean), wide(mine.running_var)).forward(wide(x), train_flg=False)
    spread = np.sqrt(wide(mine.running_var) + 10e-7)
    size = scale * (np.abs(rows) + np.abs(wide(mine.running_mean))) / spread + np.abs(wide(beta))
    close(use.reshape(n, -1), wanted.reshape(n, -1), 5 * unit * size, result_dtype(x, gamma, beta, mine.running_mean))


@given(data=st.data())
def test_batchnorm(data):
    n, tail = data.draw(st.integers(1, 12)), data.draw(st.one_of(st.tuples(sides(70)), st.tuples(*[sides(5)] * 3)))
    d = int(np.prod(tail))
    dtype = st.sampled_from(REAL)
    x, gamma, beta, dout, mean = (data.draw(arrays(s, dtype)) for s in [(n, *tail), (d,), (d,), (n, *tail), (d,)])
    check_batchnorm(x, gamma, beta, dout, mean, np.abs(data.draw(arrays((d,), dtype))))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(rng, dtype, layout):
    x, gamma, beta, dout = (lay_out(values(rng, s, dtype), layout) for s in [(9, 5), (5,), (5,), (9, 5)])
    kind = dtype if np.dtype(dtype).kind == "f" else np.float64
    check_batchnorm(x, gamma, beta, dout, np.zeros(5, kind), np.ones(5, kind), half=dtype == np.float16)


@pytest.mark.parametrize("dtype", REAL)
def test_a_layer_of_the_book(rng, dtype):
    x, dout = values(rng, (100, 100), dtype, 3), values(rng, (100, 100), dtype)
    check_batchnorm(x, np.ones(100, dtype), np.zeros(100, dtype), dout, np.zeros(100, dtype), np.zeros(100, dtype))


def test_running_statistics_begin_with_zeros(rng):
    x = values(rng, (6, 3), np.float32) + 2
    layer = layers.BatchNormalization(np.ones(3, np.float32), np.zeros(3, np.float32), momentum=0.75)
    np.testing.assert_allclose(layer.forward(x, train_flg=False), x / np.sqrt(np.float32(10e-7)), rtol=1e-6)
    layer.forward(x)
    assert layer.running_mean.dtype == np.float32
    np.testing.assert_allclose(layer.running_mean, 0.25 * x.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.running_var, 0.25 * x.var(axis=0), rtol=1e-5)


def test_the_callers_statistics_are_not_changed(rng):
    mean, var = np.zeros(3), np.ones(3)
    layers.BatchNormalization(np.ones(3), np.zeros(3), 0.9, mean, var).forward(values(rng, (6, 3), np.float64))
    assert not mean.any() and (var == 1).all()


@pytest.mark.parametrize("tail", [(4,), (2, 3, 2)])
def test_gradient_check(rng, tail):
    d = int(np.prod(tail))
    x, gamma, beta, t = (values(rng, s, np.float64) for s in [(7, *tail), (d,), (d,), (7, *tail)])
    layer = layers.BatchNormalization(gamma, beta)

    def loss(_):
        return np.sum(layer.forward(x) * t)
    numerical = [reference.numerical_gradient(loss, a) for a in (x, gamma, beta)]
    layer.forward(x)
    for got, want in zip((layer.backward(t), layer.dgamma, layer.dbeta), numerical):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)    # h^2 times the third derivative


@pytest.mark.parametrize("says, x, gamma", [
    (r"x has shape \(3,\)", np.ones(3), np.ones(3)),
    (r"gamma has shape \(4,\) but x has 3 values a sample; it must be \(3,\)", np.ones((2, 3)), np.ones(4)),
    (r"gamma has shape \(1, 3\)", np.ones((2, 3)), np.ones((1, 3))),
    ("x has no samples", np.ones((0, 3)), np.ones(3)),
])
def test_bad_arguments(says, x, gamma):
    with pytest.raises(ValueError, match="BatchNormalization.forward: " + says):
        layers.BatchNormalization(gamma, np.zeros(3), 0.9, np.zeros(3), np.ones(3)).forward(x)


def test_bad_dout():
    layer = layers.BatchNormalization(np.ones(3), np.zeros(3))
    layer.forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="forward saw another one"):
        layer.backward(np.ones((4, 3)))
    with pytest.raises(ValueError, match="gamma has shape"):
        layer.backward(np.ones((2, 4)))
    with pytest.raises(TypeError, match="momentum must be a number"):
        layers.BatchNormalization(np.ones(3), np.zeros(3), "0.9").forward(np.ones((2, 3)))


@pytest.mark.parametrize("gamma", [1.5, np.ones(3), np.ones(12)])
def test_no_samples_in_use(gamma):
    layer = layers.BatchNormalization(gamma, np.zeros(np.shape(gamma)))
    assert layer.forward(np.ones((0, 3, 2, 2)), False).shape == (0, 3, 2, 2)
    assert layer.backward(np.ones((0, 3, 2, 2))).shape == (0, 3, 2, 2)
    assert not layer.dgamma.any() and not layer.dbeta.any()
