"""MultiLayerNet and MultiLayerNetExtend against the reference, from one seed."""

import numpy as np
import pytest

from pynn import networks, optimizer, reference

REAL = (np.float32, np.float64)
OPTIONS = [
    ("MultiLayerNet", {}),
    ("MultiLayerNet", {"activation": "sigmoid", "weight_init_std": "xavier", "weight_decay_lambda": 0.1}),
    ("MultiLayerNet", {"activation": "ReLU", "weight_init_std": 0.05}),
    ("MultiLayerNet", {"weight_init_std": "He"}),
    ("MultiLayerNetExtend", {}),
    ("MultiLayerNetExtend", {"use_batchnorm": True, "weight_init_std": 0.3}),
    ("MultiLayerNetExtend", {"use_dropout": True, "dropout_ration": 0.2}),
    ("MultiLayerNetExtend", {"use_dropout": True, "use_batchnorm": True, "activation": "sigmoid",
                             "weight_init_std": "sigmoid", "weight_decay_lambda": 0.01}),
]


def pair(name, options, dtype, hidden=(12, 9, 11)):
    nets = []
    for module in (networks, reference):
        np.random.seed(0)
        nets.append(getattr(module, name)(20, list(hidden), 5, dtype=dtype, **options))
    return nets


@pytest.fixture
def data(rng):
    return rng.random((40, 20)), rng.integers(0, 5, 40)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name, options", OPTIONS)
def test_the_book_draws_the_same(name, options, dtype):
    mine, book = pair(name, options, dtype)
    after = np.random.rand()
    np.random.seed(0)
    getattr(networks, name)(20, [12, 9, 11], 5, dtype=dtype, **options)
    assert np.random.rand() == after
    assert list(mine.params) == list(book.params)
    for key, param in book.params.items():
        assert mine.params[key].dtype == dtype
        np.testing.assert_array_equal(mine.params[key], param)
    assert list(mine.layers) == list(book.layers)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("name, options", OPTIONS)
def test_gradients(name, options, one_hot, data):
    mine, book = pair(name, options, np.float64)
    x, t = data
    t = np.eye(5)[t] if one_hot else t
    for _ in range(2):              # the second time running statistics are not zeros
        np.random.seed(3)
        got = mine.gradient(x, t)
        np.random.seed(3)
        want = book.gradient(x, t)
    assert set(got) == set(mine.params)
    for key in want:
        # four layers of 20 terms at most, all of order 1: 1e-13 is a thousand roundings
        np.testing.assert_allclose(got[key], want[key], rtol=0, atol=1e-13, err_msg=key)
    assert mine.loss(x, t) == pytest.approx(book.loss(x, t), rel=1e-13)
    np.testing.assert_allclose(mine.predict(x), book.predict(x), rtol=1e-12, atol=1e-13)
    assert mine.accuracy(x, t) == book.accuracy(x, t)


@pytest.mark.parametrize("name, options", OPTIONS)
def test_float32(name, options, data):
    """The float64 network from the same weights, to 200 roundings of numbers of order 1."""
    mine, exact = pair(name, options, np.float32)[0], pair(name, options, np.float64)[1]
    x, t = data[0].astype(np.float32), data[1]
    np.random.seed(3)
    got = mine.gradient(x, t)
    np.random.seed(3)
    want = exact.gradient(x.astype(np.float64), t)
    for key in want:
        assert got[key].dtype == np.float32
        np.testing.assert_allclose(got[key], want[key], rtol=0, atol=2e-5, err_msg=key)
    assert np.float32 == type(mine.loss(x, t))


@pytest.mark.parametrize("name, options", [OPTIONS[1], OPTIONS[5]])
def test_numerical_gradient(name, options, data):
    """Against backpropagation; sigmoid and batch normalization leave a third derivative, h^2 of which remains."""
    mine = pair(name, {**options, "activation": "sigmoid"}, np.float64, hidden=(4, 3))[0]
    x, t = data[0][:7], data[1][:7]
    numerical, backprop = mine.numerical_gradient(x, t), mine.gradient(x, t)
    assert list(numerical) == list(mine.params)
    for key in backprop:
        np.testing.assert_allclose(numerical[key], backprop[key], rtol=0, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("name, options", OPTIONS)
def test_the_same_seed_gives_the_same_curve(name, options, data):
    """100 steps apart in rounding only, and then in use: with the running statistics, and no unit dropped."""
    x, t = data
    mine, book = pair(name, options, np.float64)
    curves = []
    for net, module in ((mine, optimizer), (book, reference)):
        np.random.seed(1)
        rule, losses = module.Momentum(lr=0.05), []
        for _ in range(100):
            batch = np.random.choice(len(x), 10)
            rule.update(net.params, net.gradient(x[batch], t[batch]))
            losses.append(net.last_layer.loss + net._weight_decay())
        curves.append(losses)
    assert np.ptp(curves[0]) > 0.3
    # a rounding is 1e-16; 100 steps of Momentum make less than a thousandfold of each
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-12)
    np.testing.assert_allclose(mine.predict(x), book.predict(x), rtol=0, atol=1e-12)
    assert mine.loss(x, t) == pytest.approx(book.loss(x, t), rel=1e-12)
    assert mine.accuracy(x, t) == book.accuracy(x, t)


def test_weight_decay_leaves_the_layers_gradient_alone(data):
    x, t = data
    net = pair("MultiLayerNet", {"weight_decay_lambda": 0.5}, np.float64)[0]
    grads = net.gradient(x, t)
    layer = net.layers["Affine2"]
    np.testing.assert_allclose(grads["W2"], layer.dW + 0.5 * layer.W, rtol=1e-14)
    assert not np.shares_memory(grads["W2"], layer.dW)
    penalty = 0.25 * sum(np.sum(net.params[f"W{i}"]**2) for i in range(1, 5))
    assert net.loss(x, t) == pytest.approx(net.last_layer.loss + penalty, rel=1e-14)


def test_training_differs_from_use(data):
    x, t = data
    net = pair("MultiLayerNetExtend", {"use_dropout": True}, np.float64)[0]
    np.testing.assert_array_equal(net.predict(x), net.predict(x))
    assert (net.predict(x, train_flg=True) != net.predict(x, train_flg=True)).any()
    assert net.loss(x, t) == net.loss(x, t)
    assert net.loss(x, t, train_flg=True) != net.loss(x, t, train_flg=True)


def test_params_are_the_truth(data, tmp_path):
    x, t = data
    net, other = pair("MultiLayerNetExtend", {"use_batchnorm": True}, np.float64)[0], None
    net.params["gamma1"] *= 2
    net.params["W2"] = net.params["W2"] + 1
    net.save_params(tmp_path / "params.npz")
    np.random.seed(9)
    other = networks.MultiLayerNetExtend(20, [12, 9, 11], 5, use_batchnorm=True)
    other.load_params(tmp_path / "params.npz")
    np.testing.assert_array_equal(other.predict(x, True), net.predict(x, True))
    assert (other.layers["BatchNorm1"].gamma == 2).all()


@pytest.mark.parametrize("name", ["MultiLayerNet", "MultiLayerNetExtend"])
def test_bad_arguments(name):
    build = getattr(networks, name)
    with pytest.raises(ValueError, match=f"{name}: activation is 'swish'; it must be one of .*'relu'"):
        build(4, [3], 2, activation="swish")
    with pytest.raises(ValueError, match=f"{name}: weight_init_std is 'kaiming'; it must be a number or one of"):
        build(4, [3], 2, weight_init_std="kaiming")
    with pytest.raises(TypeError, match=f"{name}: dtype is float16"):
        build(4, [3], 2, dtype=np.float16)
