"""What a derivative is."""

from pynn._reading import number, real_array
from pynn.plot.axes import the_axes


def plot_tangent(f, x0, slope, x, ax=None):
    """Draw `f` over `x` and the line that touches it at `x0`.

    Parameters
    ----------
    f : callable
        Takes an array and returns one of its shape.
    x0 : float
        Where the tangent touches.
    slope : float
        The derivative there, for example ``numerical_diff(f, x0)``.
    x : ndarray
        Where to draw.
    ax : Axes, optional

    Returns
    -------
    ax : Axes
    """
    ax = the_axes("plot_tangent", ax)
    if not callable(f):
        raise TypeError(f"plot_tangent: f is a {type(f).__name__}; it must be a function of x")
    x0, slope, x = number("plot_tangent", "x0", x0), number("plot_tangent", "slope", slope), real_array("plot_tangent", "x", x)
    ax.plot(x, f(x), color="C0", label="$f(x)$")
    ax.plot(x, f(x0) + slope * (x - x0), color="C1", label=f"slope {slope:.3g} at $x={x0:g}$")
    ax.plot(x0, f(x0), "o", color="C1")
    ax.set(xlabel="$x$")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax
