"""gradient_check: right networks pass whatever the input, nothing of the reader's changes, and bad input is put into words."""

import copy
import random

import numpy as np
import pytest

import pynn
from pynn import reference

SEEDS = range(10)
CONV = {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}
SETTINGS = [{}, {"weight_init_std": 0.01}, {"weight_decay_lambda": 0.1}, {"use_batchnorm": True},
            {"use_dropout": True, "dropout_ration": 0.3},
            {"use_batchnorm": True, "use_dropout": True, "weight_decay_lambda": 0.05}]


def kinds_of_input(rng, *shape):
    """Smooth inputs and those of kinks and ties: zeros, few different values, pixels, equal samples."""
    return [rng.standard_normal(shape), np.zeros(shape), rng.integers(-1, 2, shape).astype(float),
            rng.integers(0, 2, shape) * rng.integers(0, 256, shape).astype(float), np.ones(shape)]


def passes(what, x, t=None):
    report = pynn.gradient_check(what, x, t)
    assert report.ok and not report.diagnoses, report


class TestRightNetworks:
    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("activation", ["relu", "sigmoid"])
    def test_perceptrons(self, seed, activation):
        np.random.seed(seed)
        rng = np.random.default_rng(seed)
        x, t = kinds_of_input(rng, 3, 4)[seed % 5], rng.integers(0, 3, 3)
        t = t if seed % 2 else np.eye(3)[t]
        for book in (pynn, reference):
            passes(book.TwoLayerNet(4, 3, 3, 0.01, activation=activation), x, t)
            passes(book.MultiLayerNet(4, [3, 3, 3], 3, activation=activation), x, t)
            for settings in SETTINGS:
                passes(book.MultiLayerNetExtend(4, [3, 2], 3, activation=activation, **settings), x, t)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_convolutional_networks(self, seed):
        np.random.seed(seed)
        rng = np.random.default_rng(seed)
        x, t = kinds_of_input(rng, 2, 1, 6, 6)[seed % 5], rng.integers(0, 3, 2)
        for book in (pynn, reference):
            passes(book.SimpleConvNet((1, 6, 6), CONV, 4, 3, 0.01 if seed % 2 else 1.0), x, t)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_deep_convolutional_network(self, seed):
        np.random.seed(seed)
        rng = np.random.default_rng(seed)
        small = [{"filter_num": 2, "filter_size": 3, "pad": pad, "stride": 1} for pad in (1, 1, 1, 2, 1, 1)]
        passes(pynn.DeepConvNet((1, 8, 8), *small, hidden_size=4, output_size=3), kinds_of_input(rng, 2, 1, 8, 8)[seed % 5],
               rng.integers(0, 3, 2))

    def test_a_network_that_is_sure_and_wrong(self, rng):
        """The 1e-7 inside the logarithm flattens the loss there; backprop leaves it out, as the book does."""
        np.random.seed(0)
        net = pynn.TwoLayerNet(5, 4, 3, 20.0)
        report = pynn.gradient_check(net, rng.standard_normal((6, 5)), np.zeros(6, int))
        assert report and "section 4.2.2" in str(report)
        assert pynn.gradient_check(pynn.SoftmaxWithLoss(), 100 * rng.standard_normal((6, 3)), np.zeros(6, int))

    def test_float32_is_checked_in_float64(self, rng):
        x = rng.standard_normal((4, 5)).astype(np.float32)
        for book in (pynn, reference):
            passes(book.TwoLayerNet(5, 4, 3, dtype=np.float32), x, np.array([0, 1, 2, 0]))

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_relu_that_writes_into_dout_as_the_book_has_it(self, seed):
        class Relu:
            def forward(self, x):
                self.mask = x <= 0
                out = x.copy()
                out[self.mask] = 0
                return out

            def backward(self, dout):
                dout[self.mask] = 0
                return dout

        rng = np.random.default_rng(seed)
        net = reference.TwoLayerNet(4, 5, 3, 0.5)
        net.layers["Relu1"] = Relu()
        passes(net, kinds_of_input(rng, 4, 4)[seed % 5], rng.integers(0, 3, 4))

    def test_chapter_4_without_layers(self, rng):
        passes(Chapter4(), rng.standard_normal((4, 5)), np.array([0, 1, 2, 0]))


class Chapter4:
    """Two layers written out, as in chapter 4."""

    derivative = staticmethod(reference.sigmoid_grad)

    def __init__(self):
        rng = np.random.default_rng(2)
        self.params = {"W1": rng.standard_normal((5, 4)), "b1": rng.standard_normal(4), "W2": rng.standard_normal((4, 3)),
                       "b2": rng.standard_normal(3)}

    def predict(self, x):
        p = self.params
        return reference.softmax(reference.sigmoid(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"])

    def loss(self, x, t):
        return reference.cross_entropy_error(self.predict(x), t)

    def gradient(self, x, t):
        p = self.params
        a = x @ p["W1"] + p["b1"]
        z = reference.sigmoid(a)
        dy = (self.predict(x) - np.eye(3)[t]) / len(x)
        da = self.derivative(a) * (dy @ p["W2"].T)
        return {"W1": x.T @ da, "b1": da.sum(axis=0), "W2": z.T @ dy, "b2": dy.sum(axis=0)}


class TestRightLayersAndFunctions:
    @pytest.mark.parametrize("book", [pynn, reference], ids=["pynn", "reference"])
    def test_layers(self, book, rng):
        x, images = rng.standard_normal((4, 3)), rng.standard_normal((2, 2, 5, 5))
        passes(book.Affine(rng.standard_normal((3, 2)), rng.standard_normal(2)), x)
        passes(book.Relu(), np.array([[-1.0, 0.0, 2.0]]))
        passes(book.Sigmoid(), x)
        passes(book.MulLayer(), x, 2 * x)
        passes(book.AddLayer(), x, 2 * x)
        passes(book.SoftmaxWithLoss(), x, np.array([0, 2, 1, 1]))
        passes(book.BatchNormalization(np.ones(3), np.zeros(3)), x)
        passes(book.BatchNormalization(np.ones(3), np.zeros(3)), np.ones((4, 3)))
        passes(book.Dropout(0.3), x)
        passes(book.Convolution(rng.standard_normal((3, 2, 3, 3)), np.zeros(3), 2, 1), images)
        passes(book.Pooling(2, 2, 1), images)
        passes(book.Pooling(2, 2, 2), np.zeros((1, 1, 4, 4)))

    def test_pooling_that_shares_out_among_ties(self):
        class Shares(reference.Pooling):
            def backward(self, dout):
                windows = self.x.reshape(*dout.shape[:3], 2, dout.shape[3], 2)
                largest = windows == windows.max(axis=(3, 5), keepdims=True)
                share = largest / largest.sum(axis=(3, 5), keepdims=True)
                return (share * dout[:, :, :, None, :, None]).reshape(self.x.shape)

        passes(Shares(2, 2, 2), np.zeros((1, 1, 4, 4)))

    def test_a_generator_of_its_own(self, rng):
        class Drop:
            def __init__(self):
                self.rng = np.random.default_rng(0)

            def forward(self, x):
                self.mask = self.rng.random(x.shape) > 0.5
                return x * self.mask

            def backward(self, dout):
                return dout * self.mask

        passes(Drop(), rng.standard_normal((4, 3)))

    def test_layers_with_lists_of_parameters(self, rng):
        """As in the book's second volume."""
        class MatMul:
            def __init__(self, W):
                self.params, self.grads = [W], [np.zeros_like(W)]

            def forward(self, x):
                self.x = x
                return x @ self.params[0]

            def backward(self, dout):
                self.grads[0][...] = self.x.T @ dout
                return dout @ self.params[0].T

        report = pynn.gradient_check(MatMul(rng.standard_normal((3, 2))), rng.standard_normal((4, 3)))
        assert report and [p.name for p in report.parameters] == ["x", "params[0]"]

    def test_functions(self, rng):
        x = rng.standard_normal(5)
        assert pynn.gradient_check(lambda x: np.sum(x**3), x, lambda x: 3 * x**2)
        assert pynn.gradient_check(lambda x: np.sum(x**3), x, 3 * x**2)
        assert pynn.gradient_check(pynn.sigmoid, x, pynn.sigmoid_grad)
        assert pynn.gradient_check(pynn.relu, np.zeros(3), pynn.relu_grad)
        assert pynn.gradient_check(lambda x: x**2, [3, 4], lambda x: 2 * x)
        assert not pynn.gradient_check(lambda x: np.sum(x**3), x, lambda x: 2 * x**2)


class TestNothingChanges:
    def test_arrays_network_and_random_numbers(self, rng):
        np.random.seed(1)
        net = reference.MultiLayerNetExtend(5, [4], 3, use_dropout=True)
        x, t = rng.standard_normal((4, 5)), np.array([0, 1, 2, 0])
        x.flags.writeable = t.flags.writeable = False
        before, numbers, python = copy.deepcopy(net.params), np.random.get_state()[1].copy(), random.getstate()
        pynn.gradient_check(net, x, t)
        for name, param in net.params.items():
            np.testing.assert_array_equal(param, before[name])
        assert net.layers["Affine1"].x is None, "it never saw a forward pass"
        np.testing.assert_array_equal(np.random.get_state()[1], numbers)
        assert random.getstate() == python

    def test_a_gradient_that_changes_its_network(self, rng):
        class Trains(reference.TwoLayerNet):
            def gradient(self, x, t):
                grads = super().gradient(x, t)
                for name, param in self.params.items():
                    param -= 0.1 * grads[name]
                return grads

        net, x, t = Trains(5, 4, 3), rng.standard_normal((4, 5)), np.array([0, 1, 2, 0])
        before = copy.deepcopy(net.params)
        pynn.gradient_check(net, x, t)
        for name, param in net.params.items():
            np.testing.assert_array_equal(param, before[name])

    def test_params_of_the_class(self, rng):
        class Shared(Chapter4):
            params = Chapter4().params

            def __init__(self):
                pass

        before = copy.deepcopy(Shared.params)
        pynn.gradient_check(Shared(), rng.standard_normal((4, 5)), np.array([0, 1, 2, 0]))
        for name, param in Shared.params.items():
            np.testing.assert_array_equal(param, before[name])


class TestTrustsNothing:
    def test_numerical_gradient_of_the_network(self, rng):
        class Copies(reference.TwoLayerNet):
            def gradient(self, x, t):
                return {name: 2 * grad for name, grad in super().gradient(x, t).items()}

            numerical_gradient = gradient

        assert not pynn.gradient_check(Copies(5, 4, 3, 0.5), rng.standard_normal((4, 5)), np.array([0, 1, 2, 0]))

    @pytest.mark.parametrize("entries", [100, None])
    def test_one_entry_of_thousands(self, entries, rng):
        """Not among those compared one by one; the random directions find it."""
        class OneEntry(reference.TwoLayerNet):
            def gradient(self, x, t):
                grads = super().gradient(x, t)
                grads["W1"][17, 23] *= 1.01
                return grads

        np.random.seed(0)
        net = OneEntry(60, 40, 5, 0.3, activation="sigmoid")
        report = pynn.gradient_check(net, rng.random((5, 60)), np.arange(5), entries=entries)
        assert [(p.name, p.index, p.off) for p in report.parameters if p.off] == [("W1", (17, 23), 1)]
        assert report.worst.name == "W1" and "W1[17, 23]" in str(report)

    @pytest.mark.parametrize("factor", [1.01, -1, np.nan])
    def test_any_entry(self, factor, rng):
        class OneEntry(Chapter4):
            def gradient(self, x, t):
                grads = super().gradient(x, t)
                grads["b1"][3] *= factor
                return grads

        report = pynn.gradient_check(OneEntry(), rng.standard_normal((4, 5)), np.array([0, 1, 2, 0]))
        assert [(p.name, p.index, p.off) for p in report.parameters if p.off] == [("b1", (3,), 1)]

    def test_kinks_hide_no_bug_beside_them(self, rng):
        class Off(reference.TwoLayerNet):
            def gradient(self, x, t):
                grads = super().gradient(x, t)
                grads["W1"][:, 0] *= 1.1
                return grads

        x = np.abs(rng.standard_normal((4, 5)))
        for kind, right in ((reference.TwoLayerNet, True), (Off, False)):
            np.random.seed(0)
            net = kind(5, 4, 3, 0.3)
            net.params["b1"][...] = -(x[0] @ net.params["W1"])      # sample 0 lies at every unit's kink
            report = pynn.gradient_check(net, x, np.array([0, 1, 2, 0]))
            assert report.ok is right
            assert {p.name: p.kinks for p in report.parameters}["b1"] == 4


class TestInWords:
    X, T = np.ones((4, 5)), np.array([0, 1, 2, 0])

    def words(self, says, what, x=X, t=T, error=TypeError):
        with pytest.raises(error, match=f"^gradient_check: {says}"):
            pynn.gradient_check(what, x, t)

    def test_what_cannot_be_checked(self):
        self.words("Relu is a class; give an object of it", reference.Relu)
        self.words("this object has no loss and no gradient; give a network with params", object())
        self.words("what is the gradient of sin", np.sin, t=None)
        self.words("a network needs labels", Chapter4(), t=None)
        self.words("x has 4 samples but t has 3 labels", Chapter4(), t=self.T[:3], error=ValueError)
        net = Chapter4()
        del net.params
        self.words("this Chapter4 has no dict params", net)
        net = Chapter4()
        net.file = (n for n in "no copy")
        self.words("this Chapter4 cannot be copied", net)

    def test_gradient_that_is_no_dict(self):
        class Lists(Chapter4):
            def gradient(self, x, t):
                return list(super().gradient(x, t).values())

        self.words(r"Lists.gradient returned a list; it must return a dict with the keys of params \(section 4.5.1\)", Lists())

    def test_gradient_that_raises(self):
        class Raises(Chapter4):
            def gradient(self, x, t):
                return self.nowhere

        self.words("computing the gradient of Raises raised AttributeError: .*nowhere", Raises(), error=RuntimeError)

    def test_loss_that_is_not_finite(self):
        net = Chapter4()
        net.params["W1"][0, 0] = np.nan
        self.words(r"the loss of Chapter4 is nan, which has no derivative.*section 3.5.2", net, error=ValueError)

    def test_loss_that_differs_each_time(self):
        class Counts(Chapter4):
            calls = 0

            def loss(self, x, t):
                self.calls += 1
                return super().loss(x, t) + self.calls

        self.words("the loss of Counts is .*, then .* for the same input", Counts(), error=ValueError)

    def test_float32_whatever_comes(self):
        class Single(Chapter4):
            def gradient(self, x, t):
                return {name: grad.astype(np.float32) for name, grad in super().gradient(x, t).items()}

        self.words("the gradient of W1 is float32 even on a float64 copy of Single", Single(), error=ValueError)

    def test_shape_and_missing_key_are_in_the_report(self):
        class Shape(Chapter4):
            def gradient(self, x, t):
                grads = super().gradient(x, t)
                del grads["b2"]
                return {**grads, "b1": np.ones((1, 4))}

        report = pynn.gradient_check(Shape(), self.X, self.T)
        assert not report and [p.name for p in report.parameters if p.problem] == ["b1", "b2"]
        assert "the gradient of b1 has shape (1, 4) but b1 has shape (4,); they must be equal" in str(report)
        assert "Shape gives no gradient for b2" in str(report)


class TestReport:
    @pytest.fixture
    def wrong(self, rng):
        class Wrong(Chapter4):
            derivative = staticmethod(lambda a: 1.0)

        return pynn.gradient_check(Wrong(), rng.standard_normal((4, 5)), np.array([0, 1, 2, 0]))

    def test_assert_ok(self, wrong, rng):
        with pytest.raises(AssertionError, match="gradient check failed at W1.*diagnosis: derivative-forgotten"):
            try:
                wrong.assert_ok()
            except AssertionError as error:
                raise AssertionError(str(error).replace("\n", " ")) from None
        pynn.gradient_check(Chapter4(), rng.standard_normal((4, 5)), np.array([0, 1, 2, 0])).assert_ok()

    def test_table(self, wrong):
        assert repr(wrong) == str(wrong)
        lines = str(wrong).splitlines()
        assert [line.split()[0] for line in lines[2:6]] == ["W1", "b1", "W2", "b2"]
        assert wrong.worst.name in ("W1", "b1") and wrong.worst.error > 0.1
        assert wrong.diagnosis is wrong.diagnoses[0] and wrong.diagnosis.section == "5.5.2"
        html = wrong._repr_html_()
        assert html.count("<tr") == 5 and "derivative-forgotten" in html and "<lambda>" not in html

    def test_plot(self, wrong):
        pytest.importorskip("matplotlib").use("Agg")
        axes = wrong.plot()
        assert [ax.get_title() for ax in axes[:5]] == ["W1 (5, 4)", "b1 (4,)", "W2 (4, 3)", "b2 (3,)", "Error against h"]
        curves = {line.get_label(): line.get_ydata() for line in axes[4].get_lines()}
        assert curves["W1"].min() > 1e-2, "no step makes a wrong gradient right"
        assert curves["W2"].min() < 1e-5 < curves["W2"].max(), "a right one is best in the middle"
        import matplotlib.pyplot as plt
        plt.close("all")

    def test_not_compared_entries_are_left_blank(self, rng):
        report = pynn.gradient_check(pynn.TwoLayerNet(60, 40, 3), rng.random((3, 60)), np.arange(3), entries=50)
        assert np.isfinite(report.errors["W1"]).sum() == 50
        assert [p.checked for p in report.parameters] == [50, 40, 50, 3]
