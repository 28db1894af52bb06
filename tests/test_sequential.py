"""Networks of one's own: layers of every kind, parameters by name, what they say of themselves."""

import copy
import pickle

import numpy as np
import pytest

import pynn
from pynn.networks.chain import Layers


SMALL = {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}


class Scale:
    """A reader's layer with one parameter, written as the book writes its own."""

    def __init__(self, n):
        self.gamma = np.ones(n)
        self.dgamma = None

    def forward(self, x):
        self.x = x
        return x * self.gamma

    def backward(self, dout):
        self.dgamma = (dout * self.x).sum(axis=0)
        self.dx = dout * self.gamma
        return self.dx


def build(**options):
    np.random.seed(0)
    return pynn.Sequential([
        pynn.Convolution.of(2, 4, 3, pad=1), pynn.BatchNormalization.of(4), pynn.LeakyRelu(0.1), pynn.AveragePooling(2, 2),
        pynn.Flatten(), pynn.Affine.of(36, 6, bias=False), Scale(6), pynn.Tanh(), pynn.Affine.of(6, 3)], **options)


@pytest.fixture
def data(rng):
    return rng.standard_normal((5, 2, 6, 6)), np.array([0, 2, 1, 1, 0])


def test_everything_comes_from_the_layers(data):
    net = build()
    assert list(net.layers.keys()) == ["Convolution1", "BatchNormalization1", "LeakyRelu1", "AveragePooling1", "Flatten1",
                                       "Affine1", "Scale1", "Tanh1", "Affine2"]
    assert list(net.params) == ["W1", "b1", "gamma1", "beta1", "W2", "gamma2", "W3", "b3"]
    assert list(net.buffers()) == ["running_mean1", "running_var1"]
    numerical, backprop = net.numerical_gradient(*data), net.gradient(*data)
    assert list(numerical) == list(backprop) == list(net.params)
    for name, grad in backprop.items():
        # batch norm makes the conv's bias without effect: its gradient is rounding
        np.testing.assert_allclose(grad, numerical[name], rtol=0, atol=1e-6, err_msg=name)
    assert pynn.gradient_check(net, *data)
    # after a pass the reader's layer has an x with a dx beside it, which is no parameter
    net.layers["Affine2"] = net.layers["Affine2"]
    assert list(net.params) == ["W1", "b1", "gamma1", "beta1", "W2", "gamma2", "W3", "b3"]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pkl"])
def test_it_comes_back_from_a_file(suffix, data, tmp_path):
    net = build()
    net.fit(*data, epochs=3, batch_size=5)
    net.save_params(tmp_path / f"net{suffix}")
    other = build()
    assert not np.allclose(other.predict(data[0]), net.predict(data[0]))
    other.load_params(tmp_path / f"net{suffix}")
    np.testing.assert_array_equal(other.predict(data[0]), net.predict(data[0]))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies(again, data):
    net = build(weight_decay_lambda=0.1)
    net.gradient(*data)
    other = again(net)
    np.testing.assert_array_equal(other.predict(data[0]), net.predict(data[0]))
    other.params["W3"][...] = 0
    other.layers["Affine2"].b += 1
    assert net.params["W3"].any() and not net.params["b3"].any() and other.params["b3"].all()
    plain = again(net.params)
    assert type(plain) is dict and plain["W1"] is not net.params["W1"] and list(plain) == list(net.params)


def test_weight_decay_is_of_the_weights(data):
    plain, decaying = build(), build(weight_decay_lambda=0.5)
    x, t = data
    W = [plain.params[name] for name in ("W1", "W2", "W3")]
    assert decaying.loss(x, t) == pytest.approx(plain.loss(x, t) + 0.25 * sum((w**2).sum() for w in W))
    got, without = decaying.gradient(x, t), plain.gradient(x, t)
    for name in got:
        extra = 0.5 * plain.params[name] if name[0] == "W" else 0
        np.testing.assert_allclose(got[name], without[name] + extra, rtol=0, atol=1e-13)


@pytest.mark.parametrize("given, own", [(None, np.float64), (np.float32, np.float32)])
def test_dtype(given, own, data):
    net = build(dtype=given)
    assert net.dtype == own and {param.dtype for param in net.params.values()} == {np.dtype(own)}
    assert net.predict(data[0]).dtype == own
    assert pynn.Sequential([pynn.Affine.of(2, 2, dtype=np.float32)]).dtype == np.float32


def test_it_begins_as_the_book_draws():
    np.random.seed(3)
    net = pynn.MultiLayerNet(4, [5], 3)
    np.random.seed(3)
    own = pynn.Sequential([pynn.Affine.of(4, 5), pynn.Relu(), pynn.Affine.of(5, 3)])
    for name, param in net.params.items():
        np.testing.assert_array_equal(own.params[name], param)
    with pytest.raises(ValueError, match="Affine: weight_init_std is 'kaiming'"):
        pynn.Affine.of(4, 5, "kaiming")


# ---- as in scikit-learn ----

def test_fit_predict_score(rng):
    x = rng.random((200, 5))
    t = (x[:, 0] > x[:, 1]).astype(int)
    np.random.seed(0)
    net = pynn.Sequential([pynn.Affine.of(5, 16), pynn.Relu(), pynn.Affine.of(16, 2)])
    assert net.fit(x, t, epochs=60, batch_size=20, lr=0.01, validation_split=0.1, callbacks=[pynn.EarlyStopping(30)]) is net
    assert net.score(x, t) == net.accuracy(x, t) > 0.95
    assert "val_acc" in net.history
    proba = net.predict_proba(x, batch_size=7)
    np.testing.assert_allclose(proba, pynn.softmax(net.predict(x)), rtol=1e-12)
    np.testing.assert_array_equal(proba.argmax(axis=1), net.predict(x).argmax(axis=1))


def test_a_regression_has_no_probabilities(rng):
    net = pynn.Sequential([pynn.Affine.of(2, 1)], pynn.IdentityWithLoss())
    with pytest.raises(TypeError, match="Sequential.predict_proba: a network for regression gives no probabilities"):
        net.predict_proba(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"Sequential.rmse: the network puts out \(3, 1\) but t has shape \(3, 2\)"):
        net.rmse(np.ones((3, 2)), np.ones((3, 2)))
    x = rng.random((50, 2))
    t = x @ [1.0, 2.0]
    assert net.score(x, t) == pytest.approx(1 - np.sum((net.predict(x)[:, 0] - t) ** 2) / np.sum((t - t.mean()) ** 2))


def test_metrics_of_pixels_are_those_of_floats():
    """uint8 targets, which wrap where they are subtracted as they are."""
    net = pynn.Sequential([pynn.Affine.of(2, 1)], pynn.IdentityWithLoss())
    x, t = np.array([[120, 3], [90, 50]], np.uint8), np.array([[255], [0]], np.uint8)
    for measure in net.rmse, net.score, net.loss:
        assert measure(x, t) == measure(x.astype(float), t.astype(float))


def test_a_loss_of_ones_own(rng):
    class Absolute:
        def forward(self, y, t):
            self.sign = np.sign(y - t)
            return np.abs(y - t).mean()

        def backward(self, dout=1):
            return dout * self.sign / self.sign.size

    x = rng.random((60, 2))
    t = x.sum(axis=1, keepdims=True)
    np.random.seed(0)
    net = pynn.Sequential([pynn.Affine.of(2, 8), pynn.Relu(), pynn.Affine.of(8, 1)], Absolute())
    trainer = pynn.Trainer(net, x, t, x, t, 40, 20, "Adam", {"lr": 0.01}, verbose=False)
    assert trainer.train() == net.rmse(x, t) < 0.2 and net.metric is None


# ---- layers by name and number ----

def test_layers_of_the_book_by_name_and_number():
    for net in (pynn.SimpleConvNet(), pynn.DeepConvNet(), pynn.TwoLayerNet(4, 3, 2), pynn.MultiLayerNet(4, [3], 2)):
        assert type(net.layers) is Layers
        for number, (name, layer) in enumerate(net.layers.items()):
            assert net.layers[name] is net.layers[number] is list(net.layers.values())[number]
        assert net.layers[-1] is list(net.layers.values())[-1] and net.layers[:2] == list(net.layers.values())[:2]
    assert list(pynn.TwoLayerNet(4, 3, 2).layers) == ["Affine1", "Relu1", "Affine2"]
    deep = pynn.DeepConvNet()
    assert [type(layer).__name__ for layer in deep.layers][:3] == ["Convolution", "Relu", "Convolution"]


def test_changing_layers():
    layers = Layers([pynn.Affine.of(2, 2), pynn.Relu()])
    layers.append(pynn.Affine.of(2, 2))
    layers.insert(1, pynn.Tanh())
    assert list(layers.keys()) == ["Affine1", "Tanh1", "Relu1", "Affine2"]
    sigmoid = pynn.Sigmoid()
    layers[2] = sigmoid
    assert list(layers.keys()) == ["Affine1", "Tanh1", "Relu1", "Affine2"] and layers["Relu1"] is sigmoid
    del layers[1]
    assert len(layers) == 3 and "Tanh1" not in layers and sigmoid in layers and pynn.Sigmoid() not in layers
    with pytest.raises(KeyError, match=r"no layer 'Tanh1'; it has \['Affine1', 'Relu1', 'Affine2'\]"):
        layers["Tanh1"]
    with pytest.raises(IndexError):
        layers[3]


def test_layers_in_words():
    layer = pynn.Affine.of(2, 2)
    with pytest.raises(ValueError, match=r"layers\['Affine2'\] is the very object that is layers\['Affine1'\]"):
        pynn.Sequential([layer, layer])
    with pytest.raises(TypeError, match=r"is a type, which has no forward|is a ndarray, which has no forward"):
        pynn.Sequential([np.ones(3)])
    with pytest.raises(ValueError, match="Sequential: layers is empty"):
        pynn.Sequential([])


def test_a_backward_that_leaves_no_gradient(data):
    class Lazy(Scale):
        def backward(self, dout):
            return dout

    net = pynn.Sequential([Lazy(4), pynn.Affine.of(4, 2)])
    with pytest.raises(ValueError, match="Sequential.gradient: backward of Lazy set no dgamma"):
        net.gradient(np.ones((3, 4)), np.array([0, 1, 0]))


def test_params_as_a_mapping():
    net = pynn.TwoLayerNet(4, 3, 2)
    assert net.params == dict(net.params) and len(net.params) == 4 and "W1" in net.params and "W9" not in net.params
    assert net.params | {"W9": 1} == {**net.params, "W9": 1} and net.params.copy() is not net.params
    with pytest.raises(KeyError):
        net.params["W9"]
    with pytest.raises(KeyError, match="belongs to a layer"):
        del net.params["W1"]


# ---- what they say of themselves ----

@pytest.mark.parametrize("thing, text", [
    (pynn.Affine.of(784, 50), "Affine(784 -> 50)"), (pynn.Affine.of(4, 3, bias=False), "Affine(4 -> 3, no bias)"),
    (pynn.Convolution.of(1, 30, 5), "Convolution(1 -> 30, 5x5, stride=1, pad=0)"), (pynn.Pooling(2, 2), "Pooling(2x2, stride=2, pad=0)"),
    (pynn.AveragePooling(3, 3, 1, 1), "AveragePooling(3x3, stride=1, pad=1)"), (pynn.Relu(), "Relu()"), (pynn.Sigmoid(), "Sigmoid()"),
    (pynn.Tanh(), "Tanh()"), (pynn.LeakyRelu(), "LeakyRelu(slope=0.01)"), (pynn.Flatten(), "Flatten()"),
    (pynn.Dropout(0.3), "Dropout(0.3)"), (pynn.BatchNormalization.of(8), "BatchNormalization(8, momentum=0.9)"),
    (pynn.SoftmaxWithLoss(), "SoftmaxWithLoss()"), (pynn.IdentityWithLoss(True), "IdentityWithLoss(mean=True)"),
    (pynn.AddLayer(), "AddLayer()"), (pynn.MulLayer(), "MulLayer()")])
def test_repr_of_layers(thing, text):
    assert repr(thing) == text


def test_repr_of_a_network():
    assert repr(pynn.TwoLayerNet(4, 3, 2, dtype=np.float32)) == (
        "TwoLayerNet(float32)\n    Affine1: Affine(4 -> 3)\n    Relu1: Relu()\n    Affine2: Affine(3 -> 2)\n    loss: SoftmaxWithLoss()")


def test_summary(data):
    net = build()
    net.gradient(*data)
    seen = net.layers["LeakyRelu1"].mask
    summary = net.summary()
    assert net.layers["LeakyRelu1"].mask is seen
    rows = {row.name: row for row in summary.rows}
    assert rows["Convolution1"].output == (4, 6, 6) and rows["Convolution1"].params == 76
    assert rows["Convolution1"].multiply_adds == 72 * 36 and rows["Affine2"].multiply_adds == 18
    assert rows["Scale1"].params == 6 and rows["AveragePooling1"].output == (4, 3, 3)
    assert summary.params == sum(param.size for param in net.params.values())
    assert summary.memory == 8 * (summary.params + sum(int(np.prod(row.output)) for row in summary.rows))
    text, html = str(summary), summary._repr_html_()
    for said in ("Convolution(2 -&gt; 4, 3x3, stride=1, pad=1)", "4x6x6", f"{summary.params:,}"):
        assert said in html and said.replace("&gt;", ">") in text


def test_a_shared_matrix_is_counted_once():
    W = np.ones((10, 10))
    tied = pynn.Sequential([pynn.Affine(W, np.zeros(10)), pynn.Relu(), pynn.Affine(W, np.zeros(10))]).summary()
    assert [row.params for row in tied.rows] == [110, 0, 10] and tied.params == 120
    assert tied.multiply_adds == 200 and tied.memory == 8 * (120 + 30)


def test_summary_of_the_books_networks():
    summary = pynn.SimpleConvNet().summary()
    assert (summary.params, summary.multiply_adds) == (433_890, 865_000)
    assert summary.blocks == [["Conv1", "Relu1", "Pool1"]] and "Computed together: Conv1 + Relu1 + Pool1." in str(summary)
    assert pynn.DeepConvNet().summary().rows[-1].output == (10,)
    with pytest.raises(ValueError, match="give input_shape"):
        build().summary()
    assert build().summary((2, 6, 6)).rows[-1].output == (3,)
    with pytest.raises(ValueError, match=r"a sample of shape \(2, 5, 5\) does not pass Affine1"):
        build().summary((2, 5, 5))


@pytest.mark.parametrize("make", [build, lambda: pynn.SimpleConvNet((2, 6, 6), {**SMALL}, 4, 3)])
def test_a_network_goes_when_nobody_has_it(make, data):
    """Without waiting for the garbage collector: what it saw may be large."""
    import gc
    import weakref
    net = make()
    net.fit(*data, epochs=1, batch_size=5)
    net.params["W1"]
    seen, layer = weakref.ref(net), weakref.ref(net.layers[0])
    gc.disable()
    try:
        del net
        assert seen() is None and layer() is None
    finally:
        gc.enable()


def test_parameters_of_any_kind_become_arrays_of_the_network(data):
    """Lists, read-only arrays of whole numbers and arrays of other libraries can be trained."""
    class Foreign:
        def __array__(self, dtype=None, copy=None):
            array = np.ones((2, 2), np.float32)
            array.flags.writeable = False
            return array

    for W in ([[1, 2], [3, 4]], np.broadcast_to(1, (2, 2)), Foreign()):
        net = pynn.Sequential([pynn.Affine(W, [0, 0])])
        given = np.array(net.params["W1"])
        net.fit(np.ones((4, 2)), [0, 1, 0, 1], epochs=1)
        net.params["W1"] = W
        assert type(net.params["W1"]) is np.ndarray and (net.params["W1"] == given).all() and net.params["W1"].dtype == np.float64
        net.fit(np.ones((4, 2)), [0, 1, 0, 1], epochs=1)
