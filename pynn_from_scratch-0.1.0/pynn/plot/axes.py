"""Where a picture is drawn: Matplotlib is imported here, when the first one is."""


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


def grid_axes(function, count, ncols, width, height):
    """A grid of at least `count` Axes, each of so many inches."""
    ncols = max(1, min(ncols, count))
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
    if len(axes) < count:
        raise ValueError(f"{function}: axes has {len(axes)} Axes for {count} pictures; it must have at least as many")
    for ax in axes[count:]:
        ax.axis("off")
    return axes[:count]
