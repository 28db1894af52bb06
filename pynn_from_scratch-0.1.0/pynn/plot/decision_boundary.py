"""How a gate or a network divides the plane."""

import numpy as np

from pynn.plot.axes import new_axes


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
    if ax is None:
        ax = new_axes("plot_decision_boundary")
    x, y = np.meshgrid(np.linspace(*xlim, points), np.linspace(*ylim, points))
    classes = np.reshape(f(x.ravel(), y.ravel()), x.shape)
    levels = np.arange(classes.min(), classes.max() + 2) - 0.5
    ax.contourf(x, y, classes, levels=levels, cmap="Blues", vmin=levels[0], vmax=3 * levels[-1], zorder=0)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return ax
