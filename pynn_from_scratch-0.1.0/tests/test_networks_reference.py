"""The networks against the reference: the same seed gives the same weights, gradients and curves."""

import numpy as np
import pytest
from compare import assert_close, eps, wide

from pynn import layers, networks, optimizer, reference

REAL = (np.float32, np.float64)


def pair(name, *args, seed=0, **options):
    """pynn's network and the reference's from one seed."""
    nets = []
    for module in (networks, reference):
        np.random.seed(seed)
        nets.append(getattr(module, name)(*args, **options))
    return nets


def same_seed_same_draws(name, *args, **options):
    """The weights are equal, and NumPy's generator is left where the book leaves it."""
    mine, book = pair(name, *args, **options)
    after = np.random.rand()
    np.random.seed(0)
    getattr(networks, name)(*args, **options)
    assert np.random.rand() == after
    assert list(mine.params) == list(book.params)
    for key in book.params:
        assert mine.params[key].dtype == book.params[key].dtype
        np.testing.assert_array_equal(mine.params[key], book.params[key])


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_two_layer_net_draws_what_the_book_draws(activation, dtype):
    same_seed_same_draws("TwoLayerNet", 784, 50, 10, dtype=dtype, activation=activation)
    same_seed_same_draws("TwoLayerNet", 4, 3, 2, weight_init_std=0.5, dtype=dtype)


def test_simple_net_draws_what_the_book_draws():
    np.random.seed(0)
    mine = networks.SimpleNet()
    np.random.seed(0)
    book = reference.SimpleNet()
    np.testing.assert_array_equal(mine.W, book.W)
    x, t = np.array([0.6, 0.9]), np.array([0, 0, 1])
    assert mine.loss(x, t) == pytest.approx(book.loss(x, t), rel=1e-14)
    np.testing.assert_allclose(mine.predict(x), book.predict(x), rtol=1e-14)


def test_three_layer_net_by_hand():
    """Section 3.4.3 gives 0.31682708 and 0.69627909 for (1.0, 0.5)."""
    y = networks.ThreeLayerNet().predict(np.array([1.0, 0.5]))
    np.testing.assert_allclose(y, [0.31682708, 0.69627909], atol=5e-9)


def batch(rng, n, inputs, classes, one_hot, dtype=np.float64):
    """Rows like digits: many zeros, the rest in (0, 1), and a class that depends on them."""
    x = np.maximum(rng.standard_normal((n, inputs)) * 0.4, 0).astype(dtype)
    t = np.argmax(x[:, :classes] + 0.1 * rng.standard_normal((n, classes)), axis=1)
    return x, np.eye(classes)[t] if one_hot else t


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("dtype", REAL)
def test_two_layer_net(dtype, activation, one_hot, rng):
    mine, book = pair("TwoLayerNet", 64, 20, 10, weight_init_std=0.1, activation=activation,
                      dtype=dtype)
    for key, value in book.params.items():      # the reference in more digits, from equal weights
        layer = book.layers["Affine" + key[1]]
        book.params[key] = wide(value)
        setattr(layer, key[0], book.params[key])
    x, t = batch(rng, 30, 64, 10, one_hot, dtype)
    x_wide = wide(x)
    # Scores: 64 and 20 terms, below 3 in sum of sizes. Errors of the second layer's input, 32 eps
    # of |x| |W1| < 3, reach the scores through 20 weights near 0.1: 100 eps in all.
    assert_close(mine.predict(x), book.predict(x_wide), 100, 1, dtype)
    assert_close(mine.loss(x, t), book.loss(x_wide, t), 100, 1, dtype)
    assert mine.accuracy(x, t) == pytest.approx(book.accuracy(x_wide, t), abs=1e-15)
    grads, want = mine.gradient(x, t), book.gradient(x_wide, t)
    assert list(grads) == list(want) == list(mine.params)
    for key in want:                            # means over the batch of terms below 1
        assert_close(grads[key], want[key], 200, 1, dtype)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_numerical_gradient_is_the_books_loop(activation, rng):
    mine, book = pair("TwoLayerNet", 12, 7, 5, weight_init_std=0.3, activation=activation)
    x, t = batch(rng, 9, 12, 5, one_hot=False)
    before = {k: v.copy() for k, v in mine.params.items()}
    grads, want = mine.numerical_gradient(x, t), book.numerical_gradient(x, t)
    backprop = mine.gradient(x, t)
    for key in want:
        np.testing.assert_array_equal(mine.params[key], before[key])
        # both round losses near 1 to eps and divide by 2h: 1e-12 each
        np.testing.assert_allclose(grads[key], want[key], atol=1e-11, err_msg=key)
        np.testing.assert_allclose(grads[key], backprop[key], atol=1e-6, err_msg=key)


def curves(mine, book, x, t, steps, optimizers, batch_size=50):
    losses = ([], [])
    for net, rule, curve in zip((mine, book), optimizers, losses):
        np.random.seed(1)
        for _ in range(steps):
            rows = np.random.choice(len(x), batch_size)
            rule.update(net.params, net.gradient(x[rows], t[rows]))
            curve.append(net.loss(x[rows], t[rows]))
    return map(np.array, losses)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_a_thousand_steps_follow_the_books_curve(activation, one_hot, rng):
    mine, book = pair("TwoLayerNet", 64, 20, 10, activation=activation)
    x, t = batch(rng, 500, 64, 10, one_hot)
    lr = {"relu": 0.1, "sigmoid": 1.0}[activation]      # a sigmoid's gradient is a quarter at most
    got, want = curves(mine, book, x, t, 1000, (optimizer.SGD(lr), reference.SGD(lr)))
    assert want[-20:].mean() < 0.75 * want[0]   # it did learn
    # a rounding of 1e-16 a step, a thousand of them, and the little that descent amplifies them
    np.testing.assert_allclose(got, want, rtol=1e-11)


@pytest.mark.parametrize("rule", ["Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam"])
def test_every_optimizer_follows_the_books_curve(rule, rng):
    mine, book = pair("TwoLayerNet", 64, 20, 10)
    x, t = batch(rng, 500, 64, 10, one_hot=False)
    got, want = curves(mine, book, x, t, 200,
                       (getattr(optimizer, rule)(0.01), getattr(reference, rule)(0.01)))
    assert want[-20:].mean() < want[0]
    np.testing.assert_allclose(got, want, rtol=1e-9)


def test_float32_follows_the_curve_in_float32(rng):
    mine, book = pair("TwoLayerNet", 64, 20, 10, dtype=np.float32)
    x, t = batch(rng, 500, 64, 10, one_hot=True, dtype=np.float32)
    got, want = curves(mine, book, x, t, 100, (optimizer.SGD(0.1), reference.SGD(0.1)))
    # 100 steps of a few eps each, on a loss near 2
    np.testing.assert_allclose(got, want, rtol=300 * eps(np.float32))


class BookStyleNet:
    """A reader's own network: the layers, their attributes and nothing else of pynn."""

    def __init__(self, module, sizes):
        self.params = {}
        for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
            self.params[f"W{i}"] = 0.1 * np.random.randn(a, b)
            self.params[f"b{i}"] = np.zeros(b)
        self.layers = [module.Affine(self.params["W1"], self.params["b1"]), module.Relu(),
                       module.Affine(self.params["W2"], self.params["b2"]), module.Sigmoid(),
                       module.Affine(self.params["W3"], self.params["b3"])]
        self.last = module.SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last.backward(1)
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        affine = self.layers[::2]
        return {**{f"W{i}": a.dW for i, a in enumerate(affine, 1)},
                **{f"b{i}": a.db for i, a in enumerate(affine, 1)}}


def test_a_readers_own_network(rng):
    nets = []
    for module in (layers, reference):
        np.random.seed(5)
        nets.append(BookStyleNet(module, (64, 30, 20, 10)))
    x, t = batch(rng, 500, 64, 10, one_hot=True)
    got, want = curves(*nets, x, t, 200, (optimizer.SGD(0.5), reference.SGD(0.5)))
    np.testing.assert_allclose(got, want, rtol=1e-11)


@pytest.mark.parametrize("make", [
    lambda: networks.TwoLayerNet(6, 4, 3, weight_init_std=0.3),
    lambda: networks.TwoLayerNet(6, 4, 3, weight_init_std=0.3, activation="sigmoid")],
    ids=["relu", "sigmoid"])
def test_parameters_may_be_assigned(make, rng):
    """net.params['W1'] = ... is what the next pass uses, as in chapter 4's network."""
    net = make()
    x, t = batch(rng, 8, 6, 3, one_hot=False)
    net.params["W2"] = np.zeros((4, 3))
    net.params["b2"] = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(net.predict(x), np.tile([1.0, 2, 3], (8, 1)))
    assert net.loss(x, t) == pytest.approx(reference.softmax_loss(np.tile([1.0, 2, 3], (8, 1)), t))
