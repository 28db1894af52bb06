"""How a gate or a network divides the plane."""

import numpy as np

from pynn._reading import count, real_array
from pynn.plot.axes import the_axes
from pynn.plot.passes import grid

MOST = 1000         # between two classes


def plot_decision_boundary(f, xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), points=200, ax=None):
    """Shade the plane by the class that `f` gives each point.

    Parameters
    ----------
    f : callable
        Takes two arrays of equal shape, the points' coordinates, and returns an array of classes: a gate will do.
    xlim, ylim : pair of float
        What part of the plane.
    points : int
        Points along each side.
    ax : Axes, optional

    Returns
    -------
    ax : Axes
    """
    ax = the_axes("plot_decision_boundary", ax)
    x, y = grid("plot_decision_boundary", f, xlim, ylim, count("plot_decision_boundary", "points", points, least=2))
    classes = real_array("plot_decision_boundary", "what f returned", f(x.ravel(), y.ravel()))
    if classes.size != x.size or not np.isfinite(classes).all() or np.ptp(classes.astype(float)) > MOST:
        raise ValueError(f"plot_decision_boundary: f returned an array of shape {classes.shape}; it must return a class for each of {x.size} points, "
                         f"finite numbers that are at most {MOST} apart")
    classes = classes.reshape(x.shape).astype(float)
    levels = np.arange(classes.min(), classes.max() + 2) - 0.5
    ax.contourf(x, y, classes, levels=levels, cmap="Blues", vmin=levels[0], vmax=3 * levels[-1], zorder=0)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return ax
