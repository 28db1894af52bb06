"""pynn.optimizer against the update rules of section 6.1, in place."""

import copy
import inspect
import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from compare import LONGER, assert_close, snapshot, wide
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, lay_out, shapes, values
from test_errors import refuses

from pynn import optimizer, reference

RULES = ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW")
REAL = (np.float32, np.float64)
IN_PLACE = ("C", "F", "permuted", "strided", "negative", "offset")
STEPS = 4


def whole(a):
    """The array whose memory `a` views."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


def check_steps(rule, param, grads, **options):
    """Some steps in place, compared with the same steps in more digits.

    The error of a step: the parameter is rounded once, eps/2 |p|; the step itself is a handful of
    operations, 8 eps of its own size, in which the state's error, a few eps a step, is contained.
    In Adam and Momentum the terms of the state may cancel, so a step's size is taken from the
    largest gradient so far: lr g / (sqrt(h) + 1e-7) is at most lr_t sqrt(1 / (1 - decay)).
    """
    mine, book = getattr(optimizer, rule)(**options), getattr(reference, rule)(**options)
    params, params_wide = {"W": param}, {"W": wide(param)}
    size = np.abs(params_wide["W"])
    for i, grad in enumerate(grads, 1):
        before = params_wide["W"].copy()
        kept = snapshot(grad)
        mine.update(params, {"W": grad})
        book.update(params_wide, {"W": wide(grad)})
        assert snapshot(grad) == kept, "the gradient was modified"
        assert params["W"] is param, "the parameter was replaced"
        size = size + np.abs(params_wide["W"] - before) + step_size(rule, mine.lr, grads[:i])
        assert_close(param, params_wide["W"], 8 * i, size)
    for name in ("v", "h", "m"):
        if hasattr(book, name):
            state = getattr(mine, name)["W"]
            g = np.max([np.abs(wide(g)) for g in grads], axis=0)
            size = {"v": g * g if rule in ("Adam", "AdamW") else mine.lr * g, "h": g * g, "m": g}[name]
            assert state.dtype == param.dtype and state.shape == param.shape
            assert_close(state, getattr(book, name)["W"], 8 * STEPS, size * STEPS)


def step_size(rule, lr, grads):
    g = np.max([np.abs(wide(g)) for g in grads], axis=0)
    return lr * (3 * g if rule in ("SGD", "Momentum", "Nesterov") else 10 + 0 * g)


@pytest.mark.parametrize("rule", RULES)
@given(data=st.data())
def test_update(rule, data):
    shape = data.draw(shapes(max_dims=3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    dtype = data.draw(st.sampled_from(REAL))
    param = lay_out(values(rng, shape, dtype), data.draw(st.sampled_from(IN_PLACE)))
    grads = [lay_out(values(rng, shape, data.draw(st.sampled_from((dtype, *DTYPES)))),
                     data.draw(st.sampled_from(LAYOUTS))) for _ in range(STEPS)]
    check_steps(rule, param, grads)


@pytest.mark.parametrize("layout", IN_PLACE)
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("rule", RULES)
def test_the_memory_around_a_view_is_left_alone(rule, dtype, layout, rng):
    param = lay_out(values(rng, (5, 7), dtype), layout)
    around = whole(param)
    inside = np.zeros(around.nbytes, bool)      # which bytes are the parameter's
    marks = np.lib.stride_tricks.as_strided(
        inside, (*param.shape, param.itemsize), (*param.strides, 1)) if layout != "negative" else None
    before = around.tobytes()
    check_steps(rule, param, [values(rng, (5, 7), dtype) for _ in range(STEPS)])
    if marks is not None:
        offset = param.__array_interface__["data"][0] - around.__array_interface__["data"][0]
        np.lib.stride_tricks.as_strided(inside[offset:], marks.shape, marks.strides)[...] = True
        after = np.frombuffer(around.tobytes(), np.uint8)
        np.testing.assert_array_equal(after[~inside], np.frombuffer(before, np.uint8)[~inside])


@pytest.mark.parametrize("size", [1, 37, 4096, 200_003])
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("rule", RULES)
def test_every_length(rule, dtype, size, rng):
    check_steps(rule, values(rng, size, dtype), [values(rng, size, dtype) for _ in range(STEPS)])


@pytest.mark.parametrize("rule, options", [
    ("SGD", {"lr": 0.5}), ("Momentum", {"lr": 0.3, "momentum": 0.5}),
    ("Nesterov", {"lr": 0.3, "momentum": 0.5}), ("AdaGrad", {"lr": 1.5}),
    ("RMSprop", {"lr": 0.1, "decay_rate": 0.9}),
    ("Adam", {"lr": 0.1, "beta1": 0.8, "beta2": 0.9}),
    ("AdamW", {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.5})])
@pytest.mark.parametrize("dtype", REAL)
def test_options(rule, options, dtype, rng):
    check_steps(rule, values(rng, (6, 5), dtype), [values(rng, (6, 5), dtype) for _ in range(STEPS)],
                **options)


@pytest.mark.parametrize("rule", RULES)
def test_defaults_are_the_books(rule):
    mine, book = vars(getattr(optimizer, rule)()), vars(getattr(reference, rule)())
    assert {k: mine[k] for k in book} == book


@pytest.mark.parametrize("rule", RULES)
def test_a_thousand_steps_follow_the_book(rule, rng):
    """float64 on a quadratic, where errors neither grow nor hide: to rounding at the end."""
    curvature = np.linspace(0.1, 3, 50)
    start = rng.standard_normal(50)
    mine, book = {"W": start.copy()}, {"W": start.copy()}
    a, b = getattr(optimizer, rule)(lr=0.01), getattr(reference, rule)(lr=0.01)
    for _ in range(1000):
        a.update(mine, {"W": curvature * mine["W"]})
        b.update(book, {"W": curvature * book["W"]})
    # SGD and its kin contract, errors with them; the others normalize by sqrt(h), and near the
    # minimum their steps of size lr depend on signs, which rounding does not change here
    np.testing.assert_allclose(mine["W"], book["W"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule, options", [
    ("Momentum", {}), ("Nesterov", {}), ("RMSprop", {"decay_rate": 0.9}), ("Adam", {"beta2": 0.9}), ("AdamW", {"beta2": 0.9})])
@pytest.mark.parametrize("dtype, steps", [(np.float32, 1000), (np.float64, 7500)])
def test_a_state_that_fades_ends_at_zero(rule, options, dtype, steps, rng):
    """As at pixels that are seldom inked. By the rule alone it stays subnormal: 0.9 times the smallest number rounds to itself."""
    mine, book = getattr(optimizer, rule)(**options), getattr(reference, rule)(**options)
    start = rng.standard_normal(37).astype(dtype)
    params, expected = {"W": start.copy()}, {"W": wide(start)}
    grads = [{"W": rng.standard_normal(37).astype(dtype)}] + [{"W": np.zeros(37, dtype)}] * steps
    for step, grad in enumerate(grads):
        mine.update(params, grad)
        if step < 300:                  # later the book's steps are below half a rounding, but for AdamW's decay
            book.update(expected, {"W": wide(grad["W"])})
            assert_close(params["W"], expected["W"], 8 * (step + 1), np.abs(expected["W"]) + mine.lr)
    for name in mine._memory:
        assert not getattr(mine, name)["W"].any(), name


@pytest.mark.parametrize("number", [float, np.float64, np.float32])
@pytest.mark.parametrize("rule", RULES)
def test_numbers_are_replaced(rule, number):
    """The toy example of section 6.1 keeps x and y as Python floats."""
    params, book = {"x": number(-7), "y": number(2)}, {"x": -7.0, "y": 2.0}
    a, b = getattr(optimizer, rule)(), getattr(reference, rule)()
    for _ in range(30):
        a.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})
        b.update(book, {"x": book["x"] / 10, "y": 2 * book["y"]})
    tolerance = 1e-4 if number is np.float32 else 1e-13
    for key in book:
        assert np.ndim(params[key]) == 0 and not isinstance(params[key], np.ndarray)
        assert params[key] == pytest.approx(book[key], rel=tolerance)


@pytest.mark.parametrize("rule", RULES)
def test_integer_numbers_become_floats(rule):
    params = {"x": 3}
    getattr(optimizer, rule)().update(params, {"x": 1})
    book = {"x": 3.0}
    getattr(reference, rule)().update(book, {"x": 1.0})
    assert params["x"] == pytest.approx(book["x"], rel=1e-15)


@pytest.mark.parametrize("rule", RULES)
def test_every_parameter_has_its_own_state(rule, rng):
    shapes_ = {"W1": (3, 4), "b1": (4,), "W2": (4, 2)}
    start = {k: rng.standard_normal(s) for k, s in shapes_.items()}
    together, alone = copy.deepcopy(start), copy.deepcopy(start)
    joint, singles = getattr(optimizer, rule)(), {k: getattr(optimizer, rule)() for k in start}
    for _ in range(3):
        grads = {k: rng.standard_normal(s) for k, s in shapes_.items()}
        joint.update(together, grads)
        for k in start:
            singles[k].update({k: alone[k]}, {k: grads[k]})
    for k in start:
        np.testing.assert_array_equal(together[k], alone[k])


@pytest.mark.parametrize("rule", RULES)
def test_the_rate_may_change_between_steps(rule):
    a, b = getattr(optimizer, rule)(lr=0.1), getattr(reference, rule)(lr=0.1)
    mine, book = {"W": np.ones(3)}, {"W": np.ones(3)}
    for lr in (0.1, 0.05, 0.01):
        a.lr = b.lr = lr
        a.update(mine, {"W": np.array([1.0, -2, 3])})
        b.update(book, {"W": np.array([1.0, -2, 3])})
    np.testing.assert_allclose(mine["W"], book["W"], rtol=1e-15)


@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_that_is_the_parameter(rule, rng):
    """g = p, as for the sum of squares: read before it is written."""
    mine = rng.standard_normal(100)
    book = {"W": mine.copy()}
    getattr(optimizer, rule)(lr=0.1).update({"W": mine}, {"W": mine})
    getattr(reference, rule)(lr=0.1).update(book, {"W": book["W"].copy()})
    np.testing.assert_allclose(mine, book["W"], rtol=1e-14)


@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_that_overlaps_the_parameter(rule, rng):
    """p[1:] by p[:-1]: as if the gradient had been copied first, as NumPy does."""
    memory = rng.standard_normal(101)
    book = {"W": memory[1:].copy()}
    getattr(reference, rule)(lr=0.1).update(book, {"W": memory[:-1].copy()})
    getattr(optimizer, rule)(lr=0.1).update({"W": memory[1:]}, {"W": memory[:-1]})
    np.testing.assert_allclose(memory[1:], book["W"], rtol=1e-14)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", REAL)
def test_nan_and_infinity(rule, dtype):
    grad = np.array([np.nan, np.inf, -np.inf, 1, 0] * 5, dtype)
    mine, book = {"W": np.ones(25, dtype)}, {"W": np.ones(25)}
    with np.errstate(all="ignore"):
        getattr(reference, rule)().update(book, {"W": grad.astype(np.float64)})
    getattr(optimizer, rule)().update(mine, {"W": grad})
    np.testing.assert_allclose(mine["W"], book["W"], rtol=1e-6)


FUNCTION = {"SGD": "SGD", "Momentum": "Momentum", "Nesterov": "Nesterov", "AdaGrad": "AdaGrad",
            "RMSprop": "RMSprop", "Adam": "Adam", "AdamW": "AdamW"}


def readonly():
    a = np.ones((2, 3))
    a.flags.writeable = False
    return a


@pytest.mark.parametrize("rule", RULES)
class TestErrors:
    def update(self, rule, param, grad):
        getattr(optimizer, rule)().update({"W": param}, {"W": grad})

    @pytest.mark.parametrize("dtype", [np.int64, np.float16, *LONGER, complex, bool])
    def test_parameter_of_another_dtype(self, rule, dtype):
        """An integer array would lose every step to truncation; float16, most of them."""
        param = np.ones((2, 3), dtype)
        kept = snapshot(param)
        refuses(TypeError, f"{rule}.update {param.dtype}", self.update, rule, param, np.ones((2, 3)))
        assert snapshot(param) == kept

    def test_read_only_parameter(self, rule):
        refuses(TypeError, f"{rule}.update read-only", self.update, rule, readonly(), np.ones((2, 3)))

    @pytest.mark.parametrize("layout", ["unaligned", "swapped"])
    def test_parameter_that_c_cannot_write(self, rule, layout):
        param = lay_out(np.ones((2, 3)), layout)
        refuses(TypeError, f"{rule}.update", self.update, rule, param, np.ones((2, 3)))
        np.testing.assert_array_equal(param, 1)

    @pytest.mark.parametrize("param", [[1.0, 2.0], "W", None])
    def test_parameter_that_is_no_array(self, rule, param):
        refuses(TypeError, f"{rule}.update", self.update, rule, param, np.ones(2))

    @pytest.mark.parametrize("shape", [(3,), (3, 2), (6,), (1, 3), (), (0, 3)])
    def test_gradient_of_another_shape(self, rule, shape):
        """Not even where it would broadcast: that is a gradient of something else."""
        param = np.ones((2, 3))
        says = f"{rule}.update ({', '.join(map(str, shape))}"
        refuses(ValueError, says, self.update, rule, param, np.ones(shape))
        np.testing.assert_array_equal(param, 1)

    @pytest.mark.parametrize("grad", [np.ones(3, complex), np.array(["a", "b", "c"]), None])
    def test_gradient_that_is_no_number(self, rule, grad):
        refuses(TypeError, f"{rule}.update grad", self.update, rule, np.ones(3), grad)

    def test_missing_gradient(self, rule):
        with pytest.raises(KeyError, match=rf"{rule}.update.*b1"):
            getattr(optimizer, rule)().update({"W1": np.ones(2), "b1": np.ones(2)},
                                              {"W1": np.ones(2)})

    @pytest.mark.parametrize("lr", ["fast", None, [0.1, 0.2]])
    def test_rate_that_is_no_number(self, rule, lr):
        with pytest.raises(TypeError):
            getattr(optimizer, rule)(lr=lr).update({"W": np.ones(2)}, {"W": np.ones(2)})


@pytest.mark.parametrize("rule", optimizer.__all__)
def test_lists_as_in_the_second_volume(rule, rng):
    """By position, in place, and what is remembered goes by the position."""
    arrays = [rng.standard_normal((3, 2)), rng.standard_normal(4).astype(np.float32)]
    listed, named = [array.copy() for array in arrays], {f"p{i}": array.copy() for i, array in enumerate(arrays)}
    kept = list(listed)
    by_position, by_name = getattr(optimizer, rule)(), getattr(optimizer, rule)()
    for _ in range(3):
        by_position.update(listed, [np.cos(param) for param in listed])
        by_name.update(named, {name: np.cos(param) for name, param in named.items()})
    assert all(now is before for now, before in zip(listed, kept))
    assert all(np.array_equal(param, named[f"p{i}"]) for i, param in enumerate(listed))
    assert not np.array_equal(listed[0], arrays[0])


@pytest.mark.parametrize("rule", optimizer.__all__)
@pytest.mark.parametrize("params, grads, error, words", [
    ([np.ones(2)], [], ValueError, "params has 1 parameters but grads has 0 gradients"),
    ([np.ones(2)], {"W": np.ones(2)}, TypeError, "params is a list and grads is a dict"),
    ({"W": np.ones(2)}, [np.ones(2)], TypeError, "params is a dict and grads is a list"),
    ((np.ones(2),), (np.ones(2),), TypeError, "params is a tuple"),
    (np.ones(2), np.ones(2), TypeError, "params is a ndarray")])
def test_refuses_what_is_neither_dicts_nor_lists(rule, params, grads, error, words):
    with pytest.raises(error, match=f"{rule}.update: {words}"):
        getattr(optimizer, rule)().update(params, grads)


SETTINGS = [(rule, name) for rule in RULES for name in inspect.signature(getattr(optimizer, rule)).parameters]
SHARES = [("RMSprop", "decay_rate"), *itertools.product(("Adam", "AdamW"), ("beta1", "beta2"))]


def step_with(rule, name, value):
    """Two steps, the setting changed between them as `lr` may be; the parameters must be as they were."""
    rule = getattr(optimizer, rule)()
    params, grads = {"W": np.ones(2)}, {"W": np.ones(2)}
    rule.update(params, grads)
    kept = snapshot(params["W"])
    setattr(rule, name, value)
    try:
        rule.update(params, grads)
    finally:
        assert snapshot(params["W"]) == kept


@pytest.mark.parametrize("rule, name", SETTINGS)
@pytest.mark.parametrize("value", ["0.5", None, [0.5, 0.5], np.full(2, 0.5), 1j, {}])
def test_a_setting_that_is_no_number(rule, name, value):
    refuses(TypeError, f"{rule}.update {name} number", step_with, rule, name, value)


@pytest.mark.parametrize("rule, name", SETTINGS)
def test_a_setting_that_no_float_holds(rule, name):
    refuses(OverflowError, f"{rule}.update {name} is too large", step_with, rule, name, 10**400)


@pytest.mark.parametrize("rule, name", SHARES)
@pytest.mark.parametrize("value", [1, 1.5, -0.1, np.inf, np.nan])
def test_a_share_out_of_range(rule, name, value):
    refuses(ValueError, f"{rule}.update {name} is {float(value)} at least 0 and below 1", step_with, rule, name, value)


@pytest.mark.parametrize("rule, name", SETTINGS)
@pytest.mark.parametrize("number", [Fraction, Decimal, np.float32, np.array])
def test_every_kind_of_number_is_a_setting(rule, name, number):
    mine, plain = getattr(optimizer, rule)(**{name: number(0.5)}), getattr(optimizer, rule)(**{name: 0.5})
    a, b = {"W": np.ones(2)}, {"W": np.ones(2)}
    for grad in (0.5, 2.0):
        mine.update(a, {"W": np.full(2, grad)})
        plain.update(b, {"W": np.full(2, grad)})
    np.testing.assert_array_equal(a["W"], b["W"])
