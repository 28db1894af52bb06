"""pynn.diagnose: what is wrong with data and networks is found, and nothing is found where nothing is wrong."""

import copy

import numpy as np
import pytest

import pynn
from pynn import reference


@pytest.fixture
def data(rng):
    x = rng.random((120, 12))
    return x, (4 * x[:, 0]).astype(int) % 3


@pytest.fixture
def net():
    np.random.seed(0)
    return pynn.TwoLayerNet(12, 10, 3, 0.3)


@pytest.mark.parametrize("book", [pynn, reference], ids=["pynn", "reference"])
@pytest.mark.parametrize("settings", [{}, {"activation": "sigmoid", "weight_init_std": "xavier"}, {"use_batchnorm": True},
                                      {"use_dropout": True}])
def test_nothing_is_wrong(book, settings, data):
    np.random.seed(0)
    report = pynn.diagnose(book.MultiLayerNetExtend(12, [10, 8], 3, **settings), *data)
    assert report.ok and report, report
    assert [f.code for f in report.findings] == ["loss-at-chance", "overfits"]


def test_a_trained_network(data, net):
    net.fit(*data, epochs=30, batch_size=30, lr=0.01)
    report = pynn.diagnose(net, *data)
    assert report.ok and "loss" in [f.code for f in report.findings], report


def test_convolutional_network(rng):
    np.random.seed(0)
    net = pynn.SimpleConvNet((1, 8, 8), {"filter_num": 3, "filter_size": 3, "pad": 0, "stride": 1}, 10, 3, 0.1)
    report = pynn.diagnose(net, rng.random((60, 1, 8, 8)), np.arange(60) % 3)
    assert report.ok, report
    assert [row["name"] for row in report.layers] == ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"]


def test_regression(rng):
    x = rng.random((80, 5))
    net = pynn.Sequential([pynn.Affine.of(5, 8), pynn.Tanh(), pynn.Affine.of(8, 1)], loss=pynn.IdentityWithLoss())
    report = pynn.diagnose(net, x, x[:, :1] - x[:, 1:2], lr=0.001)
    assert report.ok and [f.code for f in report.findings] == ["overfits"], report


class TestData:
    def codes(self, net, x, t):
        report = pynn.diagnose(net, x, t)
        assert all(f.section and f.advice for f in report.findings)
        return report.codes

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_not_finite(self, bad, net, data):
        data[0][7, 3] = bad
        assert self.codes(net, *data) == ["not-finite"]

    @pytest.mark.parametrize("dtype", [np.uint8, np.float64])
    def test_pixels(self, dtype, net, data):
        assert "pixels-not-divided" in self.codes(net, (255 * data[0]).astype(np.uint8).astype(dtype), data[1])

    def test_samples_that_are_all_the_same(self, net, data):
        assert "same-samples" in self.codes(net, np.ones((120, 12)), data[1])

    def test_columns_that_never_change(self, rng):
        x = np.zeros((50, 40))
        x[:, 0] = rng.random(50)
        assert "constant-columns" in self.codes(pynn.TwoLayerNet(40, 10, 3, 0.3), x, np.arange(50) % 3)

    def test_columns_of_different_scale(self, net, data):
        data[0][:, 2] *= 1e5
        assert "scales-differ" in self.codes(net, *data)

    def test_labels_outside(self, net, data):
        assert self.codes(net, data[0], data[1] + 5) == ["labels-outside"]
        assert self.codes(net, data[0], data[1] - 1) == ["labels-outside"]
        assert self.codes(net, data[0], np.eye(4)[data[1]]) == ["labels-outside"]

    def test_labels_from_1(self, net, data):
        assert self.codes(net, data[0], data[1] + 1) == ["labels-from-1"]

    def test_shape_and_dtype_of_labels(self, net, data):
        assert self.codes(net, data[0], data[1][:, None]) == ["labels-column"]
        assert self.codes(net, data[0], data[1][:50]) == ["labels-number"]
        assert self.codes(net, data[0], data[1] * 1.0) == ["labels-not-integers"]
        assert "not-one-hot" in self.codes(net, data[0], np.eye(3)[data[1]] * 2)

    def test_balance(self, net, data):
        t = np.where(np.arange(120) < 6, np.arange(120) % 3, 0)
        assert "imbalance" in self.codes(net, data[0], t)
        assert "one-class" in self.codes(net, data[0], np.zeros(120, int))
        assert "missing-classes" in self.codes(net, data[0], np.arange(120) % 2)
        assert self.codes(net, data[0], np.eye(3)[data[1]]) == []

    def test_equal_samples_with_different_labels(self, net, data):
        x = np.concatenate([data[0], data[0][:5]])
        t = np.concatenate([data[1], (data[1][:5] + 1) % 3])
        assert self.codes(net, x, t) == ["contradictions"]

    def test_shuffled_labels_are_not_claimed_to_be_seen(self, net, data, rng):
        assert self.codes(net, data[0], rng.permutation(data[1])) == []

    def test_images_the_network_cannot_take(self, rng):
        report = pynn.diagnose(pynn.SimpleConvNet((1, 8, 8), hidden_size=5), rng.random((20, 8, 8, 1)), np.zeros(20, int))
        assert report.codes == ["predict-raises"] and "transpose(0, 3, 1, 2)" in str(report)


class TestNetwork:
    def test_dead_relus(self, net, data):
        net.params["b1"][:8] = -50
        report = pynn.diagnose(net, *data)
        assert "dead-relus" in report.codes and report.layers[1]["idle"] == 0.8

    def test_saturation(self, data):
        np.random.seed(0)
        report = pynn.diagnose(pynn.TwoLayerNet(12, 10, 3, 20.0, activation="sigmoid"), *data)
        assert {"saturation", "loss-above-chance"} <= set(report.codes)

    def test_vanishing(self, data):
        np.random.seed(0)
        report = pynn.diagnose(pynn.MultiLayerNet(12, [10] * 5, 3, weight_init_std=0.01), *data)
        assert {"activations-vanish", "cannot-overfit"} <= set(report.codes)
        report = pynn.diagnose(pynn.MultiLayerNet(12, [10] * 9, 3, "sigmoid", 0.5), *data)
        assert "gradients-vanish" in report.codes

    def test_exploding(self, data):
        np.random.seed(0)
        report = pynn.diagnose(pynn.MultiLayerNet(12, [10] * 5, 3, weight_init_std=5.0), *data)
        assert {"activations-explode", "loss-above-chance"} <= set(report.codes)

    def test_same_weights_for_all_units(self, net, data):
        net.params["W1"][...] = 0.1
        net.params["W2"][...] = 0.1
        assert "symmetric-weights" in pynn.diagnose(net, *data).codes

    def test_zero_weights(self, net, data):
        net.params["W1"][...] = net.params["W2"][...] = 0
        assert "zero-gradient" in pynn.diagnose(net, *data).codes

    def test_updates(self, net, data):
        assert "large-updates" in pynn.diagnose(net, *data, lr=50).codes
        assert "small-updates" in pynn.diagnose(net, *data, lr=1e-8).codes
        row = pynn.diagnose(net, *data, lr=0.5).params[0]
        assert row["name"] == "W1" and row["update"] == pytest.approx(0.5 * row["gradient"] / row["size"])

    def test_diverged(self, net, data):
        net.params["W2"][0, 0] = np.nan
        report = pynn.diagnose(net, *data)
        assert "loss-not-finite" in report.codes and "gradient-not-finite" in report.codes

    def test_a_gradient_that_is_wrong(self, data):
        class Wrong(reference.TwoLayerNet):
            def gradient(self, x, t):
                return {name: -grad for name, grad in super().gradient(x, t).items()}

        np.random.seed(0)
        report = pynn.diagnose(Wrong(12, 10, 3, 0.3), *data)
        assert report.codes == ["cannot-overfit"] and "pynn.gradient_check" in str(report)

    def test_stride_that_leaves_pixels_out(self, rng):
        net = pynn.Sequential([pynn.Convolution(0.3 * rng.standard_normal((4, 1, 3, 3)), np.zeros(4), stride=2), pynn.Relu(),
                               pynn.Pooling(2, 2), pynn.Affine(rng.standard_normal((16, 3)), np.zeros(3))])
        report = pynn.diagnose(net, rng.random((30, 1, 10, 10)), np.arange(30) % 3)
        assert "pixels-dropped" in report.codes and "Convolution1" in str(report)


class TestReport:
    def test_nothing_changes(self, net, data):
        before, state = copy.deepcopy(dict(net.params)), np.random.get_state()[1].copy()
        x, t = (array.copy() for array in data)
        pynn.diagnose(net, *data)
        for name, param in net.params.items():
            np.testing.assert_array_equal(param, before[name])
        np.testing.assert_array_equal(data[0], x)
        np.testing.assert_array_equal(data[1], t)
        np.testing.assert_array_equal(np.random.get_state()[1], state)

    def test_text_and_html(self, net, data):
        net.params["b1"][:8] = -50
        report = pynn.diagnose(net, *data)
        lines = str(report).splitlines()
        assert lines[0] == f"TwoLayerNet: {len(report.codes)} thing{'s' * (len(report.codes) > 1)} to look at"
        assert any(line.startswith("! dead-relus: ") and line.endswith("(section 6.2.3)") for line in lines)
        assert repr(report) == str(report) and report._repr_html_().count("<table>") == 2

    def test_a_network_without_layers(self, data):
        class Written:
            def __init__(self):
                self.net = reference.TwoLayerNet(12, 10, 3, 0.3)
                self.params = self.net.params
                self.predict, self.loss, self.gradient = self.net.predict, self.net.loss, self.net.gradient

        assert pynn.diagnose(Written(), *data).ok

    def test_what_cannot_be_diagnosed(self, data):
        with pytest.raises(TypeError, match="diagnose: this object has no predict"):
            pynn.diagnose(object(), *data)
        with pytest.raises(ValueError, match=r"diagnose: x has shape \(12,\); it must be a batch"):
            pynn.diagnose(pynn.TwoLayerNet(12, 10, 3), data[0][0], data[1][0])
