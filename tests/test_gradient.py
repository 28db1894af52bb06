"""numerical_diff, numerical_gradient and gradient_descent: the book's digits, float32, and an f that misbehaves."""

import gc
import operator
import signal
import sys

import numpy as np
import pytest

from pynn import reference
from pynn.gradient import gradient_descent, numerical_diff, numerical_gradient


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)


@pytest.mark.parametrize("order", ["C", "F"])
def test_gradient_has_the_books_digits(rng, order):
    x = np.array(rng.standard_normal((5, 7)), order=order)
    np.testing.assert_array_equal(numerical_gradient(rosenbrock, x), reference.numerical_gradient(rosenbrock, x))


def test_f_gets_the_very_array_and_sees_it_through_views(rng):
    x = rng.standard_normal((3, 4))
    view, seen = x.T[::-1], []

    def f(arg):
        seen.append(arg is x)
        return np.sum(view**3)

    np.testing.assert_allclose(numerical_gradient(f, x), 3 * x**2, atol=1e-7)
    assert all(seen)


def test_gradient_of_a_gradient(rng):
    """f may itself differentiate: nothing is kept between calls."""
    a = rng.standard_normal((3, 3))

    def f(x):
        return numerical_gradient(lambda y: y @ a @ y, x).sum()

    # the inner gradient errs by eps / h = 2e-12, which the outer difference divides by h again
    np.testing.assert_allclose(numerical_gradient(f, rng.standard_normal(3)), (a + a.T).sum(axis=0), atol=1e-6)


@pytest.mark.parametrize("resize", [100_000, 1, 0])
@pytest.mark.parametrize("call", range(4))
def test_f_that_resizes_x(resize, call):
    x = np.arange(6.0)
    calls = []

    def f(x):
        calls.append(None)
        if len(calls) == call + 1:
            x.resize(resize, refcheck=False)
        return 0.0

    with pytest.raises(RuntimeError, match="numerical_gradient: f resized x"):
        numerical_gradient(f, x)


def test_f_that_freezes_x():
    x = np.arange(6.0)

    def f(x):
        x.flags.writeable = False
        return x[3]

    np.testing.assert_allclose(numerical_gradient(f, x), [0, 0, 0, 1, 0, 0], atol=1e-10)
    np.testing.assert_array_equal(x, np.arange(6.0))


def test_nothing_leaks():
    x = np.ones(4)

    def good(x):
        return np.float64(1)

    def bad(x):
        raise ValueError

    def calls(n):
        for f in n * (good, bad, lambda x: x, lambda x: np.ones(1)):
            try:
                numerical_gradient(f, x)
            except (ValueError, TypeError):
                pass

    def counts():
        gc.collect()
        return (sys.getrefcount(x), sys.getrefcount(good), sys.getrefcount(bad)), len(gc.get_objects())

    calls(1)
    references, objects = counts()
    calls(100)
    assert counts()[0] == references
    assert counts()[1] - objects < 50           # a leak is one a call; a few objects come and go with the interpreter


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_ctrl_c_with_an_f_in_c():
    """operator.itemgetter runs no Python code, which would look for signals itself."""
    def interrupt(signum, frame):
        raise KeyboardInterrupt

    x = np.zeros(5_000_000)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            numerical_gradient(operator.itemgetter(0), x)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not x.any()


@pytest.mark.parametrize("result", [1j, np.complex64(1), np.ones(1, complex), "1", np.str_("1"), b"1", None, [1.0],
                                    np.array(["1"])])
def test_f_that_returns_no_real_number(result):
    with pytest.raises(TypeError, match="numerical_gradient: f returned a .*; it must return one real number"):
        numerical_gradient(lambda x: result, np.ones(2))


def test_f_that_returns_the_losses_of_a_batch():
    with pytest.raises(TypeError, match=r"f returned an array of shape \(2, 3\); it must return one number"):
        numerical_gradient(lambda x: np.ones((2, 3)), np.ones(2))


@pytest.mark.parametrize("scale", [1e-4, 1.0, 50.0, 3e4])
def test_float32_error_is_as_documented(rng, scale):
    """f = c sin(x / s): rounded where c / s |x| is rounded, about 3 times 2^-24 of its largest value."""
    x = (scale * rng.uniform(0.5, 1, 50)).astype(np.float32)
    s = max(1, scale)
    grad = np.array([numerical_gradient(lambda v: np.float32(s) * np.sin(v[0] / np.float32(s)), x[i:i + 1])[0]
                     for i in range(50)])
    assert grad.dtype == np.float32
    np.testing.assert_allclose(grad, np.cos(x.astype(np.float64) / s), atol=2 * 3 * 1.5e-5 + 2.5e-6)


class TestNumericalDiff:
    @pytest.mark.parametrize("x", [3, True, np.int8(100), np.uint8(200), np.array([1, 2]), [3, 4]])
    def test_integers_are_not_truncated(self, x):
        want = 2 * np.asarray(x, np.float64)
        np.testing.assert_allclose(numerical_diff(lambda x: x**2, x), want, rtol=1e-8)

    @pytest.mark.parametrize("method, atol", [("central", 1e-4), ("forward", 4e-3)])
    def test_float32(self, method, atol):
        x = np.linspace(-2, 2, 9, dtype=np.float32)
        got = numerical_diff(np.sin, x, method=method)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, np.cos(x), atol=atol)
        assert type(numerical_diff(np.sin, x[3], method=method)) is np.float32

    def test_is_the_books_to_the_last_bit(self):
        x = np.linspace(-3, 3, 50)
        np.testing.assert_array_equal(numerical_diff(np.tanh, x), reference.numerical_diff(np.tanh, x))

    def test_x_is_not_modified(self):
        x = np.array([1.0, 2.0])

        def f(y):
            y += 1
            return y

        numerical_diff(f, x, method="forward")
        np.testing.assert_array_equal(x, [1, 2])

    def test_errors(self):
        with pytest.raises(ValueError, match="method is 'centre'; it must be 'central' or 'forward'"):
            numerical_diff(np.sin, 1.0, method="centre")
        with pytest.raises(TypeError, match="numerical_diff: x has dtype float16"):
            numerical_diff(np.sin, np.float16(1))


class TestGradientDescent:
    def test_has_the_books_digits(self):
        start = np.array([-3.0, 4.0])
        x, path = gradient_descent(rosenbrock, start, lr=1e-4, step_num=30)
        want, want_path = reference.gradient_descent(rosenbrock, start, lr=1e-4, step_num=30)
        np.testing.assert_array_equal(x, want)
        np.testing.assert_array_equal(path[:-1], want_path)
        np.testing.assert_array_equal(path[-1], x)
        np.testing.assert_array_equal(start, [-3, 4])

    def test_ascent(self):
        x, path = gradient_descent(lambda x: -np.sum((x - 2)**2), np.zeros(3), lr=0.1, step_num=100, ascent=True)
        np.testing.assert_allclose(x, 2, atol=1e-8)
        assert path.shape == (101, 3)

    @pytest.mark.parametrize("init_x, dtype", [([-3, 4], np.float64), (np.array([1, 2], np.int8), np.float64),
                                               (np.ones(2, np.float32), np.float32)])
    def test_dtype(self, init_x, dtype):
        x, path = gradient_descent(lambda x: np.sum(x**2), init_x, lr=0.1, step_num=50)
        assert x.dtype == path.dtype == dtype
        np.testing.assert_allclose(x, 0, atol=1e-3)

    def test_one_number(self):
        x, path = gradient_descent(lambda x: (x - 1)**2, 5.0, lr=0.1, step_num=200)
        np.testing.assert_allclose(x, 1, atol=1e-8)
        assert x.shape == () and path.shape == (201,)


@pytest.mark.parametrize("method", ["central", "forward"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numerical_diff_of_a_function_that_changes_what_it_gets(method, dtype):
    def f(x):
        y = x ** 2
        x *= 100
        return y

    x = np.array([1, 2, 3], dtype)
    np.testing.assert_array_equal(numerical_diff(f, x, method), numerical_diff(lambda x: x ** 2, x, method))
    np.testing.assert_array_equal(x, [1, 2, 3])
