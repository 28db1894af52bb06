"""The networks' own manners: dtypes, parameters that are assigned or loaded, accuracy, words of errors."""

import numpy as np
import pytest

from pynn.functions import softmax
from pynn.gradient import numerical_gradient
from pynn.networks import SimpleNet, ThreeLayerNet, TwoLayerNet
from pynn.io import load_params, save_params


@pytest.fixture
def data(rng):
    return rng.random((30, 6)), rng.integers(0, 3, 30)


@pytest.fixture
def net():
    np.random.seed(0)
    return TwoLayerNet(6, 4, 3, weight_init_std=0.5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("given", [np.float16, np.float32, np.float64, np.int64, np.uint8, bool])
def test_the_network_computes_in_its_own_dtype(dtype, given, data):
    x, t = (data[0] * 3).astype(given), data[1]
    net = TwoLayerNet(6, 4, 3, dtype=dtype)
    assert net.predict(x).dtype == dtype
    assert {g.dtype for g in net.gradient(x, t).values()} == {np.dtype(dtype)}
    assert {g.dtype for g in net.numerical_gradient(x, t).values()} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", [np.int64, np.float16, complex])
def test_dtypes_it_cannot_compute_in(dtype):
    with pytest.raises(TypeError, match=f"TwoLayerNet: dtype is {np.dtype(dtype)}; it must be float32 or float64"):
        TwoLayerNet(6, 4, 3, dtype=dtype)


def test_complex_input_is_refused(net):
    with pytest.raises(TypeError, match="complex128"):
        net.predict(np.ones((2, 6), complex))


def test_unknown_activation():
    with pytest.raises(ValueError, match="TwoLayerNet: activation is 'swish'; it must be one of .*'relu'"):
        TwoLayerNet(6, 4, 3, activation="swish")


def test_layers_are_named_as_in_the_book(net):
    assert list(net.layers) == ["Affine1", "Relu1", "Affine2"]
    assert net.lastLayer is net.last_layer
    assert list(net.params) == ["W1", "b1", "W2", "b2"]


def test_a_layer_may_be_replaced(net, data):
    class Half:
        def forward(self, y, t):
            return 0.5

    net.lastLayer = Half()
    assert net.loss(*data) == 0.5


def test_only_the_gradient_saves_the_first_dx(net, data):
    asked = []
    first = net.layers["Affine1"]
    backward = first.backward
    first.backward = lambda dout, needs_dx=True: asked.append(needs_dx) or backward(dout, needs_dx)
    net.gradient(*data)
    net.input_gradient(*data)
    assert asked == [False, True]


def test_an_update_in_place_reaches_the_layers(net, data):
    grads = net.gradient(*data)
    before = net.loss(*data)
    for key in ("W1", "b1", "W2", "b2"):
        net.params[key] -= 0.1 * grads[key]
    assert net.loss(*data) < before


def test_an_assigned_array_reaches_the_layers(net, data):
    """The loop params[key] = params[key] - lr * grad trains, and does not go on with the old weights."""
    losses = [net.loss(*data)]
    for _ in range(3):
        grads = net.gradient(*data)
        net.params = {key: param - 0.1 * grads[key] for key, param in net.params.items()}
        losses.append(net.loss(*data))
    assert losses == sorted(losses, reverse=True) and losses[3] < losses[2] < losses[1]
    assert net.layers["Affine1"].W is net.params["W1"]


def test_numerical_gradient_sees_an_assigned_array(net, data):
    net.params["W2"] = np.ones((4, 3))
    grads = net.numerical_gradient(*data)
    backprop = net.gradient(*data)
    for key in grads:
        np.testing.assert_allclose(grads[key], backprop[key], atol=1e-6)


def test_the_loss_of_the_gradient_is_kept(net, data):
    before = net.loss(*data)
    net.gradient(*data)
    assert net.last_loss == before


def test_accuracy_counts_every_sample(net, rng):
    x = rng.random((25, 6))
    y = net.predict(x).argmax(axis=1)
    t = y.copy()
    t[[3, 24]] = (t[[3, 24]] + 1) % 3       # one in the first batch, one in the last, shorter one
    assert net.accuracy(x, t, batch_size=10) == 23 / 25
    assert net.accuracy(x, np.eye(3)[t]) == 23 / 25
    assert net.accuracy(list(x), list(y)) == 1.0


@pytest.mark.parametrize("t", [np.zeros((5, 1), int), np.zeros(4, int), np.zeros((4, 3)), np.int64(1)],
                         ids=["column", "short", "short one-hot", "scalar"])
def test_labels_that_would_count_wrongly(net, t):
    with pytest.raises(ValueError, match=r"TwoLayerNet.accuracy: t has shape .* for x of shape \(5, 6\); t must be"):
        net.accuracy(np.ones((5, 6)), t)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_accuracy_in_batches_of_nothing(net, batch_size):
    with pytest.raises(ValueError, match=f"TwoLayerNet.accuracy: batch_size is {batch_size}; it must be at least 1"):
        net.accuracy(np.ones((5, 6)), np.ones(5, int), batch_size=batch_size)


def test_accuracy_of_nothing(net):
    with pytest.raises(ValueError, match="N > 0"):
        net.accuracy(np.ones((0, 6)), np.ones(0, int))


def test_parameters_come_back_from_a_file(net, data, tmp_path):
    net.save_params(tmp_path / "net.npz")
    other = TwoLayerNet(6, 4, 3, dtype=np.float32)
    arrays = dict(other.params)
    other.load_params(tmp_path / "net.npz")
    for key, param in other.params.items():
        assert param is arrays[key] and param.dtype == np.float32
        np.testing.assert_array_equal(param, net.params[key].astype(np.float32))
    assert other.accuracy(*data) == net.accuracy(*data)


def test_a_file_of_another_network(net, tmp_path):
    path = tmp_path / "net.npz"
    before = {key: param.copy() for key, param in net.params.items()}
    TwoLayerNet(6, 5, 3).save_params(path)
    with pytest.raises(ValueError, match=r"W1 in .* has shape \(6, 5\) but the network has \(6, 4\)"):
        net.load_params(path)
    save_params({"W1": np.ones((6, 4))}, path)
    with pytest.raises(ValueError, match=r"net.npz has no b1; it has \['W1'\]"):
        net.load_params(path)
    for key, param in net.params.items():
        np.testing.assert_array_equal(param, before[key])


def test_simple_net():
    net = SimpleNet()
    x, t = np.array([0.6, 0.9]), np.array([0, 0, 1])
    assert net.W is net.params["W"] and net.W.shape == (2, 3)
    dW = numerical_gradient(lambda W: net.loss(x, t), net.W)
    # the loss has log(y + 1e-7), whose derivative is 1e-7/y short of the formula
    np.testing.assert_allclose(dW, np.outer(x, softmax(net.predict(x)) - t), atol=1e-5)
    np.testing.assert_allclose(net.gradient(x, t)["W"], dW, atol=1e-5)
    # each of two losses near 1 is rounded by some eps, and they are divided by 2h
    np.testing.assert_allclose(net.numerical_gradient(x, t)["W"], dW, rtol=0, atol=2e-11)
    net.W = np.zeros((2, 3))
    assert net.loss(x, t) == pytest.approx(np.log(3), abs=1e-6)


def test_three_layer_net_classifies(tmp_path, rng):
    """The book's trained weights are a file of W1 to b3 in float32."""
    sizes = (8, 5, 4, 3)
    params = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
        params[f"W{i}"] = rng.standard_normal((a, b)).astype(np.float32)
        params[f"b{i}"] = rng.standard_normal(b).astype(np.float32)
    save_params(params, tmp_path / "weights.pkl")
    net = ThreeLayerNet(load_params(tmp_path / "weights.pkl"), output="softmax")
    x = rng.random((20, 8)).astype(np.float32)
    y = net.predict(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    assert net.accuracy(x, y.argmax(axis=1)) == 1.0
    assert net.predict(x[0]).shape == (3,)


def test_three_layer_net_in_words():
    with pytest.raises(ValueError, match="ThreeLayerNet: output is 'relu'"):
        ThreeLayerNet(output="relu")
    with pytest.raises(ValueError, match=r"params has no \['W2', 'b2', 'W3', 'b3'\]; it has \['W1', 'b1'\]"):
        ThreeLayerNet({"W1": np.ones((2, 2)), "b1": np.ones(2)})


def test_an_accuracy_is_a_float():
    """It prints as one."""
    net = TwoLayerNet(4, 5, 3)
    assert type(net.accuracy(np.ones((2, 4)), [0, 1])) is float
