"""The way of a descent."""

from pynn._reading import real_array
from pynn.plot.axes import the_axes
from pynn.plot.passes import grid


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
    ax = the_axes("plot_path", ax)
    x, y = grid("plot_path", f, xlim, ylim, 200)
    path = real_array("plot_path", "path", path)
    if path.ndim != 2 or path.shape[1] != 2:
        raise ValueError(f"plot_path: path has shape {path.shape}; it must be (steps, 2)")
    height = real_array("plot_path", "what f returned", f(x, y))
    if height.shape != x.shape:
        raise ValueError(f"plot_path: f returned an array of shape {height.shape} for two of shape {x.shape}; they must be equal")
    ax.contour(x, y, height, levels=levels, colors="0.7", linewidths=0.8)
    ax.plot(*path.T, color="C3", marker="o", markersize=3, linewidth=1)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$x$", ylabel="$y$")
    return ax
