"""Pictures of pictures: digits, and those that a network took for others."""

import numpy as np

from pynn._reading import count as whole
from pynn._reading import has, real_array
from pynn.plot.axes import grid_axes, panels
from pynn.plot.passes import predicted, wanted


def show_images(images, titles=None, ncols=10, axes=None):
    """Show greyscale images in a grid.

    Parameters
    ----------
    images : ndarray
        Shape (N, H, W), (N, 1, H, W), or (N, H * W) where the images are square.
    titles : sequence, optional
        One for each image: its label, or what the network took it for.
    ncols : int
        Images in a row.
    axes : array of Axes, optional
        As many as images or more.

    Returns
    -------
    axes : ndarray of Axes
    """
    images = as_images("show_images", images)
    if axes is None:
        axes = grid_axes("show_images", len(images), ncols, 0.9, 0.9 if titles is None else 1.15)
    if titles is not None and len(has("show_images", "titles", titles, "__len__", why="it must be a list")) != len(images):
        raise ValueError(f"show_images: there are {len(titles)} titles for {len(images)} images; there must be one for each")
    for i, (ax, image) in enumerate(zip(panels("show_images", axes, len(images)), images)):
        ax.axis("off")
        ax.imshow(image, cmap="gray_r")
        if titles is not None:
            ax.set_title(titles[i], fontsize=10)
    return axes


def as_images(function, images):
    """Images (N, H, W) from these, from (N, 1, H, W), or from rows of square images."""
    images = real_array(function, "images", images)
    if images.ndim == 2:
        side = int(np.sqrt(images.shape[1]))
        if not side or side * side != images.shape[1]:
            raise ValueError(f"{function}: the images have {images.shape[1]} pixels, which make no square; give them as (N, H, W)")
        return images.reshape(len(images), side, side)
    if images.ndim == 3 or images.ndim == 4 and images.shape[1] == 1:
        return images.reshape(-1, *images.shape[-2:])
    raise ValueError(f"{function}: the images have shape {images.shape}; they must be (N, H, W), (N, 1, H, W) or (N, H * W)")


def show_misclassified(net, x, t, count=20, ncols=10, axes=None):
    """Show the images that a network takes for something else, with "right→predicted" above (section 3.6.2).

    Parameters
    ----------
    net : network, or array_like
        Anything with ``predict(x)``; or its predictions: labels (N,) or scores (N, classes).
    x : ndarray
        The images, as for `show_images`.
    t : array_like, shape (N,) or (N, classes)
        The right labels, or one-hot rows.
    count : int
        How many at most, the first ones.
    ncols : int
        Images in a row.
    axes : array of Axes, optional
        As many as images or more.

    Returns
    -------
    axes : ndarray of Axes
        If nothing is wrong, one of them says so.
    """
    y = predicted("show_misclassified", net, x)
    t = wanted("show_misclassified", y, t)
    x = x if x is None else real_array("show_misclassified", "x", x)
    if x is None or x.ndim == 0 or len(x) != len(t):
        raise ValueError(f"show_misclassified: x has {'no' if x is None or x.ndim == 0 else len(x)} images for {len(t)} labels; there must be "
                         "as many")
    wrong = np.flatnonzero(y != t)[:whole("show_misclassified", "count", count)]
    if not len(wrong):
        axes = grid_axes("show_misclassified", 1, 1, 3.2, 1) if axes is None else axes
        for ax in np.ravel(axes):
            ax.axis("off")
        np.ravel(axes)[0].set_title(f"all {len(t)} right", fontsize=10)
        return axes
    if axes is None:
        axes = grid_axes("show_misclassified", len(wrong), ncols, 0.9, 1.15)
    return show_images(x[wrong], [f"{t[i]}→{y[i]}" for i in wrong], axes=axes)
