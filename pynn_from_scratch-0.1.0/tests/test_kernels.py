"""Two kernels for each operation, and the steps between the plain loops and the fast product."""

import numpy as np
import pytest

import pynn
from pynn.tour import STEPS, tour
import pynn._core as _core


@pytest.fixture(autouse=True)
def restored():
    before = pynn.kernels()
    yield
    _core.use_kernels(before)


def test_as_a_function_and_as_a_context():
    fast = pynn.kernels()
    with pynn.use_kernels("simple") as chosen:
        assert pynn.kernels() == "simple" and repr(chosen) == "use_kernels('simple')"
        with pynn.use_kernels("fast"):
            assert pynn.kernels() == fast
        assert pynn.kernels() == "simple"
    assert pynn.kernels() == fast
    pynn.use_kernels("simple")
    assert pynn.kernels() == "simple"
    pynn.use_kernels("fast")
    assert pynn.kernels() == fast


def test_afterwards_it_is_as_before_even_if_it_failed():
    fast = pynn.kernels()
    with pytest.raises(ZeroDivisionError), pynn.use_kernels("simple"):
        1 / 0
    assert pynn.kernels() == fast


@pytest.mark.parametrize("name", ["slow", "sse9", None, 3])
def test_a_set_that_is_not_there(name):
    with pytest.raises(ValueError, match=r"use_kernels: name is .*; it must be one of \['simple', 'fast'"):
        pynn.use_kernels(name)


def test_both_give_the_same_numbers(rng):
    x, t = rng.standard_normal((4, 1, 12, 12)), np.array([0, 1, 2, 1])
    np.random.seed(0)
    net = pynn.SimpleConvNet((1, 12, 12), {"filter_num": 4, "filter_size": 3, "pad": 1, "stride": 1}, 6, 3, 0.3)
    fast = net.gradient(x, t)
    with pynn.use_kernels("simple"):
        simple = net.gradient(x, t)
    for name in fast:
        np.testing.assert_allclose(simple[name], fast[name], rtol=0, atol=1e-13)


@pytest.mark.parametrize("first, second", [("simple", "fast"), ("fast", "simple")])
def test_exchanged_between_forward_and_backward(first, second, rng):
    x, t = rng.standard_normal((4, 1, 12, 12)), np.array([0, 1, 2, 1])
    np.random.seed(0)
    net = pynn.SimpleConvNet((1, 12, 12), {"filter_num": 4, "filter_size": 3, "pad": 1, "stride": 1}, 6, 3, 0.3)
    want = net.input_gradient(x, t)
    pynn.use_kernels(first)
    net.loss(x, t)
    pynn.use_kernels(second)
    np.testing.assert_allclose(net._backward(needs_dx=True), want, rtol=0, atol=1e-13)


SETS = ["simple", *(isa for isa, available in _core.build_info()["isas"].items() if available and isa != "simple")]


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
@pytest.mark.parametrize("m, k, n", [(1, 1, 1), (3, 5, 7), (4, 300, 4), (9, 17, 48), (37, 513, 101), (64, 64, 600)])
def test_every_step_is_the_product(isa, step, m, k, n, rng):
    a, b = rng.standard_normal((m, k)).astype(np.float32), rng.standard_normal((k, n)).astype(np.float32)
    with pynn.use_kernels(isa):
        c = _core.tour(step, a, b)
    exact = a.astype(np.float64) @ b
    # the error of a sum of k products, whatever its order
    bound = k * np.finfo(np.float32).eps * (np.abs(a).astype(np.float64) @ np.abs(b))
    assert c.dtype == np.float32 and (np.abs(c - exact) <= bound).all()


def test_steps_of_nothing():
    for step in range(len(STEPS)):
        np.testing.assert_array_equal(_core.tour(step, np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))
        assert _core.tour(step, np.ones((0, 2)), np.ones((2, 3))).shape == (0, 3)


def test_steps_in_words():
    with pytest.raises(ValueError, match="tour: step is 7; it must be from 0 to 6"):
        _core.tour(7, np.ones((1, 1)), np.ones((1, 1)))
    with pytest.raises(ValueError, match=r"tour: a has shape \(2, 3\) and b has shape \(2, 3\)"):
        _core.tour(0, np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="tour: n is 0"):
        tour(0)


def test_the_tour(capsys, tmp_path):
    result = tour(48, threads=1)
    assert [step.name for step in result.steps] == [*STEPS, "pynn", "NumPy"] and result.peak > 0
    assert all(step.seconds > 0 for step in result.steps)
    text = str(result)
    assert text.startswith("48x48 float32, 1 thread, ") and text.count("times the formula") == 9
    pytest.importorskip("matplotlib").use("agg")
    assert len(result.plot().patches) == 9
    from pynn.cli import main
    assert main(["tour", "--size", "16", "--output", str(tmp_path / "tour.png")]) == 0
    assert "packing" in capsys.readouterr().out and (tmp_path / "tour.png").read_bytes().startswith(b"\x89PNG")
