"""The pictures hold what was asked for; how they look is for eyes."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from test_errors import refuses

import pynn
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


# ---- what cannot be drawn ----

X, T = np.random.default_rng(0).random((6, 16)), np.array([0, 1, 2, 0, 1, 2])
IMAGES = X.reshape(6, 4, 4)
NET, CONV = pynn.TwoLayerNet(16, 5, 3), pynn.SimpleConvNet((1, 8, 8), {"filter_num": 2, "filter_size": 3, "pad": 0, "stride": 1}, 5, 3)
IMAGE = np.ones((1, 8, 8))
MASKED = np.ma.masked_array(T, T > 1)


@pytest.mark.parametrize("error, says, f", [
    (TypeError, "plot_history trainer int train_loss_list", lambda: plot.plot_history(3)),
    (ValueError, "plot_history axes 1 pair", lambda: plot.plot_history(SimpleNamespace(train_loss_list=[]), plt.figure())),
    (TypeError, "plot_history axes int64 Axes", lambda: plot.plot_history(SimpleNamespace(train_loss_list=[]), [3, 4])),
    (TypeError, "plot_confusion_matrix ax Figure Axes", lambda: plot.plot_confusion_matrix(NET, X, T, ax=plt.figure())),
    (TypeError, "plot_confusion_matrix names int list", lambda: plot.plot_confusion_matrix(NET, X, T, names=3)),
    (ValueError, "plot_confusion_matrix class -2", lambda: plot.plot_confusion_matrix(-T, t=T)),
    (ValueError, "plot_confusion_matrix class -2", lambda: plot.plot_confusion_matrix(NET, X, -T)),
    (ValueError, "plot_confusion_matrix class 1000000", lambda: plot.plot_confusion_matrix([0, 1], t=[0, 10**6])),
    (TypeError, "plot_confusion_matrix t masked", lambda: plot.plot_confusion_matrix(T, t=MASKED)),
    (TypeError, "plot_confusion_matrix net class TwoLayerNet", lambda: plot.plot_confusion_matrix(pynn.TwoLayerNet, X, T)),
    (ValueError, "plot_confusion_matrix x (0, 16) samples", lambda: plot.plot_confusion_matrix(NET, X[:0], T[:0])),
    (TypeError, "plot_decision_boundary f int function", lambda: plot.plot_decision_boundary(3)),
    (ValueError, "plot_decision_boundary f (3,) 400 points", lambda: plot.plot_decision_boundary(lambda x, y: x[:3], points=20)),
    (ValueError, "plot_decision_boundary f finite", lambda: plot.plot_decision_boundary(lambda x, y: x * np.nan)),
    (ValueError, "plot_decision_boundary f at most 1000 apart", lambda: plot.plot_decision_boundary(lambda x, y: 1e9 * (x > 0.5))),
    (TypeError, "plot_decision_boundary dtype object", lambda: plot.plot_decision_boundary(lambda x, y: None)),
    (ValueError, "plot_decision_boundary points 0", lambda: plot.plot_decision_boundary(AND, points=0)),
    (ValueError, "plot_decision_boundary xlim 5 pair", lambda: plot.plot_decision_boundary(AND, xlim=5)),
    (ValueError, "plot_decision_boundary ylim nan finite", lambda: plot.plot_decision_boundary(AND, ylim=(0, np.nan))),
    (TypeError, "plot_path f int", lambda: plot.plot_path(3, [[1, 2]])),
    (ValueError, "plot_path path (1, 3) (steps, 2)", lambda: plot.plot_path(np.multiply, [[1, 2, 3]])),
    (ValueError, "plot_path f ()", lambda: plot.plot_path(lambda x, y: 1, [[1, 2]])),
    (TypeError, "plot_tangent f int", lambda: plot.plot_tangent(3, 0, 1, X[0])),
    (TypeError, "plot_tangent slope None number", lambda: plot.plot_tangent(np.sin, 0, None, X[0])),
    (TypeError, "show_images images masked", lambda: plot.show_images(np.ma.masked_array(IMAGES, IMAGES > 0.5))),
    (ValueError, "show_images 1 titles 6 images", lambda: plot.show_images(IMAGES, ["a"])),
    (ValueError, "show_images axes 1 6", lambda: plot.show_images(IMAGES, axes=plt.subplots()[1])),
    (ValueError, "show_images nothing", lambda: plot.show_images(IMAGES[:0])),
    (ValueError, "show_images ncols 0", lambda: plot.show_images(IMAGES, ncols=0)),
    (ValueError, "show_images 0 pixels", lambda: plot.show_images(np.ones((3, 0)))),
    (ValueError, "show_misclassified count -1", lambda: plot.show_misclassified(T, IMAGES, T[::-1], count=-1)),
    (ValueError, "show_misclassified x no 6", lambda: plot.show_misclassified(T, None, T[::-1])),
    (TypeError, "show_filters channel str whole", lambda: plot.show_filters(CONV, "a")),
    (ValueError, "show_feature_maps count 0", lambda: plot.show_feature_maps(CONV, IMAGE, count=0)),
    (TypeError, "show_feature_maps layers 'Conv1' list", lambda: plot.show_feature_maps(CONV, IMAGE, layers="Conv1")),
    (ValueError, "show_feature_maps axes 1 rows", lambda: plot.show_feature_maps(CONV, IMAGE, axes=plt.subplots()[1])),
    (ValueError, "plot_activation_histograms x (0, 16)", lambda: plot.plot_activation_histograms(NET, X[:0])),
    (TypeError, "plot_activation_histograms x masked", lambda: plot.plot_activation_histograms(NET, np.ma.masked_array(X, X > 0.5))),
    (TypeError, "plot_activation_histograms layers 5", lambda: plot.plot_activation_histograms(NET, X, 5)),
    (TypeError, "plot_learning_rates found int find_lr", lambda: plot.plot_learning_rates(3)),
    (ValueError, "plot_loss_surface points 1", lambda: plot.plot_loss_surface(NET, X, T, points=1)),
    (TypeError, "plot_loss_surface net int", lambda: plot.plot_loss_surface(3, X, T)),
    (TypeError, "plot_loss_surface paths int dict", lambda: plot.plot_loss_surface(NET, X, T, paths=3)),
    (ValueError, "plot_loss_surface directions 5", lambda: plot.plot_loss_surface(NET, X, T, directions=5)),
    (ValueError, "plot_loss_surface direction W1", lambda: plot.plot_loss_surface(NET, X, T, directions=({}, {}))),
    (ValueError, "plot_loss_surface nowhere finite", lambda: plot.plot_loss_surface(NET, X * np.nan, T, points=2)),
])
def test_refused_in_words(error, says, f):
    refuses(error, says, f)


def test_many_classes_of_small_integers():
    """17 times 17 is more than a uint8 holds."""
    labels = np.arange(17, dtype=np.uint8)
    ax = plot.plot_confusion_matrix(labels, t=labels)
    assert "100.0% of 17" in ax.get_title() and len(ax.texts) == 17
