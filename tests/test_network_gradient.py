"""The incremental numerical gradient of networks, against the book's loop of whole forward passes."""

import sys

import numpy as np
import pytest
from layouts import LAYOUTS, lay_out

import pynn
from pynn import reference
from pynn.gradient import mlp_numerical_gradient
from pynn.reference.gradient import H

# Each of two losses is rounded by some 4 eps |L|, and they are divided by 2h: 2e-11 for |L| = 2.3, where the step
# itself adds nothing, for both sides make the same one.
ATOL = 2e-10


def network(rng, sizes, std=0.5, bias=0.3):
    """W1, b1, W2, b2, ..."""
    params = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        params += [std * rng.standard_normal((fan_in, fan_out)), bias * rng.standard_normal(fan_out)]
    return params


def batch(rng, n, sizes, kind="labels", scale=1.0):
    """Inputs of which half are 0, and targets."""
    x = scale * rng.standard_normal((n, sizes[0])) * (rng.random((n, sizes[0])) < 0.5)
    labels = rng.integers(0, sizes[-1], n)
    if kind == "labels":
        return x, labels
    return x, np.eye(sizes[-1])[labels] if kind == "one-hot" else rng.dirichlet(np.ones(sizes[-1]), n)


def loss(x, t, params, activation):
    a = x
    for layer in range(0, len(params), 2):
        if layer > 0:
            a = getattr(reference, activation)(a)
        a = a @ params[layer] + params[layer + 1]
    return reference.softmax_loss(a, t)


def book(x, t, params, activation):
    return [reference.numerical_gradient(lambda _: loss(x, t, params, activation), p) for p in params]


def book_at(x, t, params, activation, index):
    """The book's difference for one element of one parameter."""
    which, at = index
    value, losses = params[which][at], []
    for step in (H, -H):
        params[which][at] = value + step
        losses.append(loss(x, t, params, activation))
    params[which][at] = value
    return (losses[0] - losses[1]) / (2 * H)


def assert_agrees(got, want, atol=ATOL):
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        assert g.shape == w.shape and g.flags.c_contiguous and g.flags.owndata
        np.testing.assert_allclose(g, w, rtol=0, atol=atol, err_msg=f"{'Wb'[i % 2]}{i // 2 + 1}")


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("kind", ["labels", "one-hot", "soft"])
@pytest.mark.parametrize("n, sizes", [
    (1, (3, 2)), (9, (6, 4)), (1, (1, 1, 2)), (2, (5, 1, 2)), (7, (5, 3, 4)), (8, (4, 6, 3)), (13, (10, 7, 5)),
    (16, (3, 2, 40)), (5, (4, 3, 3, 2)), (13, (6, 5, 4, 3, 7)), (3, (2, 2, 2, 2, 2, 2))])
def test_is_the_books_loop(rng, n, sizes, kind, activation):
    params = network(rng, sizes)
    x, t = batch(rng, n, sizes, kind)
    want = book(x, t, params, activation)
    assert max(np.abs(w).max() for w in want) > 1e-3
    assert_agrees(mlp_numerical_gradient(x, t, params, activation), want)


# h |x| |w| = 1e-3 is where the series ends and the exponentials begin: far below it, around it, far above it.
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("kind", ["labels", "soft"])
@pytest.mark.parametrize("x_scale, w1, w2", [
    (1e-3, 0.1, 0.1), (1, 0.1, 2.9), (1, 0.1, 3.1), (1, 0.1, 6), (3, 0.03, 1), (300, 3e-4, 0.5), (3e4, 3e-6, 1), (1, 1e-3, 300)])
def test_steps_of_any_size(rng, x_scale, w1, w2, kind, activation):
    sizes = (6, 5, 4)
    params = network(rng, sizes, bias=0.1)
    params[0] *= w1 / 0.5
    params[2] *= w2 / 0.5
    if activation == "sigmoid":
        params[3] -= params[2].sum(axis=0) / 2      # whose outputs are about 1/2: keep the softmax alive
    x, t = batch(rng, 11, sizes, kind, x_scale)
    want = book(x, t, params, activation)
    assert np.abs(want[0]).max() > 1e-7
    # losses up to |logits|, and a loss of some 10 is rounded by eps 10: with larger weights, all is larger
    assert_agrees(mlp_numerical_gradient(x, t, params, activation), want, atol=ATOL * max(1, w2, x_scale * w1))


@pytest.mark.parametrize("ratio", [0.97, 1.03])
def test_both_sides_of_the_guard(rng, ratio):
    """One input and one weight of the next layer decide between series and exponentials: the answers join."""
    params = [np.array([[1e-2]]), np.zeros(1), np.array([[ratio, 0.3, -0.2]]), np.zeros(3)]
    x, t = np.full((3, 1), 10.0), np.arange(3)      # h x w = 1e-3 ratio
    assert_agrees(mlp_numerical_gradient(x, t, params), book(x, t, params, "relu"))


def test_huge_logits(rng):
    sizes = (4, 3, 5)
    params = network(rng, sizes)
    params[3] = np.array([1e3, -1e3, 999.5, 0, 1e3])
    x, t = batch(rng, 6, sizes)
    # a probability of 0 has loss -log(1e-7) = 16, so that rounding counts seven times
    assert_agrees(mlp_numerical_gradient(x, t, params), book(x, t, params, "relu"), atol=7 * ATOL)


def test_a_class_that_the_step_brings_to_life():
    """exp(-800) is 0 before, exp(-800 + 1000) decides afterwards: the largest logit is taken anew."""
    params = [np.array([[1e-6]]), np.zeros(1), np.array([[0.0, 1e4]]), np.array([800.0, 0.0])]
    x, t = np.array([[1e3]]), np.array([1])
    want = book(x, t, params, "relu")
    assert abs(want[0][0, 0]) > 1e4
    np.testing.assert_allclose(mlp_numerical_gradient(x, t, params)[0], want[0], rtol=1e-12)


def test_kinks_are_crossed_as_the_loop_crosses_them(rng):
    """z lies within h of 0, on either side or upon it: the difference is neither slope, and not backprop's."""
    sizes = (3, 6, 4)
    params = network(rng, sizes)
    x = np.abs(rng.standard_normal((8, 3))) + 1
    t = rng.integers(0, 4, 8)
    params[1][:] = 0
    params[0][:] = 0
    params[1][:] = H * np.array([0.5, -0.5, 0, 0.99, -0.2, -1e-3])
    want = book(x, t, params, "relu")
    assert_agrees(mlp_numerical_gradient(x, t, params), want)
    net = reference.TwoLayerNet(*sizes)
    for key, p in zip(("W1", "b1", "W2", "b2"), params):
        net.params[key][...] = p
    assert np.abs(net.gradient(x, t)["W1"] - want[0]).max() > 0.01


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("n, sizes", [
    (100, (784, 50, 10)),               # the book's
    (520, (30, 4, 3)), (1025, (9, 3, 2)),       # blocks of 512 samples
    (3, (2049, 4, 3)), (9, (4100, 2, 2)),       # blocks of 2048 inputs
    (10, (100, 30, 30, 30, 10)),        # more perturbed rows than go through at once
    (17, (8, 70, 100))])                # tiles of classes
def test_a_sample_of_a_large_network(rng, n, sizes, activation):
    params = network(rng, sizes, std=1 / np.sqrt(sizes[0]))
    x, t = batch(rng, n, sizes, scale=0.5)
    got = mlp_numerical_gradient(x, t, params, activation)
    for which, p in enumerate(params):
        corners = [tuple(0 for _ in p.shape), tuple(s - 1 for s in p.shape)]
        for at in corners + [tuple(rng.integers(0, s) for s in p.shape) for _ in range(12)]:
            want = book_at(x, t, params, activation, (which, at))
            assert got[which][at] == pytest.approx(want, rel=0, abs=ATOL), (which, at)


@pytest.mark.parametrize("sizes", [(20, 9, 5), (20, 9, 8, 5)])
@pytest.mark.parametrize("kind", ["labels", "soft"])
def test_same_bits_for_any_number_of_threads(rng, sizes, kind):
    params = network(rng, sizes)
    x, t = batch(rng, 200, sizes, kind)
    results = []
    before = pynn.get_num_threads()
    try:
        for n in (1, 2, 5):
            pynn.set_num_threads(n)
            results.append(mlp_numerical_gradient(x, t, params))
    finally:
        pynn.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_array_equal(a, b)


def test_samples_that_cannot_matter_do_not(rng):
    """An input that is 0 in every sample, a ReLU that is off in every sample: exactly 0, as the loop has it."""
    sizes = (6, 5, 4)
    params = network(rng, sizes)
    x, t = batch(rng, 9, sizes)
    x[:, 2] = 0
    params[1][3] = -100
    dW1, db1, dW2, db2 = mlp_numerical_gradient(x, t, params)
    assert not dW1[2].any() and not dW1[:, 3].any() and db1[3] == 0 and not dW2[3].any()
    assert dW1.any(axis=1).sum() == 5


class TestArguments:
    sizes = (6, 5, 4)

    @pytest.fixture
    def case(self, rng):
        return (*batch(rng, 7, self.sizes), network(rng, self.sizes))

    @pytest.mark.parametrize("dtype", [np.float16, np.float32])
    def test_low_precision_networks_are_differentiated_in_float64(self, case, dtype):
        x, t, params = case
        x, params = x.astype(dtype), [p.astype(dtype) for p in params]
        got = mlp_numerical_gradient(x, t, params)
        want = mlp_numerical_gradient(x.astype(np.float64), t, [p.astype(np.float64) for p in params])
        for g, w in zip(got, want):
            assert g.dtype == dtype
            np.testing.assert_array_equal(g, w.astype(dtype))

    def test_every_gradient_has_the_dtype_of_its_parameter(self, case):
        x, t, params = case
        params = [params[0].astype(np.float32), params[1].tolist(), np.rint(params[2]).astype(int), params[3]]
        got = mlp_numerical_gradient(x, t, params)
        assert [g.dtype for g in got] == [np.float32, np.float64, np.float64, np.float64]
        floats = [np.asarray(p, np.float64) for p in params]
        want = book(x, t, floats, "relu")
        np.testing.assert_allclose(got[0], want[0], rtol=1e-6, atol=ATOL)
        assert_agrees(got[1:], want[1:])

    @pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "broadcast"])
    def test_layouts(self, case, layout):
        x, t, params = case
        arrays = [x, t, *params]
        given = [lay_out(a, layout) for a in arrays]
        got = mlp_numerical_gradient(given[0], given[1], given[2:])
        for a, g in zip(arrays, given):
            np.testing.assert_array_equal(a, g)
        for a, b in zip(got, mlp_numerical_gradient(x, t, params)):
            np.testing.assert_array_equal(a, b)

    def test_shapes_of_x(self, case):
        x, t, params = case
        want = mlp_numerical_gradient(x, t, params)
        for a, b in zip(want, mlp_numerical_gradient(x.reshape(7, 1, 2, 3), t, tuple(params))):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(mlp_numerical_gradient(x[0], t[:1], params), mlp_numerical_gradient(x[:1], t[:1], params)):
            np.testing.assert_array_equal(a, b)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("where", ["x", "W1", "b1", "W2", "b2"])
    def test_not_finite(self, case, where, value):
        x, t, params = case
        (x if where == "x" else params[["W1", "b1", "W2", "b2"].index(where)]).flat[-1] = value
        got = mlp_numerical_gradient(x, t, params)
        if where in ("b1", "b2") and value == -np.inf:      # a ReLU, or a class, that is off for good
            want = book(x, t, params, "relu")
            assert all(np.isfinite(w).all() for w in want)
            assert_agrees(got, want, atol=7 * ATOL)     # losses up to -log(1e-7) = 16
        else:
            assert all(np.isnan(g).all() for g in got)

    @pytest.mark.parametrize("change, error, says", [
        (dict(x=np.ones((7, 5))), ValueError, r"x has shape \(7, 5\) but W1 has 6 rows; x must be \(N, 6\)"),
        (dict(x=np.ones((0, 6))), ValueError, r"x has shape \(0, 6\) .* at least one sample"),
        (dict(x=np.ones((7, 6), complex)), TypeError, "x has dtype complex128"),
        (dict(t=np.zeros(6, int)), ValueError, r"t has shape \(6,\) but y has 7 rows and 4 classes"),
        (dict(t=np.full(7, 4)), IndexError, r"t\[0\] is 4 but y has 4 classes"),
        (dict(t=np.zeros(7)), TypeError, "t has dtype float64; class labels must be integers"),
        (dict(activation="tanh"), ValueError, "activation is 'tanh'; it must be 'relu' or 'sigmoid'"),
        (dict(activation=None), ValueError, "activation is None"),
        (dict(params=None), TypeError, "params is a NoneType; it must be a list of arrays"),
        (dict(params=[]), ValueError, "params has 0 arrays"),
        (dict(params=[np.ones((6, 4))]), ValueError, "params has 1 arrays"),
        (dict(W2=np.ones((3, 4))), ValueError, "W1 has 5 columns but W2 has 3 rows; they must be equal"),
        (dict(W2=np.ones((5, 0))), ValueError, r"W2 has shape \(5, 0\); it must have two axes, .* not be empty"),
        (dict(W2=np.ones(5)), ValueError, r"W2 has shape \(5,\); it must have two axes"),
        (dict(b1=np.ones(4)), ValueError, r"b1 has shape \(4,\) but W1 has 5 columns; b1 must be \(5,\)"),
        (dict(b2=np.ones((1, 4))), ValueError, r"b2 has shape \(1, 4\) but W2 has 4 columns; b2 must be \(4,\)"),
        (dict(W1=np.array([["a"]])), TypeError, "W1 has dtype <U1"),
    ])
    def test_errors(self, case, change, error, says):
        x, t, params = case
        named = dict(W1=params[0], b1=params[1], W2=params[2], b2=params[3])
        named.update({k: v for k, v in change.items() if k in named})
        args = dict(x=x, t=t, params=list(named.values()), activation="relu")
        args.update({k: v for k, v in change.items() if k in args})
        with pytest.raises(error, match=f"numerical_gradient: .*{says}"):
            mlp_numerical_gradient(**args)

    def test_nothing_leaks(self, case):
        x, t, params = case

        def counts():
            mlp_numerical_gradient(x, t, params)
            mlp_numerical_gradient(x, np.eye(4)[t], params)
            for bad in (dict(t=t + 9), dict(x=x[:, :2]), dict(params=[x, *params])):
                with pytest.raises((ValueError, IndexError)):
                    mlp_numerical_gradient(**{**dict(x=x, t=t, params=params), **bad})
            return [sys.getrefcount(a) for a in (x, t, *params)]

        assert counts() == counts()


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_layer_net(rng, dtype, activation):
    np.random.seed(0)
    net = pynn.TwoLayerNet(8, 6, 4, weight_init_std=0.5, dtype=dtype, activation=activation)
    x, t = batch(rng, 11, (8, 4))
    grads = net.numerical_gradient(x, t)
    assert list(grads) == ["W1", "b1", "W2", "b2"] and all(g.dtype == dtype for g in grads.values())
    exact = {key: p.astype(np.float64) for key, p in net.params.items()}
    want = book(x.astype(dtype).astype(np.float64), t, list(exact.values()), activation)
    for g, w in zip(grads.values(), want):
        np.testing.assert_allclose(g, w, rtol=np.finfo(dtype).eps, atol=ATOL)
