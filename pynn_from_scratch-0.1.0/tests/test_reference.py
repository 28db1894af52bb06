"""The oracle, checked against its own definitions before anything is checked against it."""

import numpy as np
import pytest

from pynn import reference as ref

# A central difference at h = 1e-4 errs by h^2/6 |f'''| (2e-9 where derivatives are of order 1) and
# by eps |f| / h (2e-12); functions here have values and derivatives up to about 10.
GRADIENT = dict(rtol=1e-6, atol=1e-7)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def away_from_ties(rng, *shape):
    """Distinct values 0.02 apart and as far from 0: no step of 1e-4 crosses a kink or an argmax."""
    n = int(np.prod(shape))
    values = 0.02 * (np.arange(n) - n // 2 + 0.5)
    return rng.permutation(values).reshape(shape)


def layers(rng):
    yield "Relu", ref.Relu(), away_from_ties(rng, 4, 3)
    yield "Sigmoid", ref.Sigmoid(), rng.standard_normal((4, 3))
    yield "Affine", ref.Affine(rng.standard_normal((6, 2)), rng.standard_normal(2)), \
        rng.standard_normal((4, 2, 3))
    yield "BatchNormalization", ref.BatchNormalization(
        rng.standard_normal(3), rng.standard_normal(3)), rng.standard_normal((5, 3))
    yield "BatchNormalization 4-D", ref.BatchNormalization(
        rng.standard_normal(8), rng.standard_normal(8)), rng.standard_normal((5, 2, 2, 2))
    for stride, pad in [(1, 0), (2, 1), (3, 2)]:
        yield f"Convolution {stride} {pad}", ref.Convolution(
            rng.standard_normal((3, 2, 3, 2)), rng.standard_normal(3), stride, pad), \
            rng.standard_normal((2, 2, 5, 6))
    for stride, pad in [(1, 0), (2, 0), (2, 1)]:
        yield f"Pooling {stride} {pad}", ref.Pooling(2, 3, stride, pad), \
            away_from_ties(rng, 2, 2, 5, 6)


CASES = {name: (layer, x) for name, layer, x in layers(np.random.default_rng(1))}


@pytest.mark.parametrize("name", CASES)
def test_layer_passes_gradient_check(name, rng):
    layer, x = CASES[name]
    dout = rng.standard_normal(layer.forward(x).shape)

    def f(_):
        return np.sum(layer.forward(x) * dout)

    f(x)
    kept = dout.copy()
    dx = layer.backward(dout)
    np.testing.assert_array_equal(dout, kept)
    assert dx.shape == x.shape
    np.testing.assert_allclose(dx, ref.numerical_gradient(f, x), **GRADIENT)
    for param, grad in [("W", "dW"), ("b", "db"), ("gamma", "dgamma"), ("beta", "dbeta")]:
        if hasattr(layer, param):
            np.testing.assert_allclose(
                getattr(layer, grad), ref.numerical_gradient(f, getattr(layer, param)), **GRADIENT)


@pytest.mark.parametrize("kind", ["labels", "one-hot", "soft"])
def test_softmax_with_loss_passes_gradient_check(kind, rng):
    x = rng.standard_normal((4, 3))
    labels = np.array([0, 2, 1, 1])
    t = {"labels": labels, "one-hot": np.eye(3, dtype=int)[labels],
         "soft": ref.softmax(rng.standard_normal((4, 3)))}[kind]
    layer = ref.SoftmaxWithLoss()
    grad = ref.numerical_gradient(lambda x: layer.forward(x, t), x)
    layer.forward(x, t)
    # backward is that of log y, forward takes log(y + 1e-7): they differ by 1e-7 / y
    np.testing.assert_allclose(layer.backward(), grad, atol=1e-6)


def test_convolution_is_the_sum_of_its_definition(rng):
    x, W, b = (rng.standard_normal(s) for s in [(2, 3, 6, 5), (4, 3, 3, 2), (4,)])
    out = ref.Convolution(W, b, stride=2, pad=1).forward(x)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    assert out.shape == (2, 4, 3, 3)
    for n, f, i, j in np.ndindex(out.shape):
        patch = padded[n, :, 2 * i:2 * i + 3, 2 * j:2 * j + 2]
        assert out[n, f, i, j] == pytest.approx(np.sum(patch * W[f]) + b[f], abs=1e-12)


def test_col2im_is_the_transpose_of_im2col(rng):
    x = rng.standard_normal((2, 3, 5, 4))
    col = ref.im2col(x, 3, 2, stride=2, pad=1)
    y = rng.standard_normal(col.shape)
    back = ref.col2im(y, x.shape, 3, 2, stride=2, pad=1)
    assert np.sum(col * y) == pytest.approx(np.sum(x * back), abs=1e-12)


def test_pooling_gives_a_tie_to_the_first():
    layer = ref.Pooling(2, 2, stride=2)
    layer.forward(np.ones((1, 1, 2, 2)))
    dx = layer.backward(np.full((1, 1, 1, 1), 5.0))
    np.testing.assert_array_equal(dx, [[[[5, 0], [0, 0]]]])


def networks(dtype):
    np.random.seed(3)
    yield ref.TwoLayerNet(6, 4, 3, weight_init_std=0.5, dtype=dtype), (5, 6)
    yield ref.TwoLayerNet(6, 4, 3, weight_init_std=0.5, dtype=dtype, activation="sigmoid"), (5, 6)
    yield ref.MultiLayerNet(6, [5, 4], 3, activation="sigmoid", weight_init_std="xavier",
                            weight_decay_lambda=0.1, dtype=dtype), (5, 6)
    yield ref.MultiLayerNetExtend(6, [5, 4], 3, activation="sigmoid", weight_decay_lambda=0.1,
                                  use_batchnorm=True, dtype=dtype), (5, 6)
    yield ref.SimpleConvNet(
        (1, 6, 6), {"filter_num": 2, "filter_size": 3, "pad": 0, "stride": 1}, hidden_size=4,
        output_size=3, weight_init_std=0.2, dtype=dtype), (5, 1, 6, 6)


@pytest.mark.parametrize("i", range(5))
def test_network_passes_gradient_check(i, rng):
    net, shape = list(networks(np.float64))[i]
    x = rng.standard_normal(shape)
    t = rng.integers(3, size=5)
    grads, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    assert grads.keys() == numerical.keys() == net.params.keys()
    for key in grads:
        assert grads[key].shape == net.params[key].shape
        # 1e-7 / y again, with y above 0.05
        np.testing.assert_allclose(grads[key], numerical[key], atol=2e-6, err_msg=key)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("i", range(7))
def test_float32_stays_float32(i, one_hot, rng):
    nets = [*networks(np.float32), (ref.DeepConvNet(dtype=np.float32), (5, 1, 28, 28)),
            (ref.MultiLayerNetExtend(6, [5], 3, use_dropout=True, use_batchnorm=True,
                                     dtype=np.float32), (5, 6))]
    net, shape = nets[i]
    x = rng.standard_normal(shape).astype(np.float32)
    t = rng.integers(3, size=5)
    if one_hot:
        t = np.eye(10 if isinstance(net, ref.DeepConvNet) else 3)[t]
    grads = net.gradient(x, t)
    assert net.predict(x).dtype == net.loss(x, t).dtype == np.float32
    for optimizer in [ref.SGD(), ref.Momentum(), ref.Nesterov(), ref.AdaGrad(), ref.RMSprop(),
                      ref.Adam()]:
        optimizer.update(net.params, grads)
        for state in vars(optimizer).values():
            if isinstance(state, dict):
                assert {a.dtype for a in state.values()} == {np.dtype(np.float32)}
    assert {a.dtype for a in [*grads.values(), *net.params.values()]} == {np.dtype(np.float32)}


@pytest.mark.parametrize("rule, lr", [
    (ref.SGD, 0.9), (ref.Momentum, 0.1), (ref.Nesterov, 0.1), (ref.AdaGrad, 1.5),
    (ref.RMSprop, 0.1), (ref.Adam, 0.3)])
@pytest.mark.parametrize("kind", [float, np.array], ids=["floats", "arrays"])
def test_optimizer_descends_the_ellipse(rule, lr, kind):
    """x^2/20 + y^2 from (-7, 2), as in section 6.1."""
    params = {"x": kind(-7.0), "y": kind(2.0)}
    optimizer = rule(lr)
    start = params["x"]**2 / 20 + params["y"]**2
    for _ in range(60):
        optimizer.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})
    assert params["x"]**2 / 20 + params["y"]**2 < start / 20


def test_gradient_descent_follows_its_path():
    x, path = ref.gradient_descent(lambda x: np.sum(x**2), np.array([-3.0, 4.0]), 0.1, 100)
    assert path.shape == (100, 2)
    np.testing.assert_array_equal(path[0], [-3, 4])
    np.testing.assert_allclose(path[1], [-2.4, 3.2], atol=1e-9)
    np.testing.assert_allclose(x, 0, atol=1e-8)


def test_losses_by_hand():
    y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
    t = np.eye(10)[2]
    assert ref.mean_squared_error(y, t) == pytest.approx(0.0975)
    assert ref.cross_entropy_error(y, t) == pytest.approx(-np.log(0.6 + 1e-7))
    assert ref.cross_entropy_error(y, np.array(2)) == ref.cross_entropy_error(y, t)
    assert ref.entropy(np.array([0.5, 0.5, 0.0])) == pytest.approx(np.log(2))
    assert ref.cross_entropy(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == np.inf
    assert ref.cross_entropy(np.array([1.0, 0.0]), np.array([0.25, 0.0])) == pytest.approx(np.log(4))
