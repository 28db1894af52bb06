"""Every way to the outcome of a condition: what the other tests reach by one way alone."""

import sys

import numpy as np
import pytest
from test_errors import refuses

import pynn
from pynn import _core, layers, reference

X = np.arange(6.0).reshape(2, 3)
IMAGES = np.ones((2, 1, 4, 4))


@pytest.mark.parametrize("error, says, mask", [
    (TypeError, "mask list cannot be read", [[True], [True, False]]), (TypeError, "mask dtype float64 bool", X),
    (ValueError, "(2, 3) mask (3, 2)", np.ones((2, 3), bool).T)])
def test_masks(error, says, mask):
    refuses(error, f"Relu.backward {says}", _core.relu_backward, X, mask)


def test_a_mask_that_is_read_only_or_lies_otherwise():
    mask = np.array([[True, False, True]] * 2)
    other = np.asfortranarray(mask)
    mask.flags.writeable = False
    for m in (mask, other):
        np.testing.assert_array_equal(_core.relu_backward(X, m), np.where(mask, 0, X))


def test_a_stride_that_is_no_whole_number_of_elements():
    """Along an axis of one element any stride will do."""
    row = np.lib.stride_tricks.as_strided(X, (1, 3), (12, 8))
    np.testing.assert_array_equal(pynn.matmul(row, X.T), X[:1] @ X.T)


@pytest.mark.parametrize("b", [None, np.array([1.0, 2, 3])])
def test_a_few_rows_by_a_transposed_matrix(b):
    """Sums of small whole numbers, exact in any order."""
    x, W = np.arange(64.0).reshape(2, 32), np.arange(96.0).reshape(3, 32).T
    np.testing.assert_array_equal(layers.Affine(W, b).forward(x), x @ W + (0 if b is None else b))


class Subclass(np.ndarray):
    pass


def test_a_subclass_where_nobody_has_masked_arrays(monkeypatch):
    monkeypatch.delitem(sys.modules, "numpy.ma", raising=False)
    got = pynn.relu(X.view(Subclass))
    assert type(got) is np.ndarray and (got == X).all()


class Several(list):
    """A sequence that is a number as well: an array, then."""

    def __float__(self):
        raise AssertionError("nobody asks")


def test_a_bias_that_is_a_sequence_and_a_number():
    got = layers.Convolution(np.ones((2, 1, 4, 4)), Several([1.0, 2.0])).forward(IMAGES)
    np.testing.assert_array_equal(got[0, :, 0, 0], [17, 18])


class Index:
    def __index__(self):
        return 2


def test_a_number_that_knows_only_to_be_an_index():
    params = {"W": np.ones(2)}
    pynn.SGD(Index()).update(params, {"W": np.ones(2)})
    assert (params["W"] == -1).all()


PLACES = np.zeros((2, 2, 2, 1), np.uint8)


@pytest.mark.parametrize("index", [[[[[0]]]], PLACES.astype(np.int32), PLACES[:, ::-1], PLACES[0], PLACES[:1]], ids=range(5))
def test_what_pooling_took_is_that_of_forward(index):
    W, pooled = np.ones((1, 1, 3, 3)), np.ones((2, 1, 2, 2))
    assert _core.conv_block_backward(IMAGES, W, pooled, pooled, PLACES, 1, 1, True)[0].shape == IMAGES.shape
    refuses(ValueError, "Convolution.backward what pooling took", _core.conv_block_backward, IMAGES, W, pooled, pooled, index, 1, 1, True)


LARGEST = np.zeros((2, 1, 2, 2), np.int32)


@pytest.mark.parametrize("index", [[[[[0]]]], LARGEST.astype(np.int64), LARGEST[..., ::-1], LARGEST[0], LARGEST[:1]], ids=range(5))
def test_the_places_of_the_largest_pixels_are_those_of_forward(index):
    dout = np.ones((2, 1, 2, 2))
    assert _core.pool_backward(dout, LARGEST, IMAGES.shape, 2, 2, 2, 0).sum() == 8
    refuses(ValueError, "Pooling.backward places of the largest pixels", _core.pool_backward, dout, index, IMAGES.shape, 2, 2, 2, 0)


@pytest.mark.parametrize("shape", [(1, 1, 0, 3), (1, 1, 3, 0)])
def test_filters_without_pixels(shape):
    refuses(ValueError, f"Convolution.forward W has filters of {shape[2]}x{shape[3]} at least one", layers.Convolution(np.ones(shape), None).forward,
            IMAGES)


@pytest.mark.parametrize("x, t, error", [
    (X[0], np.array([[[0.0, 1, 0]]]), ValueError), (X, np.ones((3, 2)), ValueError), (X[:1], np.array([0.0, 1, 0]), None),
    (X[0], np.array([[0.0, 1, 0]]), None)])
def test_targets_of_one_sample_and_of_several(x, t, error):
    if error:
        refuses(error, "softmax_loss t shape", pynn.softmax_loss, x, t)
    else:
        assert pynn.softmax_loss(x, t) == pynn.softmax_loss(X[:1], [1])


# channels, filters, height and width of a filter, stride, pixels: one thing each that Winograd's way does not take
@pytest.mark.parametrize("c, fn, fh, fw, stride, size", [
    (16, 16, 3, 2, 1, 9), (16, 16, 2, 3, 1, 9), (16, 16, 3, 3, 2, 9), (2, 16, 3, 3, 1, 9), (16, 2, 3, 3, 1, 9), (16, 16, 3, 3, 1, 3)])
def test_convolutions_that_are_nearly_winograds(c, fn, fh, fw, stride, size, rng):
    """Small whole numbers: every sum is exact, in whatever order, so the results are the formula's to the bit."""
    x, W, b = (rng.integers(-4, 5, shape).astype(np.float32) for shape in ((2, c, size, size), (fn, c, fh, fw), (fn,)))
    ours, book = layers.Convolution(W, b, stride, 0), reference.Convolution(W, b, stride, 0)
    out = ours.forward(x)
    np.testing.assert_array_equal(out, book.forward(x))
    dout = rng.integers(-4, 5, out.shape).astype(np.float32)
    np.testing.assert_array_equal(ours.backward(dout), book.backward(dout))
    np.testing.assert_array_equal(ours.dW, book.dW)
    np.testing.assert_array_equal(ours.db, book.db)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")      # NumPy would rather not have strides set
def test_x_whose_strides_a_function_changes():
    x = np.arange(4.0).reshape(2, 2)

    def f(v):
        v.strides = (8, 16)
        return 1.0

    refuses(RuntimeError, "numerical_gradient changed its shape", pynn.numerical_gradient, f, x)
