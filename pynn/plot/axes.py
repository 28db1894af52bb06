"""Where a picture is drawn: Matplotlib is imported here, when the first one is."""

from pynn._reading import count as whole
from pynn._reading import has


def pyplot(function):
    """``matplotlib.pyplot``, or an ImportError that says which function asks for it."""
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError(f'{function} needs Matplotlib; pip install "pynn-from-scratch[plot]"') from error
    return matplotlib.pyplot


def new_axes(function, **kwargs):
    """The Axes of a new figure; keywords as of ``plt.subplots``."""
    return pyplot(function).subplots(layout="constrained", **kwargs)[1]


def the_axes(function, ax, **kwargs):
    """The Axes that were given, or new ones; keywords as of ``plt.subplots``."""
    return new_axes(function, **kwargs) if ax is None else has(function, "ax", ax, "imshow", why="it must be an Axes of Matplotlib")


def grid_axes(function, count, ncols, width, height):
    """A grid of at least `count` Axes, each of so many inches."""
    if not count:
        raise ValueError(f"{function}: there is nothing to show")
    ncols = min(whole(function, "ncols", ncols), count)
    nrows = -(-count // ncols)
    return new_axes(function, nrows=nrows, ncols=ncols, squeeze=False, figsize=(ncols * width, nrows * height))


def panels(function, axes, count):
    """The first `count` of some Axes; the rest is switched off.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    import numpy as np
    axes = np.ravel(axes)
    for ax in axes:
        has(function, "axes", ax, "imshow", why="it must hold Axes of Matplotlib")
    if len(axes) < count:
        raise ValueError(f"{function}: axes has {len(axes)} Axes for {count} pictures; it must have at least as many")
    for ax in axes[count:]:
        ax.axis("off")
    return axes[:count]
