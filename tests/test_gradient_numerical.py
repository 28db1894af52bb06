"""pynn.gradient: the derivative by central differences and what it does to its argument."""

import numpy as np
import pytest
from compare import LONGER, snapshot
from hypothesis import given
from hypothesis import strategies as st
from layouts import lay_out, shapes, values
from test_errors import refuses

from pynn import reference
from pynn.gradient import gradient_descent, numerical_diff, numerical_gradient

IN_PLACE = ("C", "F", "permuted", "strided", "negative", "offset")


def square_sum(x):
    return np.sum(x**2)


class TestNumericalDiff:
    @pytest.mark.parametrize("x", [0.3, -2, np.float64(1.5), np.array(0.7)])
    def test_central(self, x):
        # h^2/6 f''' = 1.7e-9 and eps |f| / h = 2e-12
        assert numerical_diff(np.sin, x) == pytest.approx(np.cos(x), abs=4e-9)

    def test_is_the_books(self):
        """The chapter's 0.01 x^2 + 0.1 x at 5 and 10, to the last digits of the difference."""
        def f(x):
            return 0.01 * x**2 + 0.1 * x
        for x in (5, 10):
            assert numerical_diff(f, x) == pytest.approx(reference.numerical_diff(f, x), abs=1e-12)

    def test_of_an_array_element_by_element(self):
        x = np.linspace(-2, 2, 7)
        np.testing.assert_allclose(numerical_diff(np.sin, x), np.cos(x), atol=4e-9)

    def test_forward_difference_is_worse(self):
        x = 1.0
        central = abs(numerical_diff(np.exp, x) - np.e)
        forward = abs(numerical_diff(np.exp, x, method="forward") - np.e)
        assert forward == pytest.approx(np.e * 1e-4 / 2, rel=1e-3)      # h/2 f''
        assert central < forward / 1000


@given(data=st.data())
def test_gradient_of_any_shape_and_layout(data):
    shape = data.draw(shapes(max_dims=4, max_side=6))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = lay_out(values(rng, shape, np.float64), data.draw(st.sampled_from(IN_PLACE)))
    before = snapshot(x)
    grad = numerical_gradient(square_sum, x)
    assert snapshot(x) == before
    assert grad.shape == x.shape and grad.dtype == x.dtype and not np.shares_memory(grad, x)
    # exact for a quadratic but for the rounding of f: eps |f| / h, f below 1 + x^2 here
    np.testing.assert_allclose(grad, 2 * x, atol=1e-11 * (1 + np.sum(x**2)))


def test_is_the_books_loop(rng):
    x = rng.standard_normal((4, 3))

    def f(x):
        return np.sum(np.tanh(x) * np.arange(12).reshape(4, 3))

    np.testing.assert_allclose(numerical_gradient(f, x), reference.numerical_gradient(f, x),
                               atol=1e-12)


def test_f_may_read_the_array_from_elsewhere(rng):
    """The book's loss_W = lambda W: self.loss(x, t) ignores its argument: a copy would give 0."""
    W = rng.standard_normal((2, 3))
    grad = numerical_gradient(lambda _: square_sum(W), W)
    np.testing.assert_allclose(grad, 2 * W, atol=1e-10)


def test_f_sees_one_element_changed_at_a_time(rng):
    x = rng.standard_normal((2, 3))
    kept = x.copy()
    seen = []

    def f(arg):
        assert arg is x
        seen.append(x - kept)
        return 0.0

    numerical_gradient(f, x)
    assert len(seen) == 12
    for i, difference in enumerate(seen):
        assert np.flatnonzero(difference.ravel()).tolist() == [i // 2]
        assert abs(difference.ravel()[i // 2]) == pytest.approx(1e-4, rel=1e-10)


def test_of_a_0d_array():
    x = np.array(3.0)
    grad = numerical_gradient(lambda x: x**2, x)
    assert grad == pytest.approx(6) and x == 3


def test_of_nothing():
    calls = []
    grad = numerical_gradient(calls.append, np.zeros((0, 3)))
    assert grad.shape == (0, 3) and calls == []


@pytest.mark.parametrize("value", [3.0, 100.0, 1e-3, -7.5])
def test_float32_is_right_to_float32(value):
    """With h = 1e-4 the difference of two float32 losses would be noise.

    The rounding of f, eps |f|, over 2h against the error h^2/6 f''' is least at h about
    (3 eps |f / f'''|)^(1/3): a relative error near eps^(2/3) = 2.4e-5 for a smooth f of order 1.
    For x^2 there is no f''', and eps |f| / h remains.
    """
    x = np.array([value, 1.0], np.float32)
    before = snapshot(x)
    grad = numerical_gradient(lambda x: np.sum(x**2), x)
    assert grad.dtype == np.float32 and snapshot(x) == before
    np.testing.assert_allclose(grad[0], 2 * value, rtol=1e-3 if abs(value) > 0.1 else 0, atol=1e-4)


def test_float32_of_a_smooth_function(rng):
    x = rng.standard_normal(20).astype(np.float32)
    grad = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
    np.testing.assert_allclose(grad, np.cos(x.astype(np.float64)), atol=2e-3)


@pytest.mark.parametrize("result", [2.0, 2, np.float32(2), np.float64(2), np.array(2.0),
                                    np.array([2.0]), True])
def test_what_counts_as_a_scalar(result):
    """A number, a 0-d array, and as in the book an array of one element."""
    np.testing.assert_array_equal(numerical_gradient(lambda x: result, np.ones(2)), [0, 0])


@pytest.mark.parametrize("result", [np.ones(2), [1.0, 2.0], None, "loss", np.ones((2, 2)), 1j,
                                    np.ones(0)])
def test_f_that_gives_no_scalar(result):
    x = np.array([1.0, 2.0])
    before = snapshot(x)
    refuses(TypeError, "numerical_gradient f", numerical_gradient, lambda x: result, x)
    assert snapshot(x) == before


class Oops(Exception):
    pass


@pytest.mark.parametrize("error", [Oops, KeyboardInterrupt])
@pytest.mark.parametrize("call", range(8))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_f_that_raises_midway_leaves_x(dtype, call, error):
    """Bit for bit: x + h - h is not x."""
    x = np.array([0.1, 1e-9, -0.0, np.pi], dtype)
    before = snapshot(x)
    calls = []

    def f(x):
        if len(calls) == call:
            raise error("midway")
        calls.append(None)
        return float(np.sum(x))

    with pytest.raises(error, match="midway"):
        numerical_gradient(f, x)
    assert len(calls) == call and snapshot(x) == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_stay_where_they_are(value):
    x = np.array([value, 1.0])
    before = snapshot(x)
    with np.errstate(invalid="ignore"):
        grad = numerical_gradient(lambda x: x[1]**2, x)
    assert snapshot(x) == before
    assert grad[1] == pytest.approx(2, abs=1e-10)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float16, *LONGER, complex, bool,
                                   object])
def test_x_of_another_dtype(dtype):
    """[3, 4] as integers gave the book [25000, 35000]: 3 + h is 3."""
    x = np.array([3, 4], dtype)
    refuses(TypeError, f"numerical_gradient x {x.dtype}", numerical_gradient, square_sum, x)
    np.testing.assert_array_equal(x, np.array([3, 4], dtype))


@pytest.mark.parametrize("x", [3.0, [3.0, 4.0], None, "x"])
def test_x_that_is_no_array(x):
    refuses(TypeError, "numerical_gradient x", numerical_gradient, square_sum, x)


@pytest.mark.parametrize("f", [3.0, None, "f"])
def test_f_that_cannot_be_called(f):
    refuses(TypeError, "numerical_gradient f", numerical_gradient, f, np.ones(2))


@pytest.mark.parametrize("layout", ["readonly", "unaligned", "swapped", "broadcast"])
def test_x_that_cannot_be_changed_in_place(layout):
    x = lay_out(np.full((2, 2), 3.0), layout)
    before = snapshot(x)
    refuses(TypeError, "numerical_gradient x", numerical_gradient, square_sum, x)
    assert snapshot(x) == before


class TestGradientDescent:
    def test_is_the_books(self):
        start = np.array([-3.0, 4.0])
        x, path = gradient_descent(square_sum, start, lr=0.1, step_num=100)
        want, want_path = reference.gradient_descent(square_sum, start, lr=0.1, step_num=100)
        np.testing.assert_allclose(x, want, atol=1e-12)
        np.testing.assert_allclose(path[:100], want_path, atol=1e-10)
        np.testing.assert_array_equal(start, [-3, 4])

    @pytest.mark.parametrize("lr, check", [(10.0, lambda x: np.abs(x).max() > 1e6),
                                           (1e-10, lambda x: np.allclose(x, [-3, 4]))])
    def test_bad_rates_do_what_they_do_in_the_book(self, lr, check):
        x, _ = gradient_descent(square_sum, np.array([-3.0, 4.0]), lr=lr, step_num=100)
        assert check(x)

    def test_no_steps(self):
        x, path = gradient_descent(square_sum, np.array([1.0, 2.0]), step_num=0)
        np.testing.assert_array_equal(x, [1, 2])

    def test_result_is_not_the_start(self):
        start = np.array([1.0])
        x, path = gradient_descent(square_sum, start, step_num=1)
        assert not np.shares_memory(x, start) and not np.shares_memory(path, start)
        assert not np.shares_memory(x, path)

    @pytest.mark.parametrize("dtype", [np.float16, *LONGER, complex, object])
    def test_dtype(self, dtype):
        refuses(TypeError, f"gradient_descent init_x {np.dtype(dtype)}", gradient_descent, square_sum,
                np.ones(2, dtype))


def test_minus_one_is_no_error():
    """What C's conversion returns where it fails."""
    np.testing.assert_array_equal(numerical_gradient(lambda x: -1.0, np.ones(3)), np.zeros(3))
    np.testing.assert_array_equal(numerical_gradient(lambda x: -1, np.ones(3)), np.zeros(3))
