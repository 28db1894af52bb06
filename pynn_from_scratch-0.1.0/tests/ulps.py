"""The largest errors of the kernels' own functions, in ulp, by every set of kernels: ``python tests/ulps.py`` prints them.

With ``--every`` it tries every float32 there is, some minutes for each function. `test_ulp.py` bounds what is found here.

References are computed in a wider type: float64 for float32, long double for float64. exp and log have no function of their own in
Python. sigmoid(x) is exp(x) / (1 + exp(x)), hence exp(x) itself once 1 + exp(x) rounds to 1; and cross_entropy of a single class
with p = 1 is -log q.
"""

import sys

import numpy as np

import pynn
from scripts import instruction_sets

WIDER = {np.float32: np.float64, np.float64: np.longdouble}
BITS = {np.float32: np.uint32, np.float64: np.uint64}
RANGE = {np.float32: 104, np.float64: 745}      # exp(-x) is 0 beyond
EXP_FROM = {np.float32: 18, np.float64: 38}     # 1 + exp(-x) rounds to 1 from here on


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def sigmoid_grad(x):
    e = np.exp(-np.abs(x))
    return e / (1 + e)**2


def own_log(q):
    """log q as a cross entropy: the first class has all of p."""
    return -pynn.cross_entropy(np.ones((len(q), 1), q.dtype), q[:, None])


# what pynn computes, what it should be, and of which numbers
FUNCTIONS = {
    "exp": (pynn.sigmoid, np.exp, lambda x: x <= -EXP_FROM[x.dtype.type]),
    "log": (own_log, np.log, lambda x: x > 0),
    "sigmoid": (pynn.sigmoid, sigmoid, lambda x: x == x),
    "sigmoid_grad": (pynn.sigmoid_grad, sigmoid_grad, lambda x: x == x),
    "tanh": (pynn.tanh, np.tanh, lambda x: x == x),
}


def every_magnitude(dtype, n, rng):
    """Positive numbers from the smallest subnormal to the largest: their bit patterns are spread evenly."""
    last = int(np.array(np.inf, dtype).view(BITS[dtype]))
    subnormal = np.linspace(1, int(np.array(np.finfo(dtype).tiny).view(BITS[dtype])), n // 8)
    return np.concatenate([rng.integers(0, last, n), subnormal]).astype(BITS[dtype]).view(dtype)


def samples(dtype, rng):
    """Numbers of both signs: of every magnitude, infinities, and more of them where the functions bend."""
    wide, tiny = RANGE[dtype], -np.log(np.finfo(dtype).tiny)
    positive = np.concatenate([
        every_magnitude(dtype, 100_000, rng), rng.uniform(0, wide, 100_000), rng.uniform(tiny, wide, 50_000), rng.uniform(0, 8, 100_000),
        1 + rng.standard_normal(50_000) / 1000, np.abs(rng.standard_normal(50_000)) / 100, [0, np.inf]]).astype(dtype)
    return np.concatenate([positive, -positive])


def ulps(got, want):
    """|got - want| in units of the last place of `want` as a number of the dtype of `got`; 0 where both are one infinity."""
    limits = np.finfo(got.dtype)
    exponent = np.maximum(np.frexp(want)[1] - 1, limits.minexp)
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(want.dtype) - want) / np.ldexp(np.ones_like(want), exponent - limits.nmant)
    return np.where(got == want, 0, error)


def largest(name, x):
    """By set of kernels, the largest error for one of x, and that one. NaN counts as the largest."""
    function, formula, belongs = FUNCTIONS[name]
    x = x[belongs(x)]
    with np.errstate(all="ignore"):
        want = formula(x.astype(WIDER[x.dtype.type]))
    found = {}
    for isa in instruction_sets():
        with pynn.use_kernels(isa):
            got = function(x)
        assert got.dtype == x.dtype
        error = ulps(got, want)
        worst = np.argmax(np.where(np.isnan(error), np.inf, error)) if len(x) else None
        found[isa] = (float(error[worst]), x[worst]) if len(x) else (0.0, None)
    return found


def every_float32(name):
    """The same over all of them."""
    found, step = {}, 1 << 22
    for first in range(0, 1 << 32, step):
        x = np.arange(first, first + step, dtype=np.uint64).astype(np.uint32).view(np.float32)
        for isa, pair in largest(name, x[~np.isnan(x)]).items():
            found[isa] = max(found.get(isa, pair), pair, key=lambda pair: pair[0])
    return found


def main(every):
    sets = instruction_sets()
    print(f"{'ulp':22}", *(f"{isa:>10}" for isa in sets))
    for dtype in WIDER:
        for name in FUNCTIONS:
            found = every_float32(name) if every and dtype is np.float32 else largest(name, samples(dtype, np.random.default_rng(0)))
            print(f"{np.dtype(dtype).name:8} {name:13}", *(f"{found[isa][0]:10.2f}" for isa in sets), flush=True)


if __name__ == "__main__":
    main("--every" in sys.argv[1:])
