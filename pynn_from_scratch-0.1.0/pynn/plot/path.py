"""The way of a descent."""

import numpy as np

from pynn.plot.axes import new_axes


def plot_path(f, path, xlim=(-10, 10), ylim=(-5, 5), levels=None, ax=None):
    """Draw the contours of a function of two variables and the path of a descent over them.

    Parameters
    ----------
    f : callable
        ``f(x, y)`` of two arrays of equal shape.
    path : array_like, shape (steps, 2)
        Every point visited, the start first.
    xlim, ylim : pair of float
        What part of the plane.
    levels : int or array_like, optional
        As for `Axes.contour`.
    ax : Axes, optional

    Returns
    -------
    ax : Axes
    """
    if ax is None:
        ax = new_axes("plot_path")
    x, y = np.meshgrid(np.linspace(*xlim, 200), np.linspace(*ylim, 200))
    ax.contour(x, y, f(x, y), levels=levels, colors="0.7", linewidths=0.8)
    path = np.asarray(path)
    ax.plot(*path.T, color="C3", marker="o", markersize=3, linewidth=1)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$x$", ylabel="$y$")
    return ax
