"""Accuracy of the kernels' own exp, log, tanh and sigmoid, in ulp over every magnitude there is.

References are computed in a wider type: float64 for float32, long double for float64 (skipped where that is no wider).
exp and log have no function of their own in Python. sigmoid(x) is exp(x) / (1 + exp(x)), hence exp(x) itself once
1 + exp(x) rounds to 1; and cross_entropy of a single class with p = 1 is -log q.
"""

import numpy as np
import pytest

import pynn

WIDER = {np.float32: np.float64, np.float64: np.longdouble}
DTYPES = [
    np.float32,
    pytest.param(np.float64, marks=pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52,
                                                      reason="long double is float64 here")),
]

# Half an ulp is what rounding the true value costs. exp: its last sum, and the roundings of the polynomial below it, which
# weigh up to double where the result is just under a power of two. sigmoid adds a quotient, whose denominator is as good as
# exact, sigmoid_grad a sum, two products and a quotient; tanh, a quotient of two that are as good as exact. PYNN_CPU=simple
# meets these, too.
EXP, LOG, SIGMOID, SIGMOID_GRAD, TANH = 1.0, 1.0, 2.0, 4.5, 2.0


def every_magnitude(dtype, n, rng):
    """Positive numbers from the smallest subnormal to the largest: their bit patterns are spread evenly."""
    integer = {np.float32: np.uint32, np.float64: np.uint64}[dtype]
    last = int(np.array(np.inf, dtype).view(integer))
    subnormal = np.linspace(1, int(np.array(np.finfo(dtype).tiny).view(integer)), n // 8)
    return np.concatenate([rng.integers(0, last, n).astype(integer), subnormal.astype(integer)]).view(dtype)


def ulps(got, want):
    """|got - want| in units of the last place of `want` as a number of the dtype of `got`."""
    limits = np.finfo(got.dtype)
    exponent = np.maximum(np.frexp(want)[1] - 1, limits.minexp)
    return np.abs(got.astype(want.dtype) - want) / np.ldexp(np.ones_like(want), exponent - limits.nmant)


def check(function, formula, x, bound):
    got = function(x)
    with np.errstate(all="ignore"):
        want = formula(x.astype(WIDER[x.dtype.type]))
    assert got.dtype == x.dtype
    error = ulps(got, want)
    worst = np.argmax(np.where(np.isnan(error), np.inf, error))
    assert error[worst] <= bound, f"{error[worst]:.2f} ulp at {x[worst]!r}: {got[worst]!r}, not {want[worst]!r}"


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def sigmoid_grad(x):
    e = np.exp(-np.abs(x))
    return e / (1 + e)**2


def log(q):
    """-log q as a cross entropy: the first class has all of p."""
    return pynn.cross_entropy(np.ones((len(q), 1), q.dtype), q[:, None])


@pytest.mark.parametrize("dtype", DTYPES)
class TestUlp:
    def test_exp(self, dtype, rng):
        """From where 1 + exp(x) is 1 down to where exp(x) is 0, most of the last part subnormal."""
        low, high = {np.float32: (-104, -18), np.float64: (-746, -38)}[dtype]
        check(pynn.sigmoid, np.exp, rng.uniform(low, high, 200_000).astype(dtype), EXP)
        tiny = np.log(np.finfo(dtype).tiny)
        check(pynn.sigmoid, np.exp, rng.uniform(low, tiny, 50_000).astype(dtype), EXP)

    @pytest.mark.parametrize("name, bound", [("sigmoid", SIGMOID), ("sigmoid_grad", SIGMOID_GRAD), ("tanh", TANH)])
    def test_functions_of_both_signs(self, dtype, name, bound, rng):
        formula = {"sigmoid": sigmoid, "sigmoid_grad": sigmoid_grad, "tanh": np.tanh}[name]
        wide = {np.float32: 104, np.float64: 745}[dtype]
        for x in (rng.uniform(-wide, wide, 100_000), rng.uniform(-8, 8, 100_000), rng.standard_normal(50_000) / 100):
            check(getattr(pynn, name), formula, x.astype(dtype), bound)
        x = every_magnitude(dtype, 100_000, rng)
        check(getattr(pynn, name), formula, np.concatenate([x, -x]), bound)

    def test_log(self, dtype, rng):
        for q in (every_magnitude(dtype, 200_000, rng), rng.uniform(0, 2, 100_000).astype(dtype),
                  (1 + rng.standard_normal(50_000) / 1000).astype(dtype)):
            check(lambda q: -log(q), np.log, q[q > 0], LOG)

    def test_log_where_it_is_no_number(self, dtype):
        q = np.array([0, -0.0, 1, np.inf, -np.inf, np.nan, -1, -np.finfo(dtype).smallest_subnormal], dtype)
        np.testing.assert_array_equal(log(q), [np.inf, np.inf, 0, -np.inf, *4 * [np.nan]])

    @pytest.mark.parametrize("name", ["sigmoid", "sigmoid_grad", "tanh"])
    def test_place_does_not_matter(self, dtype, name, rng):
        """An element is computed alike in a whole vector and in what remains after the last one."""
        x = (4 * rng.standard_normal(67)).astype(dtype)
        f = getattr(pynn, name)
        alone = np.array([f(v) for v in x])
        for start in range(9):
            np.testing.assert_array_equal(f(x[start:]), alone[start:])

    @pytest.mark.parametrize("classes", [1, 3, 7, 8, 9, 10, 11, 16, 33, 100, 3000])
    def test_a_row_does_not_see_its_neighbours(self, dtype, classes, rng):
        x = (3 * rng.standard_normal((37, classes))).astype(dtype)
        alone = np.concatenate([pynn.softmax(x[i:i + 1]) for i in range(37)])
        np.testing.assert_array_equal(pynn.softmax(x), alone)
        q = alone[::-1].copy()
        np.testing.assert_array_equal(pynn.cross_entropy(alone, q), [pynn.cross_entropy(*r) for r in zip(alone, q)])
