"""numerical_gradient of every network: the book's differences, incrementally where the structure allows it."""

import numpy as np
import pytest

from pynn import networks, optimizer
from pynn.gradient import numerical_gradient
from pynn.layers import Affine, Dropout, Sigmoid

# As in test_network_gradient: two losses, each rounded by some 4 eps |L|, over 2h. Weight decay makes L larger.
ATOL = 1e-10
CONV = {"filter_num": 2, "filter_size": 3, "pad": 1, "stride": 1}

# How to build a network, and the parameters that take no forward passes of their own.
NETS = {
    "simple": (lambda **kw: networks.SimpleNet(**kw), "W"),
    "two layers": (lambda **kw: networks.TwoLayerNet(6, 5, 3, 0.5, **kw), "W1 b1 W2 b2"),
    "no hidden layer": (lambda **kw: networks.MultiLayerNet(6, [], 3, weight_decay_lambda=0.1, **kw), "W1 b1"),
    "relu": (lambda **kw: networks.MultiLayerNet(6, [5, 4, 4, 6], 3, **kw), "W1 b1 W2 b2 W3 b3 W4 b4 W5 b5"),
    "sigmoid": (lambda **kw: networks.MultiLayerNet(6, [5, 4], 3, "Sigmoid", 2.0, **kw), "W1 b1 W2 b2 W3 b3"),
    "weight decay": (lambda **kw: networks.MultiLayerNet(6, [5, 4], 3, weight_decay_lambda=0.3, **kw), "W1 b1 W2 b2 W3 b3"),
    "extend": (lambda **kw: networks.MultiLayerNetExtend(6, [5, 4], 3, "sigmoid", 1.5, 0.1, **kw), "W1 b1 W2 b2 W3 b3"),
    "batch norm": (lambda **kw: networks.MultiLayerNetExtend(6, [5, 4], 3, weight_decay_lambda=0.1, use_batchnorm=True, **kw),
                   "W3 b3"),
    "conv": (lambda **kw: networks.SimpleConvNet((1, 2, 3), CONV, hidden_size=4, output_size=3, weight_init_std=0.7, **kw),
             "W2 b2 W3 b3"),
}


def build(name, **options):
    np.random.seed(0)
    make, fast = NETS[name]
    net = make(**options)
    for key in net.params:                  # a bias of 0 would put pixels of 0 upon the kink of a ReLU
        if key.startswith("b"):
            net.params[key] += 0.2 * np.random.randn(*net.params[key].shape)
    return net, set(fast.split())


def batch(name):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((7, 6)) * (rng.random((7, 6)) < 0.7)
    if name == "simple":
        x = x[:, :2]
    return x.reshape(7, 1, 2, 3) if name == "conv" else x, rng.integers(0, 3, 7)


def book(net, x, t):
    """The book's loop, which reads the network's own arrays."""
    training = {"train_flg": True} if isinstance(net, networks.MultiLayerNetExtend) else {}
    return {key: numerical_gradient(lambda _: net.loss(x, t, **training), param) for key, param in net.params.items()}


def assert_agrees(net, x, t):
    got, want = net.numerical_gradient(x, t), book(net, x, t)
    assert list(got) == list(net.params)
    for key in want:
        assert np.abs(want[key]).max() > 1e-3 or key in ("b1", "b2") and "gamma1" in want   # the mean takes biases away
        np.testing.assert_allclose(got[key], want[key], rtol=0, atol=ATOL, err_msg=key)


@pytest.fixture
def looped(monkeypatch):
    """The arrays that went through the book's loop."""
    arrays = []

    def watch(f, x):
        arrays.append(x)
        return numerical_gradient(f, x)

    monkeypatch.setattr("pynn.networks.numerical.numerical_gradient", watch)
    return arrays


def names_of(arrays, net):
    return {key for key, param in net.params.items() if any(param is a for a in arrays)}


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_is_the_books_loop(name, one_hot):
    net, _ = build(name)
    x, t = batch(name)
    before = {key: param.copy() for key, param in net.params.items()}
    assert_agrees(net, x, np.eye(3)[t] if one_hot else t)
    for key, param in net.params.items():
        np.testing.assert_array_equal(param, before[key])


@pytest.mark.parametrize("name", NETS)
def test_only_what_must_takes_the_loop(name, looped):
    net, fast = build(name)
    net.numerical_gradient(*batch(name))
    assert names_of(looped, net) == set(net.params) - fast


@pytest.mark.parametrize("name", NETS)
def test_float32(name):
    """What is incremental is differentiated in float64, from features of float32: a few eps of numbers of order 1."""
    net, fast = build(name, dtype=np.float32)
    exact, _ = build(name)
    for key, param in net.params.items():
        exact.params[key][...] = param
    x, t = batch(name)
    x = x.astype(np.float32)
    got, want = net.numerical_gradient(x, t), book(exact, x.astype(np.float64), t)
    for key in net.params:
        assert got[key].dtype == np.float32
        if key in fast:
            np.testing.assert_allclose(got[key], want[key], rtol=0, atol=2e-6, err_msg=key)


@pytest.mark.parametrize("make", [
    lambda: networks.MultiLayerNet(784, [60, 50, 40], 10, weight_decay_lambda=0.01),
    lambda: networks.SimpleConvNet((1, 28, 28), {**CONV, "filter_num": 1, "stride": 3}, hidden_size=30, weight_init_std=0.1)])
def test_a_sample_of_a_large_network(make, rng):
    np.random.seed(1)
    net = make()
    conv = isinstance(net, networks.SimpleConvNet)
    x, t = rng.random((20, 784)) * (rng.random((20, 784)) < 0.3), rng.integers(0, 10, 20)
    x = x.reshape(20, 1, 28, 28) if conv else x
    optimizer.SGD(0.1).update(net.params, net.gradient(x, t))       # biases other than 0
    got = net.numerical_gradient(x, t)
    for key, param in net.params.items():
        flat = param.reshape(-1)                    # a view of the same numbers
        for i in [0, flat.size - 1, *rng.integers(0, flat.size, 6)]:
            want = numerical_gradient(lambda _: net.loss(x, t), flat[i:i + 1])
            np.testing.assert_allclose(got[key].flat[i], want[0], rtol=0, atol=ATOL, err_msg=f"{key}[{i}]")


def test_dropout_draws_as_the_book_draws():
    """Every loss has masks of its own, so only the loop has the book's numbers."""
    np.random.seed(0)
    net = networks.MultiLayerNetExtend(6, [5], 3, use_dropout=True)
    x, t = batch("relu")
    np.random.seed(1)
    got = net.numerical_gradient(x, t)
    np.random.seed(1)
    want = book(net, x, t)
    for key in want:
        np.testing.assert_array_equal(got[key], want[key])


def test_layers_of_ones_own(looped):
    """A layer, a last layer or a loss that pynn does not know is differentiated as it is."""
    class Doubled(Affine):
        def forward(self, x):
            return 2 * super().forward(x)

    x, t = batch("relu")
    net, fast = build("relu")
    net.layers["Affine3"] = Doubled(net.params["W3"], net.params["b3"])
    assert_agrees(net, x, t)
    assert names_of(looped, net) == {"W1", "b1", "W2", "b2", "W3", "b3"}

    net, _ = build("relu")
    net.layers["Activation_function3"] = Sigmoid()      # relu and sigmoid are not one perceptron
    assert_agrees(net, x, t)

    net, _ = build("relu")
    net.layers["Dropout"] = Dropout(0.0)
    looped.clear()
    assert_agrees(net, x, t)
    assert names_of(looped, net) == set(net.params)

    class Squared(networks.MultiLayerNet):
        def loss(self, x, t):
            return super().loss(x, t)**2

    np.random.seed(0)
    assert_agrees(Squared(6, [5, 4], 3), x, t)


def test_errors_are_those_of_the_loss():
    net, _ = build("relu")
    x, t = batch("relu")
    with pytest.raises(ValueError, match="x has 5 columns but W has 6 rows"):
        net.numerical_gradient(x[:, :5], t)
    with pytest.raises(IndexError, match="is 10 but y has 3 classes"):
        net.numerical_gradient(x, t - t + 10)


def test_a_loss_that_is_not_a_number():
    net, _ = build("weight decay")
    x, t = batch("weight decay")
    net.params["W1"][0, 0] = np.nan
    for grad in net.numerical_gradient(x, t).values():
        assert np.isnan(grad).all()
