"""Accuracy of the kernels' own exp, log, tanh and sigmoid over every magnitude there is, by every set of kernels.

`ulps.py` says how errors are measured, and prints them.
"""

import numpy as np
import pytest
from ulps import own_log, largest, samples

import pynn

DTYPES = [
    np.float32,
    pytest.param(np.float64, marks=pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52,
                                                      reason="long double is float64 here")),
]

# Half an ulp is what rounding the true value costs. exp: its last sum, and the roundings of the polynomial below it, which
# weigh up to double where the result is just under a power of two. sigmoid adds a quotient, whose denominator is as good as
# exact; tanh, a quotient of two that are as good as exact.
#
# sigmoid_grad is y - y^2 with y = z / (1 + z) and z = exp(-|x|). A relative error of y is (1 - z) times as large in the result. With
# u = eps / 2: y has that of z and the u of a quotient; y^2 and what is added to it are z times the result and are rounded twice; the
# last subtraction rounds once more. So (1 - z) (e(z) + u) + 2 z u, and half an ulp. Up to sqrt 2 times a power of two, where the
# last sum of exp is above 1, z errs by 3/4 ulp, and above by 1: at most 3 ulp, for z just above a power of two and the result just
# below one.
BOUNDS = {"exp": 1.0, "log": 1.0, "sigmoid": 2.0, "sigmoid_grad": 3.0, "tanh": 2.0}
OF_THE_C_LIBRARY = {"tanh": 2.5}        # which the simple kernels call


@pytest.mark.parametrize("dtype", DTYPES)
class TestUlp:
    @pytest.mark.parametrize("name", BOUNDS)
    def test_every_magnitude(self, dtype, name, rng):
        for isa, (error, at) in largest(name, samples(dtype, rng)).items():
            bound = OF_THE_C_LIBRARY.get(name, BOUNDS[name]) if isa == "simple" else BOUNDS[name]
            assert error <= bound, f"{isa}: {error:.2f} ulp at {at!r}"

    def test_log_where_it_is_no_number(self, dtype):
        q = np.array([0, -0.0, 1, np.inf, -np.inf, np.nan, -1, -np.finfo(dtype).smallest_subnormal], dtype)
        np.testing.assert_array_equal(own_log(q), [-np.inf, -np.inf, 0, np.inf, *4 * [np.nan]])

    @pytest.mark.parametrize("name, limits", [("sigmoid", (0, 1)), ("sigmoid_grad", (0, 0)), ("tanh", (-1, 1))])
    def test_infinity_and_nan(self, dtype, name, limits):
        x = np.array([-np.inf, np.inf, np.nan], dtype)
        np.testing.assert_array_equal(getattr(pynn, name)(x), [*limits, np.nan])

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
