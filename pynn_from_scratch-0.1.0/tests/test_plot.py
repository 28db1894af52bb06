"""The pictures hold what was asked for; how they look is for eyes."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from pynn import plot
from pynn.perceptron import AND

pytest.importorskip("matplotlib").use("agg")
import matplotlib.pyplot as plt     # noqa: E402


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.mark.parametrize("steps", [1, 11, 12, 500])
def test_history(steps):
    trainer = SimpleNamespace(train_loss_list=[*np.linspace(2, 1, steps)], train_acc_list=[0.1, 0.8],
                              test_acc_list=[0.1, 0.7])
    axes = plot.plot_history(trainer)
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), trainer.train_loss_list)
    assert [list(line.get_ydata()) for line in axes[1].lines] == [[0.1, 0.8], [0.1, 0.7]]
    assert plot.plot_history(trainer, axes) is axes


def test_decision_boundary():
    ax = plot.plot_decision_boundary(AND)
    assert ax.get_xlim() == (-0.5, 1.5) and len(ax.collections) == 1
    assert plot.plot_decision_boundary(AND, points=20, ax=ax) is ax


def test_tangent():
    x = np.linspace(-1, 3, 9)
    ax = plot.plot_tangent(lambda x: x**2, 1.0, 2.0, x)
    curve, line, point = ax.lines
    np.testing.assert_array_equal(curve.get_ydata(), x**2)
    np.testing.assert_allclose(line.get_ydata(), 2 * x - 1)
    assert (point.get_xdata(), point.get_ydata()) == (1.0, 1.0)


def test_path():
    path = np.array([[-7.0, 2.0], [-5.0, 1.0], [0.0, 0.0]])
    ax = plot.plot_path(lambda x, y: x**2 / 20 + y**2, path)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), path)


@pytest.mark.parametrize("shape", [(7, 64), (7, 8, 8), (7, 1, 8, 8)])
def test_images(shape, rng):
    images = rng.random(shape)
    axes = plot.show_images(images, titles=range(7), ncols=4)
    assert axes.shape == (2, 4)
    shown = [ax for ax in axes.flat if ax.images]
    assert [ax.get_title() for ax in shown] == list("0123456")
    np.testing.assert_array_equal(shown[6].images[0].get_array(), images[6].reshape(8, 8))


def test_matplotlib_is_asked_for_in_words(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'plot_path needs Matplotlib; pip install "pynn-from-scratch\[plot\]"'):
        plot.plot_path(lambda x, y: x, [[0, 0]])
