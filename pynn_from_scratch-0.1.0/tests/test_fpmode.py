"""A caller's way of rounding: never changed, and the same for every thread that computes."""

import fpmode
import numpy as np
import pytest
from compare import wide
from fpmode import DOWN, FLUSH, TOWARDS_ZERO, UP, ZERO
from scripts import instruction_sets, python
from test_contracts import OPERATIONS, REAL, SEEDED, arguments, flat
from ulps import FUNCTIONS, WIDER, samples

import pynn

pytestmark = pytest.mark.skipif(not fpmode.available, reason="reads MXCSR through glibc")

OTHER = UP | FLUSH | ZERO


@pytest.mark.parametrize("mode", [0, OTHER], ids=hex)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_changes_it(name, mode):
    args = arguments(name, np.float32, scale=50)
    with pynn.num_threads(2), fpmode.computing(mode):
        before = fpmode.current()
        OPERATIONS[name][0](*args)
        after = fpmode.current()
    assert before == after and before & mode == mode


def test_neither_does_the_import(tmp_path):
    done = python("-c", f"""
import sys
sys.path.insert(0, {str(fpmode.__file__)[:-len('/fpmode.py')]!r})
import numpy, fpmode
before = fpmode.current()
import pynn
pynn.matmul(numpy.ones((300, 300)), numpy.ones((300, 300)))
print(before == fpmode.current(), numpy.float32(1e-45) * numpy.float32(1) > 0)""", cwd=tmp_path)
    assert done.stdout.split() == ["True", "True"], done.stderr


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in SEEDED])
def test_any_number_of_threads_gives_the_same_bits(name):
    """Workers that have computed before, in the usual way, compute as the caller does now."""
    args = arguments(name, np.float32, scale=300)
    results = []
    for n in (1, 3):
        with pynn.num_threads(n):
            OPERATIONS[name][0](*args)
            with fpmode.computing(OTHER):
                result = OPERATIONS[name][0](*args)
            results.append([a.tobytes() for a in flat(result)])
    assert results[0] == results[1]


@pytest.mark.parametrize("isa", instruction_sets())
@pytest.mark.parametrize("dtype", REAL)
def test_subnormals_are_the_callers_choice(isa, dtype):
    tiny = np.full((200, 200), np.finfo(dtype).tiny, dtype)
    half = np.eye(200, dtype=dtype) / 2
    with pynn.use_kernels(isa), pynn.num_threads(2):
        usual = pynn.matmul(tiny, half)
        with fpmode.computing(FLUSH):
            flushed = pynn.matmul(tiny, half)
    assert (usual == tiny / 2).all() and (usual > 0).all()
    assert (flushed == 0).all()


@pytest.mark.parametrize("isa", instruction_sets())
def test_products_rounded_down_and_up_enclose_the_true_one(isa, rng):
    """What interval arithmetic needs of a product: sums of products of 24 bits are exact in a long double."""
    a, b = (rng.uniform(-1, 1, shape).astype(np.float32) for shape in [(300, 200), (200, 150)])
    bounds = []
    with pynn.use_kernels(isa), pynn.num_threads(2):
        for mode in (DOWN, UP):
            with fpmode.computing(mode):
                bounds.append(pynn.matmul(a, b))
    exact = wide(a) @ wide(b)
    assert (bounds[0] <= exact).all() and (exact <= bounds[1]).all() and (bounds[0] < bounds[1]).any()


# Where rounding is directed, exp takes not the nearest multiple of ln 2 from its argument but the one below or above: up to twice as
# much is left as its polynomial is made for, whose own error there is what is allowed here. That of tanh is one of exp(2 |x|) - 1.
# Every rounding costs a subnormal result one of its steps, five at most.
DIRECTED = {np.float32: 2e-5, np.float64: 3e-11}


@pytest.mark.parametrize("mode", [DOWN, UP, TOWARDS_ZERO], ids=hex)
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_stay_near(name, dtype, mode, rng):
    function, formula, belongs = FUNCTIONS[name]
    x = samples(dtype, rng)[::7]
    x = x[belongs(x)]
    with np.errstate(all="ignore"):
        want = formula(x.astype(WIDER[dtype]))
    scale = np.ones_like(want) if name == "tanh" else np.abs(want)
    for isa in instruction_sets():
        with pynn.use_kernels(isa), fpmode.computing(mode):
            got = function(x)
        finite = np.isfinite(want)
        np.testing.assert_array_equal(got[~finite], want[~finite])
        error = np.abs(got[finite] - want[finite])
        assert (error <= DIRECTED[dtype] * scale[finite] + 5 * np.finfo(dtype).smallest_subnormal).all(), isa
