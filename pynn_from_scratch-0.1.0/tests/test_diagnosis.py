"""The diagnosis of broken layers: each has its name, and says where to look."""

import re
from pathlib import Path

import numpy as np
import pytest
from broken_layers import BROKEN, TARGETS, X, example

import pynn
from pynn import reference


@pytest.mark.parametrize("name", BROKEN)
def test_a_bug_has_its_name(name):
    report = pynn.gradient_check(*example(name))
    assert not report
    assert report.diagnosis.code == BROKEN[name][1], report
    assert re.fullmatch(r"\d(\.\d){1,2}", report.diagnosis.section)
    assert f"diagnosis: {report.diagnosis.code}: " in str(report)


def codes(*args):
    return [d.code for d in pynn.gradient_check(*args).diagnoses]


class TestWhere:
    def test_class_method_line(self):
        where = pynn.gradient_check(*example("AffineBiasOverAxis1")).diagnosis.where
        assert re.fullmatch(r"AffineBiasOverAxis1.backward \(broken_layers.py, line \d+: self.db = np.sum\(dout, "
                            r"axis=1\)\)", where)

    def test_layer_of_a_network(self):
        report = pynn.gradient_check(*example("network_with_a_broken_layer"))
        assert len(report.diagnoses) == 1
        assert report.diagnosis.where.startswith("layers['Activation_function1']: ReluInverted.backward")

    def test_layer_of_a_pynn_network(self):
        class Inverted(pynn.Relu):
            def backward(self, dout):
                return dout * self.mask

        np.random.seed(0)
        net = pynn.TwoLayerNet(3, 6, 3, 0.5)
        net.layers["Relu1"] = Inverted()
        report = pynn.gradient_check(net, X, TARGETS)
        assert report.diagnosis.code == "relu-mask-inverted" and "Relu1" in report.diagnosis.where

    def test_two_layers(self):
        net, x, t = example("network_with_a_broken_layer")
        net.last_layer = example("SoftmaxWithoutBatchSize")[0]
        assert codes(net, x, t) == ["batch-size", "relu-mask-inverted"], "the last layer's first"

    @pytest.mark.parametrize("name, code", [("AffineDwTransposed", "transposed"), ("AffineForgetsDb", "missing")])
    @pytest.mark.parametrize("book", [pynn, reference], ids=["pynn", "reference"])
    def test_layer_that_makes_the_network_raise(self, book, name, code):
        """Weight decay cannot be added to a dW of another shape; pynn's networks miss a db."""
        np.random.seed(0)
        net = book.MultiLayerNet(3, [5, 4], 3, weight_decay_lambda=0.1)
        affine = net.layers["Affine2"]
        net.layers["Affine2"] = BROKEN[name][0](affine.W, affine.b)
        report = pynn.gradient_check(net, X, TARGETS)
        assert not report and report.diagnosis.code == code and report.diagnosis.where.startswith("layers['Affine2']"), report

    @pytest.mark.parametrize("name", ["BatchNormConstantMean", "BatchNormGammaOfX"])
    def test_batch_normalization_of_a_pynn_network(self, name):
        np.random.seed(0)
        net = pynn.MultiLayerNetExtend(3, [5, 4], 3, use_batchnorm=True)
        net.layers["BatchNorm1"] = BROKEN[name][0](np.ones(5), np.zeros(5))
        report = pynn.gradient_check(net, X, TARGETS)
        assert [d.code for d in report.diagnoses] == [BROKEN[name][1]], report

    def test_without_source(self):
        space = {"reference": reference}
        exec("class Typed(reference.Sigmoid):\n    def backward(self, dout): return dout * (1 - self.out)", space)
        assert pynn.gradient_check(space["Typed"](), X).diagnosis.where == "Typed.backward"

    def test_layers_as_attributes(self):
        class Net:
            def __init__(self):
                rng = np.random.default_rng(0)
                self.params = {"W1": rng.standard_normal((3, 3)), "b1": np.zeros(3)}
                self.affine = reference.Affine(self.params["W1"], self.params["b1"])
                self.loss_layer = example("SoftmaxWithWrongSign")[0]

            def loss(self, x, t):
                return self.loss_layer.forward(self.affine.forward(x), t)

            def gradient(self, x, t):
                self.loss(x, t)
                self.affine.backward(self.loss_layer.backward())
                return {"W1": self.affine.dW, "b1": self.affine.db}

        report = pynn.gradient_check(Net(), X, TARGETS)
        assert report.diagnosis.code == "sign" and report.diagnosis.where.startswith("loss_layer: ")


@pytest.mark.parametrize("name, code", [("ReluInverted", "relu-mask-inverted"), ("TanhZero", "zero")])
def test_another_input_shows_more(name, code):
    """Where all x are positive, an inverted mask gives zeros and no more."""
    assert codes(example(name)[0], np.abs(X)) == [code]


def test_every_code_is_in_the_documentation():
    page = (Path(__file__).parent.parent / "docs" / "checks.md").read_text(encoding="utf-8")
    for source in (Path(pynn.__file__).parent / "check").glob("*.py"):
        text = source.read_text(encoding="utf-8")
        for code in re.findall(r'(?:Finding|Diagnosis|Hypothesis|says)\(\s*"([a-z0-9-]+)"', text):
            assert f"`{code}`" in page, f"{code} of {source.name}"
    for _, code in BROKEN.values():
        assert f"`{code}`" in page, code


class TestRatio:
    """The same number from different causes is told apart by other batches."""

    class Scaled(reference.Affine):
        factor = staticmethod(lambda n: 1.0)

        def backward(self, dout):
            dx = super().backward(dout)
            self.dW = self.dW * self.factor(len(dout))
            return dx

    @pytest.mark.parametrize("factor, code, says", [
        (lambda n: n, "batch-size", "2 times the right one for a batch of 2"),
        (lambda n: 1 / n, "batch-size", "divided by the batch size once too often"),
        (lambda n: -n, "batch-size", "wrong sign"),
        (lambda n: 2.0, "factor-2", "2 times the right one"),
        (lambda n: 0.5, "factor-2", "0.5 times"),
        (lambda n: -1.0, "sign", "wrong sign"),
        (lambda n: 3.0, "factor", "3 times the right one, in every entry, whatever the batch size"),
    ])
    def test_with_two_samples(self, factor, code, says, rng):
        layer = self.Scaled(rng.standard_normal((3, 2)), np.zeros(2))
        layer.factor = factor
        report = pynn.gradient_check(layer, X[:2])
        assert report.diagnosis.code == code and says in report.diagnosis.says


class TestChapter4:
    """Networks without layers."""

    def net(self, derivative=lambda a, z: (1 - z) * z, softmax=reference.softmax, dw2=lambda a, z: z):
        class Net:
            params = {name: np.random.default_rng(1).standard_normal(shape)
                      for name, shape in (("W1", (3, 4)), ("b1", 4), ("W2", (4, 3)), ("b2", 3))}

            def _forward(self, x):
                p = self.params
                a = x @ p["W1"] + p["b1"]
                z = reference.sigmoid(a)
                return a, z, softmax(z @ p["W2"] + p["b2"])

            def loss(self, x, t):
                return reference.cross_entropy_error(self._forward(x)[2], t)

            def gradient(self, x, t):
                a, z, y = self._forward(x)
                dy = (y - np.eye(3)[t]) / len(x)
                da = derivative(a, z) * (dy @ self.params["W2"].T)
                return {"W1": x.T @ da, "b1": da.sum(axis=0), "W2": dw2(a, z).T @ dy, "b2": dy.sum(axis=0)}

        return Net()

    def test_right(self):
        assert codes(self.net(), X, TARGETS) == []

    @pytest.mark.parametrize("derivative, code", [
        (lambda a, z: 1 - z, "derivative-incomplete"),
        (lambda a, z: (1 - a) * a, "derivative-of-input"),
        (lambda a, z: reference.sigmoid_grad(z), "derivative-at-output"),
        (lambda a, z: 1.0, "derivative-forgotten"),
        (lambda a, z: z, "forward-for-derivative"),
    ])
    def test_derivative_of_the_activation(self, derivative, code):
        report = pynn.gradient_check(self.net(derivative), X, TARGETS)
        assert [d.code for d in report.diagnoses] == [code] and "the activation after layer 1" in report.diagnosis.says

    def test_softmax_of_a_vector_applied_to_a_batch(self):
        """The cause behind a gradient check that failed without saying why."""
        net = self.net(softmax=lambda x: np.exp(x) / np.sum(np.exp(x)))
        assert codes(net, X, TARGETS) == ["softmax-axis"]

    def test_input_of_the_activation_for_its_output(self):
        assert codes(self.net(dw2=lambda a, z: a), X, TARGETS) == ["wrong-operand"]


class TestFunctions:
    @pytest.mark.parametrize("f, gradient, code", [
        (lambda x: np.sum(x**2), lambda x: x, "factor-2"),
        (lambda x: np.sum(x**2), lambda x: -2 * x, "sign"),
        (lambda x: np.sum(x**2), lambda x: 0 * x, "zero"),
        (lambda x: np.sum(x**2), lambda x: 2 * x[0], "shape"),
        (pynn.sigmoid, lambda x: pynn.sigmoid_grad(pynn.sigmoid(x)), "derivative-at-output"),
        (np.tanh, lambda x: 1 - np.tanh(x), "derivative-incomplete"),
        (pynn.relu, lambda x: (x <= 0) * 1.0, "relu-mask-inverted"),
        (np.sin, np.sin, "forward-for-derivative"),
    ])
    def test_name(self, f, gradient, code):
        report = pynn.gradient_check(f, X, gradient)
        assert not report and report.diagnosis.code == code


class TestRemarks:
    """Right gradients with something to be said of them."""

    class BookRelu:
        at = staticmethod(np.less_equal)

        def forward(self, x):
            self.mask = self.at(x, 0)
            out = x.copy()
            out[self.mask] = 0
            return out

        def backward(self, dout):
            dout[self.mask] = 0
            return dout

    def test_dout_damaged_in_place(self):
        report = pynn.gradient_check(self.BookRelu(), X)
        assert report.ok and report.diagnosis.code == "dout-damaged" and not report.diagnosis.wrong
        assert "remark: dout-damaged" in str(report)

    def test_mask_taken_at_less(self):
        layer = self.BookRelu()
        layer.at = np.less
        report = pynn.gradient_check(layer, X)
        assert report.ok and "relu-at-zero" in [d.code for d in report.diagnoses]

    def test_forward_and_backward_inverted_alike(self):
        layer = self.BookRelu()
        layer.at = np.greater
        report = pynn.gradient_check(layer, X)
        assert "relu-mask-inverted" in [d.code for d in report.diagnoses]

    def test_x_damaged_in_place(self):
        class Centres:
            def forward(self, x):
                x -= 1
                return x * 2

            def backward(self, dout):
                return dout * 2

        report = pynn.gradient_check(Centres(), X.copy())
        assert report.ok and report.diagnosis.code == "input-damaged"

    def test_network_in_which_the_damage_matters(self):
        """A skip connection reads dout after the ReLU has written into it."""
        class Skip:
            def __init__(self):
                rng = np.random.default_rng(0)
                self.params = {"W1": rng.standard_normal((3, 3)), "b1": rng.standard_normal(3)}
                self.affine = reference.Affine(self.params["W1"], self.params["b1"])
                self.relu, self.last_layer = TestRemarks.BookRelu(), reference.SoftmaxWithLoss()

            def loss(self, x, t):
                z = self.affine.forward(x)
                return self.last_layer.forward(z + self.relu.forward(z), t)

            def gradient(self, x, t):
                self.loss(x, t)
                dout = self.last_layer.backward(1)
                self.affine.backward(self.relu.backward(dout) + dout)
                return {"W1": self.affine.dW, "b1": self.affine.db}

        report = pynn.gradient_check(Skip(), X, TARGETS)
        assert not report and {d.code for d in report.diagnoses} == {"dout-damaged"}
