"""What readers of the book stumble over, a test each: pynn says so in a sentence, or the trap is not there."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from broken_layers import example

import pynn
import pynn._core as _core
from pynn import _unbuilt, reference

X, T = np.random.default_rng(0).random((4, 3)), np.array([0, 2, 1, 2])


class Net(reference.TwoLayerNet):
    """The reader's own, in NumPy."""


@pytest.fixture
def net():
    np.random.seed(0)
    return Net(3, 4, 3, 0.5)


# ---- silent wrong answers ----

def test_labels_of_shape_n_1(net):
    for f in (pynn.cross_entropy_error, pynn.softmax_loss, pynn.SoftmaxWithLoss().forward):
        with pytest.raises(ValueError, match=r"t has shape \(4, 1\) .* use t.ravel\(\)"):
            f(X, T[:, None])
    with pytest.raises(ValueError, match=r"gradient_check: t has shape \(4, 1\).*t.ravel\(\) \(section 4.2.4\)"):
        pynn.gradient_check(net, X, T[:, None])
    assert "(section 4.2.4)" in str(pynn.diagnose(net, X, T[:, None]).findings[-1])


def test_bias_of_length_1():
    with pytest.raises(ValueError, match=r"Affine.forward: b has shape \(1,\) but W has 2 columns; b must be \(2,\)"):
        pynn.Affine(np.ones((3, 2)), np.zeros(1)).forward(X)
    report = pynn.gradient_check(reference.Affine(np.ones((3, 2)), np.zeros(1)), X)
    assert report.diagnosis.code == "bias-length" and "np.zeros(2)" in str(report) and report.diagnosis.section == "5.6.2"


def test_relu_that_overwrites_dout():
    layer, dout = pynn.Relu(), np.ones((4, 3))
    layer.forward(X - 0.5)
    layer.backward(dout)
    assert (dout == 1).all()

    class Overwrites(reference.Relu):
        def backward(self, dout):
            dout[self.mask] = 0
            return dout

    report = pynn.gradient_check(Overwrites(), X - 0.5)
    assert report.diagnosis.code == "dout-damaged" and "dout.copy()" in str(report) and "(section 5.5.1)" in str(report)


def test_stride_that_drops_pixels():
    net = pynn.Sequential([pynn.Convolution(np.ones((1, 1, 3, 3)), np.zeros(1), stride=2),
                           pynn.Affine(np.ones((4, 3)), np.zeros(3))])
    report = pynn.diagnose(net, np.random.default_rng(0).random((12, 1, 6, 6)), np.arange(12) % 3)
    assert "Convolution1 with stride 2 never sees the last 1 rows and 1 columns of images of 6x6" in str(report)
    assert "(section 7.2.4)" in str(report)


def test_pixels_not_divided_by_255(net):
    report = pynn.diagnose(net, np.arange(60).reshape(20, 3) * 4, np.arange(20) % 3)
    assert "pixels that were not divided; divide by 255.0, or load with normalize=True (section 3.6.1)" in str(report)


@pytest.mark.parametrize("x", [np.array([3, 4]), [3, 4]], ids=["array", "list"])
def test_integers_in_numerical_gradient(x):
    """Sum of squares at [3, 4]: with integers the book's loop gives [25000, 35000]."""
    with pytest.raises(TypeError, match="numerical_gradient: x .* changed in place; .*float64"):
        pynn.numerical_gradient(lambda x: np.sum(x**2), x)
    np.testing.assert_allclose(pynn.numerical_diff(lambda x: x**2, 3), 6)
    assert pynn.gradient_check(lambda x: np.sum(x**2), x, lambda x: 2 * x), "works on a copy in float64"


# ---- softmax, exp, log ----

def test_softmax_over_the_wrong_axis():
    report = pynn.gradient_check(*example("SoftmaxOverAxis0"))
    assert "softmax is over the wrong axis" in str(report) and "axis=1 and keepdims=True" in str(report)
    assert "(section 5.6.3)" in str(report)
    np.testing.assert_allclose(pynn.softmax(X).sum(axis=1), 1)


def test_softmax_of_one_sample_applied_to_a_batch():
    report = pynn.gradient_check(*example("SoftmaxOverTheBatch"))
    assert "over all axes, the whole batch" in str(report)


def test_overflow_and_log_of_zero(net):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(pynn.sigmoid(np.array([-1e4, 1e4])), [0, 1])
        np.testing.assert_array_equal(pynn.softmax(np.array([1e4, 0.0])), [1, 0])
        assert np.isfinite(pynn.cross_entropy_error(np.array([[0.0, 1.0]]), np.array([0])))
    net.params["W2"][0, 0] = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")         # NumPy's, of the reader's own network
        with pytest.raises(ValueError, match=r"the loss of Net is nan.* an overflow in exp or a log of 0 \(section 3.5.2\)"):
            pynn.gradient_check(net, X, T)
        assert "loss-not-finite" in pynn.diagnose(net, X, T).codes


# ---- gradients ----

def test_gradient_check_that_does_not_say_why():
    report = pynn.gradient_check(*example("network_with_a_broken_layer"))
    assert report.diagnosis.code == "relu-mask-inverted" and report.diagnosis.section == "5.5.1"
    assert "layers['Activation_function1']" in report.diagnosis.where


def test_second_backward_that_accumulates():
    report = pynn.gradient_check(*example("AffineAccumulates"))
    assert "accumulates between calls" in str(report) and "(section 5.7.2)" in str(report)
    layer = pynn.Affine(np.ones((3, 2)), np.zeros(2))
    layer.forward(X)
    layer.backward(np.ones((4, 2)))
    once = layer.dW.copy()
    layer.backward(np.ones((4, 2)))
    np.testing.assert_array_equal(layer.dW, once)


def test_why_col2im_adds():
    report = pynn.gradient_check(*example("ConvolutionOverwrites"))
    assert "col2im has = where it needs +=" in str(report) and "(section 7.4.2)" in str(report)


def test_numerical_gradient_that_never_finishes(net):
    """Chapter 4's 39,760 parameters at once, or a hundred of each array and what says how many."""
    np.random.seed(0)
    big, x, t = pynn.TwoLayerNet(784, 50, 10), np.random.default_rng(0).random((2, 784)), np.array([3, 4])
    grads, numerical = big.gradient(x, t), big.numerical_gradient(x, t)
    for name in grads:
        np.testing.assert_allclose(numerical[name], grads[name], atol=1e-6)
    report = pynn.gradient_check(big, x, t)
    assert report and [p.checked for p in report.parameters] == [100, 50, 100, 10]


def test_relu_grad_at_zero_differs_by_printing():
    """0 and 1 are both derivatives of a ReLU at 0: neither is called wrong, and what is unlike the book is said."""
    for at_zero in (0.0, 1.0):
        assert pynn.gradient_check(pynn.relu, np.zeros(3), np.full(3, at_zero))

    class Less(reference.Relu):
        def forward(self, x):
            self.mask = x < 0
            return np.where(self.mask, 0, x)

    report = pynn.gradient_check(Less(), X)
    assert report.ok and report.diagnosis.code == "relu-at-zero" and "(section 5.5.1)" in str(report)


# ---- shapes ----

@pytest.mark.parametrize("shape, says", [
    ((2, 8, 8, 1), r"its channels seem to come last, use x.transpose\(0, 3, 1, 2\)"),
    ((2, 64), r"it must be \(N, channels, height, width\): load with flatten=False"),
    ((2, 8, 8), r"grey images are x\[:, np.newaxis\]"),
])
def test_images_of_another_shape(shape, says):
    net = pynn.SimpleConvNet((1, 8, 8), {"filter_num": 2, "filter_size": 3, "pad": 0, "stride": 1}, 5, 3)
    with pytest.raises(ValueError, match=f"Convolution.forward: x has .*{says}"):
        net.predict(np.ones(shape))


def test_columns_that_do_not_fit():
    with pytest.raises(ValueError, match=r"Affine.forward: x has 4 columns but W has 3 rows \(W is 3x2\); x must be \(N, 3\)"):
        pynn.Affine(np.ones((3, 2)), np.zeros(2)).forward(np.ones((5, 4)))


def test_labels_outside_of_the_classes(net):
    with pytest.raises(IndexError, match=r"t\[0\] is 3 but y has 3 classes; labels must be in 0..2"):
        pynn.TwoLayerNet(3, 4, 3).loss(X, T + 3)
    assert "labels count from 1 to 3, outputs from 0 to 2; subtract 1: t = t - 1 (section 4.2.4)" in str(
        pynn.diagnose(net, X, np.array([1, 3, 2, 3])))


# ---- files and the machine ----

def test_old_pickles_load():
    for path in (Path(__file__).parent / "pickles").glob("*.pkl"):
        assert pynn.load_params(path), path


def test_extension_that_does_not_fit():
    says = _unbuilt.explain(ImportError("undefined symbol"))
    assert "does not fit this Python" in says and "pip install ." in says


def test_no_second_openmp_runtime():
    assert not any(name in Path(_core.__file__).read_bytes() for name in (b"libgomp", b"libomp", b"libiomp"))
