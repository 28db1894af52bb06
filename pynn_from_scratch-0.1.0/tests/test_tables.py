"""The tables of kernels side by side: every fast one against the formulas, which share no template with it.

Numbers that are not finite, both zeros and ties come among the others. What is finite may differ by the roundings of both.
"""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from compare import eps, wide
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_calls import CASES, FINITE, drawn
from layouts import sides, values
from test_batchnorm import check_batchnorm
from test_convolution import same_where_finite
from test_more_layers import check_channels
from test_networks_numerical import ATOL

import pynn
from pynn import _core, layers, reference

REAL = (np.float32, np.float64)
FAST = [isa for isa, available in _core.build_info()["isas"].items() if available and isa != "simple"]
fewer = settings(max_examples=settings().max_examples // 3)
KERNELS = Path(__file__).parent.parent / "csrc/kernels"


# ---- what they share -----------------------------------------------------------------------------

# The contract, and the words for a dtype.
SHARED = {"kernels.h", "table_entries.h", "parallel.h", "real.h"}


def included(source):
    """Our headers that a source includes, and those that they include."""
    found, left = set(), [source]
    while left:
        names = set(re.findall(r'^#include "(.+)"', (KERNELS / left.pop()).read_text(), re.MULTILINE)) - found
        found |= names
        left += names
    return found


def test_the_formulas_share_no_template_with_what_they_check():
    simple, fast = included("simple.c"), included("table.c")
    assert simple & fast <= SHARED
    assert any("simple_pool" in name for name in simple) and "pool_tmpl.h" in fast


# ---- the comparison ------------------------------------------------------------------------------

def assert_same(got, want, roundings):
    """NaN and infinities alike, the rest within the roundings; 0 stands for equal bits, but for those of a NaN."""
    assert got.dtype == want.dtype and got.shape == want.shape
    if np.ndim(roundings) == 0 and roundings == 0:
        number = want == want
        np.testing.assert_array_equal(got, want)
        assert got[number].tobytes() == want[number].tobytes()      # zeros have signs
        return
    finite = np.isfinite(want)
    np.testing.assert_array_equal(got[~finite], want[~finite])
    error = np.abs(wide(got[finite]) - wide(want[finite]))
    # a subnormal number loses more than eps of itself, in each of a few operations
    bound = eps(want.dtype) * wide(np.broadcast_to(roundings, want.shape)[finite]) + 16 * np.finfo(want.dtype).smallest_subnormal
    assert (error <= bound).all(), f"off by {error[~(error <= bound)].max()}"


def results(call, table):
    with pynn.use_kernels(table), np.errstate(all="ignore"):
        _core.set_winograd(False)       # it sums other products; test_winograd.py has its bounds
        out = call()
    return [np.asarray(a) for a in (out if isinstance(out, tuple) else (out,)) if a is not None]


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("kernels", CASES, ids=" ".join)
@given(data=st.data())
@fewer
def test_every_table_has_the_formula_s_numbers(kernels, dtype, data):
    call, roundings = CASES[kernels](data, dtype)
    want = results(call, "simple")
    allowed = roundings(*want) if roundings else (0,) * len(want)
    for table in FAST:
        for got, formula, bound in zip(results(call, table), want, allowed, strict=True):
            assert_same(got, formula, bound)


# Two formulas for one gradient differ by more than roundings of their results: so NumPy is between them, with the bounds of
# test_batchnorm.py and test_more_layers.py.
@pytest.mark.parametrize("table", ["simple", *FAST])
@pytest.mark.parametrize("dtype", REAL)
def test_batch_normalization(table, dtype, rng):
    def drawn(*shape):
        return values(rng, shape, dtype)

    with pynn.use_kernels(table):
        for n, d in [(1, 1), (2, 70), (7, 5), (40, 33)]:
            check_batchnorm(drawn(n, d), drawn(d), drawn(d), drawn(n, d), drawn(d), np.abs(drawn(d)))
        for n, c, h, w in [(1, 1, 1, 2), (3, 5, 9, 11), (2, 40, 8, 8), (5, 2, 1, 3)]:
            check_channels(1 + drawn(n, c, h, w), drawn(c), drawn(c), drawn(n, c, h, w), dtype)


@pytest.mark.parametrize("table", ["simple", *FAST])
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("shape", [(6, 40), (4, 3, 5, 6)])
@pytest.mark.parametrize("where", ["x", "dout", "gamma", "running_var"])
@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_batch_normalization_of_a_wild_number(wild, where, shape, dtype, table, rng):
    arrays = {"x": values(rng, shape, dtype), "dout": values(rng, shape, dtype)}
    for name in ("gamma", "beta", "running_mean", "running_var"):
        arrays[name] = np.abs(values(rng, shape[1], dtype))
    arrays[where][(1, 1, 2, 3)[:arrays[where].ndim]] = wild
    x, dout, *parameters = arrays.values()

    def all_results(layer):
        return [layer.forward(x, train_flg=False), layer.forward(x), layer.backward(dout), layer.dgamma, layer.dbeta,
                layer.running_mean, layer.running_var]
    book = all_results(reference.BatchNormalization(*parameters[:2], 0.9, *parameters[2:]))
    with pynn.use_kernels(table):
        mine = all_results(layers.BatchNormalization(*parameters[:2], 0.9, *parameters[2:]))
    for got, want in zip(mine, book):
        same_where_finite(got, want)


# Two losses differ by some roundings, over 2h: test_networks_numerical.py allows each table so many from the book's loop.
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@given(data=st.data())
@fewer
def test_numerical_gradients(activation, data):
    """Zeros and whole numbers: steps from the kink of a ReLU, and logits that tie."""
    n, sizes = data.draw(sides(20, 1)), [data.draw(sides(9, 1)) for _ in range(data.draw(st.integers(1, 3)))] + [3]
    x, t = drawn(data, np.float64, n, sizes[0], special=FINITE), np.arange(n) % 3
    t = data.draw(st.sampled_from([t, np.eye(3)[t], np.full((n, 3), 1 / 3)]))
    params = [drawn(data, np.float64, *shape, special=FINITE) for shape in zip(sizes, sizes[1:]) for shape in (shape, shape[1:])]

    def gradient():
        return _core.mlp_numerical_gradient(x, t, params, activation)
    want = results(gradient, "simple")
    for table in FAST:
        for got, formula in zip(results(gradient, table), want):
            np.testing.assert_allclose(got, formula, rtol=0, atol=2 * ATOL)


def test_no_kernel_is_left_out():
    """Those after `CASES` have tests of their own here; the tour has them in test_kernels.py."""
    entries = re.findall(r"= (\w+?)(?:##SUFFIX|_f64)", (KERNELS / "table_entries.h").read_text())
    others = [f"{kind}_{way}" for kind in ("batchnorm", "channelnorm") for way in ("train", "test", "backward")]
    others += ["numgrad_pack", "numgrad", "perturb_column", "perturb_rows", "tour"]
    assert sorted(entries) == sorted([*itertools.chain(*CASES), *others])
