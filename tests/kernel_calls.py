"""How to call every kernel, through the functions of pynn._core, and how far two tables may differ in it.

``CASES[kernels](data, dtype)`` draws a call of these kernels by hypothesis and returns it, with a function from the results of
the formula to the roundings that each may differ by: of the first table, of the second, and so many times their size. 0 in the
place of that function stands for equal bits.
"""

import numpy as np
from compare import wide
from hypothesis import strategies as st
from layouts import sides
from test_convolution import out_shape, windows
from test_ulp import BOUNDS, OF_THE_C_LIBRARY

import pynn
from pynn import _core

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40]
FINITE = [0.0, -0.0, 1.0, -1.0, 2.0, 1e-40]
POSITIVE = [0.0, -0.0, 1.0, 1e-7, np.inf, np.nan]


@st.composite
def numbers(draw, shape, dtype, special=SPECIAL):
    """Normal numbers, of which none, some or all are replaced by special ones."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from([0, 0.02, 0.3, 1]))
    return np.where(rng.random(shape) < share, rng.choice(special, shape), rng.standard_normal(shape)).astype(dtype)


def drawn(data, dtype, *shape, special=SPECIAL):
    return data.draw(numbers(shape, dtype, special))


def magnitude(f, *arrays):
    """f of absolute values, without roundings that count: the size of the terms that each result is made of."""
    with pynn.use_kernels("simple"), np.errstate(all="ignore"):
        return f(*(np.abs(a).astype(np.float64) for a in arrays))


CASES = {}


def case(*kernels):
    def register(draw):
        CASES[kernels] = draw
        return draw
    return register


# ---- one result for each element -----------------------------------------------------------------

def elementwise(kernel, f, arrays=1, ulps=0):
    """f of so many arrays; ulps are those of the two tables together."""
    def draw(data, dtype):
        n = data.draw(sides(70))
        x = [drawn(data, dtype, n) for _ in range(arrays)]
        return lambda: f(*x), (lambda y: (ulps * np.abs(y),)) if ulps else 0
    case(kernel)(draw)


elementwise("map_copy", _core.identity_function)
elementwise("map_step", _core.step_function)
elementwise("widen", lambda x: _core.widen(x.astype(np.float32)))
elementwise("map_relu", _core.relu)
elementwise("map_relu_grad", _core.relu_grad)
elementwise("map_sigmoid", _core.sigmoid, ulps=2 * BOUNDS["sigmoid"])    # what each of the two tables may err
elementwise("map_sigmoid_grad", _core.sigmoid_grad, ulps=2 * BOUNDS["sigmoid_grad"])
elementwise("map_tanh", _core.tanh, ulps=BOUNDS["tanh"] + OF_THE_C_LIBRARY["tanh"])
elementwise("add", lambda x, y: (_core.add(x, y), _core.add(x, 0.3)), 2)
elementwise("multiply", lambda x, y: (_core.multiply(x, y), _core.multiply(x, 0.3)), 2)
elementwise("relu_forward", _core.relu_forward)
elementwise("relu_backward", lambda dout, x: _core.relu_backward(dout, x <= 0), 2)
elementwise("leaky_relu_forward", lambda x: _core.leaky_relu_forward(x, 0.3))
elementwise("leaky_relu_backward", lambda dout, x: _core.leaky_relu_backward(dout, x <= 0, 0.3), 2)
elementwise("sigmoid_backward", _core.sigmoid_backward, 2)
elementwise("tanh_backward", _core.tanh_backward, 2)
elementwise("dropout", lambda x, y: _core.dropout(x, y > 0), 2)


# ---- sums: n terms in any order err by n / 2 roundings of the sum of their magnitudes, and the tables by n --------------

@case("gemm")
def product(data, dtype):
    m, k, n = (data.draw(sides(40)) for _ in range(3))
    x, W, b = drawn(data, dtype, m, k), drawn(data, dtype, k, n), drawn(data, dtype, n)
    return lambda: _core.affine_forward(x, W, b), lambda _: ((k + 2) * magnitude(_core.affine_forward, x, W, b),)


@case("column_sum")
def sum_of_columns(data, dtype):
    n, m = data.draw(sides(90)), data.draw(sides(40))
    x, W, dout = np.ones((n, 1), dtype), np.ones((1, m), dtype), drawn(data, dtype, n, m)
    return lambda: _core.affine_backward(x, W, dout, False)[2], lambda _: (n * magnitude(lambda d: d.sum(axis=0), dout),)


@case("squares", "sum")
def squared_error(data, dtype):
    n = data.draw(st.integers(1, 5000))
    x, t = drawn(data, dtype, n, 1), drawn(data, dtype, n, 1)
    return lambda: _core.mean_squared_error(x, t), lambda loss: ((n + 4) * np.abs(loss),)


# ---- rows of classes -----------------------------------------------------------------------------

def rows_and_targets(data, dtype, special=SPECIAL):
    n, classes = data.draw(sides(40, 1)), data.draw(st.sampled_from([2, 3, 10, 33, 1100]))
    x = drawn(data, dtype, n, classes, special=special)
    t = np.random.default_rng(n).integers(classes, size=n)
    soft = np.where(np.isinf(x), 1, np.abs(x))[::-1]        # infinity times a logarithm near 0 is a matter of roundings
    kind = data.draw(st.sampled_from(["labels", "one-hot", "soft"]))
    return x, {"labels": t, "one-hot": np.eye(classes, dtype=dtype)[t], "soft": soft}[kind]


def of_softmax(x, y):
    """As in test_functions.py, for both: x - max moves the exponent, then a sum of C terms, an exponential, a quotient."""
    with np.errstate(all="ignore"):
        shift = np.abs(x - x.max(axis=-1, keepdims=True), dtype=np.float64)
        return np.where(y > 0, (shift + x.shape[-1] + 4) * y, 0)


@case("softmax")
def softmax(data, dtype):
    x, _ = rows_and_targets(data, dtype)
    return lambda: _core.softmax(x), lambda y: (of_softmax(x, y),)


@case("softmax_with_loss")
def softmax_with_loss(data, dtype):
    """No logarithm exceeds 17, because of the 1e-7; y's error is absolute in it."""
    x, t = rows_and_targets(data, dtype)
    largest = np.where(np.isfinite(x), np.abs(x), 0).max()
    weight = 1 if t.ndim == 1 else magnitude(lambda t: t.sum(axis=1).max(), t)
    terms = (2 * largest + x.shape[1] + 4 + 17 * (5 + x.size)) * weight
    return lambda: _core.softmax_with_loss(x, t), lambda loss, y: (terms, of_softmax(x, y))


@case("softmax_with_loss_backward")
def softmax_with_loss_backward(data, dtype):
    y, t = rows_and_targets(data, dtype)
    return lambda: _core.softmax_with_loss_backward(y, t, 2.5), 0


@case("cross_entropy_error")
def cross_entropy_error(data, dtype):
    """y + 1e-7 is rounded, which is absolute in its logarithm."""
    y, t = rows_and_targets(data, dtype, POSITIVE)
    y = np.abs(y)
    p = np.eye(y.shape[1])[t] if t.ndim == 1 else t
    with np.errstate(all="ignore"):
        terms = np.nansum(np.abs(p) * (1 + np.abs(np.log(wide(y) + 1e-7)))) / len(y)
    return lambda: _core.cross_entropy_error(y, t), lambda _: ((5 + y.size) * terms,)


@case("cross_entropy")
def cross_entropy(data, dtype):
    shape = data.draw(sides(20, 1)), data.draw(st.sampled_from([1, 3, 10, 33, 1100]))
    p, q = (np.abs(drawn(data, dtype, *shape, special=POSITIVE)) for _ in range(2))
    with np.errstate(all="ignore"):
        terms = np.where(p == 0, 0, np.abs(wide(p) * np.log(wide(q)))).sum(axis=-1)
    return lambda: _core.cross_entropy(p, q), lambda _: ((6 + shape[1]) * terms,)


# ---- optimizers ----------------------------------------------------------------------------------

def optimizer(kernel, states, rates, of_state, of_step):
    """One step in place. of_state and of_step are the sizes of what the states and the step are made of; each is a handful of
    operations in both tables."""
    def draw(data, dtype):
        n, same = data.draw(sides(70)), data.draw(st.booleans())
        W, g = drawn(data, dtype, n), drawn(data, dtype, n)
        first = [np.abs(drawn(data, dtype, n, special=FINITE)) for _ in range(states)]

        def step():
            now, kept = W.copy(), [s.copy() for s in first]
            getattr(_core, kernel)(now, now if same else g, *kept, *rates)
            return (now, *kept)

        def roundings(now, *kept):
            a, s, k = np.abs(W if same else g).astype(np.float64), [f.astype(np.float64) for f in first], kept
            with np.errstate(all="ignore"):
                sizes = of_state(a, *s)
                step = of_step(a, sizes, k)
            return tuple(8 * size for size in (np.abs(W) + step, *sizes))

        return step, roundings
    case(kernel)(draw)


def adam_step(a, sizes, kept):
    """v's roundings are relative to what it is the sum of; a v that would be subnormal is 0."""
    m, v = sizes
    return 0.1 * m / (np.sqrt(kept[1]) + 1e-7) * np.where(kept[1] > 0, v / kept[1], 1)


optimizer("sgd", 0, [0.1], lambda a: (), lambda a, sizes, kept: 0.1 * a)
optimizer("momentum", 1, [0.1, 0.9], lambda a, v: (v + 0.1 * a,), lambda a, sizes, kept: sizes[0])
optimizer("nesterov", 1, [0.1, 0.9], lambda a, v: (v + 0.1 * a,), lambda a, sizes, kept: 2 * sizes[0])
optimizer("adagrad", 1, [0.1], lambda a, h: (h + a * a,), lambda a, sizes, kept: 0.1 * a / (np.sqrt(kept[0]) + 1e-7))
optimizer("rmsprop", 1, [0.1, 0.9], lambda a, h: (h + a * a,), lambda a, sizes, kept: 0.1 * a / (np.sqrt(kept[0]) + 1e-7))
optimizer("adam", 2, [0.1, 0.9, 0.8], lambda a, m, v: (m + a, v + a * a), adam_step)
optimizer("adamw", 2, [0.1, 0.9, 0.8, 0.01], lambda a, m, v: (m + a, v + a * a), adam_step)


# ---- windows over images -------------------------------------------------------------------------

def images(data, dtype, ties=False):
    shape, size, stride, pad = data.draw(windows())
    x = drawn(data, dtype, *shape)
    return np.round(x) if ties else x, (*size, stride, pad), (*shape[:2], *out_shape(shape, size, stride, pad))


@case("pool_forward")
def pooling(data, dtype):
    x, steps, _ = images(data, dtype, data.draw(st.booleans()))
    return lambda: _core.pool_forward(x, *steps), 0


@case("pool_backward")
def pooling_backward(data, dtype):
    x, steps, shape = images(data, dtype, data.draw(st.booleans()))
    index, dout = _core.pool_forward(x, *steps)[1], drawn(data, dtype, *shape)

    def backward(dout=dout):
        return _core.pool_backward(dout, index, x.shape, *steps)
    return backward, lambda _: (steps[0] * steps[1] * magnitude(backward, dout),)


@case("average_forward")
def average(data, dtype):
    x, steps, _ = images(data, dtype)
    return lambda: _core.average_forward(x, *steps), lambda _: (
        (steps[0] * steps[1] + 1) * magnitude(lambda x: _core.average_forward(x, *steps), x),)


@case("average_backward")
def average_backward(data, dtype):
    x, steps, shape = images(data, dtype)
    dout = drawn(data, dtype, *shape)

    def backward(dout=dout):
        return _core.average_backward(dout, x.shape, *steps)
    return backward, lambda _: ((steps[0] * steps[1] + 1) * magnitude(backward, dout),)


@case("im2col")
def im2col(data, dtype):
    x, steps, _ = images(data, dtype)
    return lambda: _core.im2col(x, *steps), 0


@case("col2im")
def col2im(data, dtype):
    x, steps, shape = images(data, dtype)
    col = drawn(data, dtype, shape[0] * shape[2] * shape[3], x.shape[1] * steps[0] * steps[1])

    def back(col=col):
        return _core.col2im(col, x.shape, *steps)
    return back, lambda _: (steps[0] * steps[1] * magnitude(back, col),)


@case("conv_memory", "conv_forward", "conv_backward")
def convolution(data, dtype):
    x, (fh, fw, *steps), shape = images(data, dtype)
    W, b = drawn(data, dtype, data.draw(sides(20, 1)), x.shape[1], fh, fw), drawn(data, dtype, 1)
    dout = drawn(data, dtype, shape[0], len(W), *shape[2:])

    def both(x=x, W=W, b=b, dout=dout):
        b = np.repeat(b, len(W))
        return _core.conv_forward(x, W, b, *steps), *_core.conv_backward(x, W, dout, *steps, True)
    terms = W[0].size + 2, W[:, 0].size, dout[:, 0].size, dout[:, 0].size
    return both, lambda *_: tuple(n * size for n, size in zip(terms, magnitude(both, x, W, b, dout)))
