"""Pictures of networks: what the artists hold is what the network has, and the network is left as it was."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import pynn
from pynn import plot

pytest.importorskip("matplotlib").use("agg")
import matplotlib.pyplot as plt     # noqa: E402


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


class Own:
    """A reader's network in the book's style (section 5.7.2): plain NumPy, layers that share the arrays of params."""

    class Affine:
        def __init__(self, W, b):
            self.W, self.b = W, b

        def forward(self, x):
            self.x = x
            return x @ self.W + self.b

        def backward(self, dout):
            self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
            return dout @ self.W.T

    def __init__(self, rng):
        self.params = {"W1": rng.normal(size=(16, 6)), "b1": np.zeros(6), "W2": rng.normal(size=(6, 4)), "b2": np.zeros(4)}
        self.layers = OrderedDict()
        self.layers["Affine1"] = Own.Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = pynn.Relu()
        self.layers["Affine2"] = Own.Affine(self.params["W2"], self.params["b2"])
        self.lastLayer = pynn.SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.lastLayer.forward(self.predict(x), t)


@pytest.fixture(params=["pynn", "own"])
def net(request, rng):
    net = Own(rng) if request.param == "own" else pynn.MultiLayerNet(16, [6], 4)
    net.predict(rng.random((3, 16)))        # something to lose
    return net


@pytest.fixture
def x(rng):
    return rng.random((40, 16))


@pytest.fixture
def t(rng):
    return rng.integers(0, 4, 40)


@pytest.fixture
def unchanged(net):
    """What the layers show must not change."""
    shown = {name: dict(vars(layer)) for name, layer in net.layers.items()}
    params = copy.deepcopy(dict(net.params))
    yield
    for name, layer in net.layers.items():
        assert vars(layer).keys() == shown[name].keys()
        assert all(vars(layer)[key] is value for key, value in shown[name].items())
    for name, value in params.items():
        np.testing.assert_array_equal(net.params[name], value)


def numbers_in(ax):
    return {(int(text.get_position()[1]), int(text.get_position()[0])): int(text.get_text()) for text in ax.texts}


def counted(y, t):
    return {(i, j): n for i in range(4) for j in range(4) if (n := int(np.sum((t == i) & (y == j))))}


def test_confusion_matrix(net, x, t, unchanged):
    y = copy.deepcopy(net).predict(x).argmax(axis=1)
    ax = plt.figure().add_subplot()
    assert plot.plot_confusion_matrix(net, x, t, ax=ax) is ax
    assert numbers_in(ax) == counted(y, t)
    assert ax.get_title() == f"{np.mean(y == t):.1%} of 40 right"


def test_network_is_left_alone(net, x, t, unchanged):
    plot.plot_confusion_matrix(net, x, t)
    plot.show_misclassified(net, x, t)
    plot.plot_weight_histograms(net)
    plot.plot_activation_histograms(net, x)
    plot.show_filters(net)
    plot.plot_loss_surface(net, x, t, points=3)
    plot.graph(net, x, t)


def test_confusion_matrix_of_predictions(rng, t):
    scores = rng.random((40, 4))
    y = scores.argmax(axis=1)
    for predictions, labels in (scores, t), (y, t), (list(y), np.eye(4)[t]):
        assert numbers_in(plot.plot_confusion_matrix(predictions, t=labels)) == counted(y, t)
    ax = plot.plot_confusion_matrix(y, t=t, names=["cat", "dog", "猫", "犬"])
    assert [label.get_text() for label in ax.get_xticklabels()][:2] == ["cat", "dog"]


def test_misclassified(x, t):
    y = t.copy()
    y[[3, 11, 30]] = (t[[3, 11, 30]] + 1) % 4
    axes = plot.show_misclassified(y, x, t)
    assert [ax.get_title() for ax in axes.flat] == [f"{t[i]}→{y[i]}" for i in (3, 11, 30)]
    np.testing.assert_array_equal(axes.flat[1].images[0].get_array(), x[11].reshape(4, 4))
    assert plot.show_misclassified(y, x, t, axes=axes) is axes
    assert len(plot.show_misclassified(y, x, t, count=2).flat) == 2
    assert plot.show_misclassified(t, x, t).flat[0].get_title() == "all 40 right"


def bars(ax):
    return np.array([bar.get_height() for bar in ax.patches])


def test_weight_histograms(net):
    axes = plot.plot_weight_histograms(net, bins=7)
    for ax, name in zip(axes.flat, ("W1", "W2")):
        np.testing.assert_array_equal(bars(ax), np.histogram(net.params[name], bins=7)[0])
        assert ax.get_title().startswith(f"{name}  ") and f"std {net.params[name].std():.2g}" in ax.get_title()
    assert plot.plot_weight_histograms(net, axes) is axes


def test_weights_that_are_not_finite_are_told():
    net = pynn.TwoLayerNet(4, 3, 2)
    net.params["W1"][0, 0] = np.nan
    ax = plot.plot_weight_histograms(net).flat[0]
    assert ax.get_title().endswith("1 not finite") and bars(ax).sum() == 11


def test_activation_histograms(net, x):
    name = list(net.layers.keys())[1]
    out = x
    for layer in list(copy.deepcopy(net).layers.values())[:2]:
        out = layer.forward(out)
    axes = plot.plot_activation_histograms(net, x, bins=9)
    assert [ax.get_title().split(",")[0].split("\n")[0] for ax in axes.flat[:3]] == list(net.layers.keys())
    ax = plot.plot_activation_histograms(net, x, [name], bins=9).flat[0]
    np.testing.assert_array_equal(bars(ax), np.histogram(out, bins=9)[0])
    assert f"{np.mean(out == 0):.0%} zero" in ax.get_title()


def test_filters(net, rng):
    axes = plot.show_filters(net)
    np.testing.assert_array_equal(axes.flat[4].images[0].get_array(), net.params["W1"][:, 4].reshape(4, 4))
    W = rng.normal(size=(5, 2, 3, 3))
    axes = plot.show_filters(pynn.Convolution(W, np.zeros(5)), channel=1, ncols=3)
    assert axes.shape == (2, 3)
    np.testing.assert_array_equal(axes.flat[2].images[0].get_array(), W[2, 1])
    low, high = axes.flat[0].images[0].get_clim()
    assert low == -high == -np.abs(W[:, 1]).max()       # white is zero


@pytest.fixture
def convnet():
    return pynn.SimpleConvNet((1, 8, 8), {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}, hidden_size=5)


def test_feature_maps(convnet, rng):
    x = rng.random((1, 8, 8))
    want = copy.deepcopy(convnet)
    want.predict(x[None])
    conv = convnet.layers["Conv1"]
    before = {key: id(value) for key, value in vars(conv).items()}
    axes = plot.show_feature_maps(convnet, x)
    assert axes.shape == (4, 3)
    assert [row[0].get_ylabel() for row in axes] == ["x", "Conv1", "Relu1", "Pool1"]
    maps = conv.__class__(conv.W, conv.b, 1, 1).forward(x[None])[0]
    np.testing.assert_array_equal(axes[2, 1].images[0].get_array(), np.maximum(maps[1], 0))
    assert {key: id(value) for key, value in vars(conv).items()} == before
    assert plot.show_feature_maps(convnet, x[None], ["Pool1"], count=2).shape == (2, 2)


def test_loss_surface_along_given_directions():
    """Of an identity with loss (x W - t)^2 / 2 the surface is known."""
    net = pynn.Sequential([pynn.Affine(np.array([[1.0], [2.0]]), np.zeros(1))], loss=pynn.IdentityWithLoss())
    x, t = np.eye(2), np.array([[1.0], [2.0]])
    unit = [{"W1": np.eye(2)[:, [i]], "b1": np.zeros(1)} for i in (0, 1)]
    path = [{"W1": np.array([[3.0], [0.5]]), "b1": np.zeros(1)}, {"W1": np.array([[1.0], [2.0]]), "b1": np.zeros(1)}]
    ax = plot.plot_loss_surface(net, x, t, {"SGD": path}, unit, points=9)
    way = next(line for line in ax.lines if line.get_label() == "SGD")
    np.testing.assert_allclose(way.get_xydata(), [[2, -1.5], [0, 0]], atol=1e-12)
    a, b = ax.get_xlim(), ax.get_ylim()
    assert a[0] < 0 and a[1] > 2 and b[0] < -1.5 and b[1] > 0


def test_loss_surface_has_the_losses(monkeypatch, rng):
    """At (a, b) stands the loss of the parameters plus a times the first and b times the second direction."""
    from pynn.plot import loss_surface
    net = pynn.TwoLayerNet(4, 3, 2, weight_init_std=1)
    x, t = rng.random((6, 4)), np.array([0, 1, 0, 1, 1, 0])
    drawn = []
    monkeypatch.setattr(loss_surface, "_contours", lambda ax, xs, ys, losses: drawn.append((xs, ys, losses)))
    directions = [{name: rng.normal(size=value.shape) for name, value in net.params.items()} for _ in range(2)]
    plot.plot_loss_surface(net, x, t, directions=directions, points=3)
    (xs, ys, losses), = drawn
    moved = copy.deepcopy(net)
    for name in net.params:
        moved.params[name][...] = net.params[name] + xs[2] * directions[0][name] + ys[0] * directions[1][name]
    assert losses[0, 2] == pytest.approx(moved.loss(x, t), rel=1e-12)
    assert losses[1, 1] == pytest.approx(net.loss(x, t), rel=1e-12)


def test_loss_surface_random_directions_have_the_filters_norms(rng):
    from pynn.plot.loss_surface import _random
    center = {"W1": rng.normal(size=(4, 2, 3, 3)), "b1": np.ones(4), "W2": rng.normal(size=(7, 5))}
    d = _random(rng, center)
    W1, b1, W2 = d[:72].reshape(4, -1), d[72:76], d[76:].reshape(7, 5)
    np.testing.assert_allclose(np.linalg.norm(W1, axis=1), np.linalg.norm(center["W1"].reshape(4, -1), axis=1))
    np.testing.assert_allclose(np.linalg.norm(W2, axis=0), np.linalg.norm(center["W2"], axis=0))
    assert not b1.any()


def test_loss_surface_of_a_training(x, t):
    net = pynn.TwoLayerNet(16, 6, 4, weight_init_std=1)
    paths = {}
    for optimizer in pynn.SGD(lr=0.5), pynn.Adam(lr=0.1):
        trained = copy.deepcopy(net)
        path = paths[type(optimizer).__name__] = []
        for _ in range(5):
            optimizer.update(trained.params, trained.gradient(x, t))
            path.append(copy.deepcopy(trained.params))
    ax = plot.plot_loss_surface(trained, x, t, paths, points=4)
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    np.testing.assert_allclose(lines["Adam"][-1], [0, 0], atol=1e-12)
    offsets = np.concatenate([[np.concatenate([(p[n] - trained.params[n]).ravel() for n in net.params]) for p in paths[k]] for k in paths])
    spread = np.linalg.svd(offsets, compute_uv=False)
    flat = np.concatenate([lines["SGD"], lines["Adam"]])
    assert np.sum(flat ** 2) == pytest.approx(np.sum(spread[:2] ** 2))      # no plane holds more of the paths
    assert f"({spread[0] ** 2 / np.sum(spread ** 2):.0%})" in ax.get_xlabel()


@pytest.mark.parametrize("call, error, words", [
    (lambda net, x, t: plot.plot_confusion_matrix(3, x, t), TypeError, "plot_confusion_matrix: the first argument is a int"),
    (lambda net, x, t: plot.plot_confusion_matrix(net, t=t), TypeError, "plot_confusion_matrix: x is missing"),
    (lambda net, x, t: plot.plot_confusion_matrix(net, x), TypeError, "plot_confusion_matrix: t is missing"),
    (lambda net, x, t: plot.plot_confusion_matrix(net, x, t[:5]), ValueError, "40 predictions for 5 labels"),
    (lambda net, x, t: plot.plot_confusion_matrix(net, x, t / 2), ValueError, "t has shape .40,. and dtype float64"),
    (lambda net, x, t: plot.plot_confusion_matrix(t, t=t, names=["a"]), ValueError, "names has 1 names but there is a class 3"),
    (lambda net, x, t: plot.show_misclassified(1 - t.clip(0, 1), x[:, :15], t), ValueError, "15 pixels, which make no square"),
    (lambda net, x, t: plot.plot_weight_histograms(3), TypeError, "plot_weight_histograms: a int has no dictionary"),
    (lambda net, x, t: plot.plot_activation_histograms(3, x), TypeError, "plot_activation_histograms: a int has no layers"),
    (lambda net, x, t: plot.plot_activation_histograms(net, x, ["Relu9"]), KeyError, "no layer 'Relu9'; it has"),
    (lambda net, x, t: plot.plot_activation_histograms(net, x[:, :3]), ValueError, "x of shape .40, 3. does not pass Affine1"),
    (lambda net, x, t: plot.plot_weight_histograms(net, plt.subplots()[1]), ValueError, "axes has 1 Axes for 2 pictures"),
    (lambda net, x, t: plot.show_filters(pynn.Affine.of(3, 2)), ValueError, r"W has shape \(3, 2\)"),
    (lambda net, x, t: plot.show_filters(pynn.Convolution.of(1, 2, 3), channel=1), ValueError, "channel is 1 but the filters have 1"),
    (lambda net, x, t: plot.show_filters(pynn.Relu()), TypeError, "a Relu has no W"),
    (lambda net, x, t: plot.show_feature_maps(net, x), ValueError, "must be one image"),
    (lambda net, x, t: plot.show_feature_maps(pynn.SimpleConvNet((1, 8, 8)), np.zeros((1, 8, 8)), ["Relu2"]), KeyError, "puts out images"),
    (lambda net, x, t: plot.plot_loss_surface(net, x, t, directions="pca"), ValueError, "'pca' with paths"),
    (lambda net, x, t: plot.plot_loss_surface(net, x, t, {"SGD": []}), ValueError, "path 'SGD' is empty"),
    (lambda net, x, t: plot.plot_loss_surface(net, x, t, {"SGD": [{"W1": x}]}), ValueError, "path 'SGD' has no W1 of the network's shape"),
    (lambda net, x, t: plot.plot_loss_surface(net, x, t, {"SGD": [net.params] * 4}), ValueError, "no more than a line")])
def test_words_for_mistakes(call, error, words, x, t):
    with pytest.raises(error, match=words):
        call(pynn.MultiLayerNet(16, [6], 4), x, t)


def test_names():
    """What is offered is documented, takes Axes and says so."""
    for name in plot.__all__:
        doc = getattr(plot, name).__doc__
        assert "Parameters\n" in doc
        if name.startswith(("plot_", "show_")):
            assert any(words in doc for words in ("ax : Axes, optional", "axes : array of Axes", "axes : pair of Axes, optional")) and "Returns\n" in doc


def test_network_pickles_after_pictures(convnet, rng):
    plot.show_feature_maps(convnet, rng.random((1, 8, 8)))
    assert pickle.loads(pickle.dumps(convnet)).predict(rng.random((1, 1, 8, 8))).shape == (1, 10)
