"""smooth_curve, shuffle_dataset and conv_output_size."""

import numpy as np
import pytest

import pynn
from pynn.util import conv_output_size, shuffle_dataset, smooth_curve


def windowed_means(x):
    """smooth_curve written point by point, for 2 values and more."""
    x = [float(value) for value in x]
    n = len(x)
    window = np.kaiser(11, 2)
    window /= window.sum()

    def mirrored(i):
        if i >= n:
            return mirrored(2 * n - 1 - i)      # repeats the last point
        i = abs(i) % (2 * n - 2)                # does not repeat the first
        return x[min(i, 2 * n - 2 - i)]

    return [sum(w * mirrored(i + k) for k, w in zip(range(-5, 6), window)) for i in range(n)]


@pytest.mark.parametrize("n", [2, 3, 5, 10, 11, 12, 50, 1000])
def test_smooth_curve_is_the_windowed_mean(n):
    x = np.random.default_rng(n).normal(size=n)
    np.testing.assert_allclose(smooth_curve(x), windowed_means(x), rtol=0, atol=1e-14)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9, 10, 11, 40])
def test_smooth_curve_keeps_length_and_constants(n):
    y = smooth_curve(np.full(n, 2.5))
    assert y.shape == (n,) and y.dtype == np.float64
    np.testing.assert_allclose(y, 2.5, rtol=1e-15)


def test_smooth_curve_takes_lists_integers_and_leaves_its_input():
    losses = [3, 2, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0]
    before = list(losses)
    np.testing.assert_array_equal(smooth_curve(losses), smooth_curve(np.array(losses, float)))
    assert losses == before


@pytest.mark.parametrize("x", [[], np.zeros((3, 4)), 1.0])
def test_smooth_curve_refuses_other_shapes(x):
    with pytest.raises(ValueError, match=r"smooth_curve: x has shape"):
        smooth_curve(x)


@pytest.mark.parametrize("shape", [(20,), (20, 3), (20, 1, 4, 4)])
@pytest.mark.parametrize("classes", [None, 10])
def test_shuffle_keeps_pairs(shape, classes):
    x = np.arange(np.prod(shape)).reshape(shape)
    t = np.arange(20) if classes is None else np.arange(200).reshape(20, 10)
    np.random.seed(3)
    xs, ts = shuffle_dataset(x, t)
    np.random.seed(3)
    order = np.random.permutation(20)   # what the book's code draws
    np.testing.assert_array_equal(xs, x[order])
    np.testing.assert_array_equal(ts, t[order])
    assert not np.array_equal(xs, x)
    assert not np.shares_memory(xs, x) and not np.shares_memory(ts, t)
    assert xs.dtype == x.dtype and xs.flags.writeable


def test_shuffle_names_both_lengths():
    with pytest.raises(ValueError, match="x has 20 examples but t has 19 labels"):
        shuffle_dataset(np.zeros((20, 2)), np.zeros(19))


@pytest.mark.parametrize("x, t", [(1.0, [1]), ([1], 1.0)])
def test_shuffle_refuses_single_numbers(x, t):
    with pytest.raises(ValueError, match="axis of examples"):
        shuffle_dataset(x, t)


@pytest.mark.parametrize("name", ["smooth_curve", "shuffle_dataset", "im2col", "col2im"])
def test_the_names_of_the_book_are_at_the_top(name):
    assert getattr(pynn, name) is getattr(pynn.util, name)


@pytest.mark.parametrize("size, window, stride, pad", [(28, 5, 1, 0), (28, 4, 2, 1), (7, 3, 2, 0), (4, 4, 3, 0), (8, 3, 1, 1)])
def test_conv_output_size_counts_the_windows(size, window, stride, pad):
    image = np.zeros((1, 1, size, window))
    rows = pynn.im2col(np.pad(image, [(0, 0), (0, 0), (pad, pad), (0, 0)]), window, window, stride)
    assert conv_output_size(size, window, stride, pad) == len(rows)


def test_conv_output_size_of_a_window_that_does_not_fit():
    assert conv_output_size(8, 3, stride=2) == 3.5


@pytest.mark.parametrize("x", [10**400, "curve", [[1], [1, 2]], {}])
def test_what_is_no_curve(x):
    with pytest.raises(TypeError, match="smooth_curve: x (has dtype|is a list that cannot be read)"):
        smooth_curve(x)
