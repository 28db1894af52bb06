"""What the first layer looks for."""

import numpy as np

from pynn._reading import has
from pynn.plot.axes import grid_axes, panels


def show_filters(net, channel=0, ncols=10, axes=None):
    """Show the filters of a convolution, or the weights of each unit of an affine layer, as images (section 7.6.1).

    Parameters
    ----------
    net : network or layer
        A layer with ``W``; of a network the first that has filters, else the first whose units look at square images.
    channel : int
        Which channel of the filters.
    ncols : int
        Images in a row.
    axes : array of Axes, optional
        As many as filters or more.

    Returns
    -------
    axes : ndarray of Axes
        Red is positive, blue negative, white zero, on the same scale for all.
    """
    images = _images(_weights(net), channel)
    if axes is None:
        axes = grid_axes("show_filters", len(images), ncols, 0.8, 0.8)
    limit = np.abs(images).max() or 1
    for ax, image in zip(panels("show_filters", axes, len(images)), images):
        ax.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
        frame(ax)
    return axes


def frame(ax):
    """An image with a thin frame and no ticks."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set(visible=True, color="0.8")


def _weights(net):
    if hasattr(net, "W"):
        return np.asarray(net.W)
    if not hasattr(getattr(net, "params", None), "items"):
        raise TypeError(f"show_filters: a {type(net).__name__} has no W and no dictionary `params`; it must be a network or a layer "
                        "with weights")
    weights = [np.asarray(value) for value in net.params.values()]
    for W in [W for W in weights if W.ndim == 4] + [W for W in weights if W.ndim == 2]:
        return W
    raise ValueError(f"show_filters: the {type(net).__name__} has no weights, arrays with 2 or 4 axes")


def _images(W, channel):
    if W.ndim == 4:
        has("show_filters", "channel", channel, "__index__", why="it must be a whole number")
        if not -W.shape[1] <= channel < W.shape[1]:
            raise ValueError(f"show_filters: channel is {channel} but the filters have {W.shape[1]} channels")
        return W[:, channel]
    side = int(np.sqrt(W.shape[0])) if W.ndim == 2 else 0
    if not side or side * side != W.shape[0]:
        raise ValueError(f"show_filters: W has shape {W.shape}; it must be filters (FN, C, FH, FW), or (pixels, units) with square "
                         "images")
    return W.T.reshape(-1, side, side)
