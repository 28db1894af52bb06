"""What the layers of a convolutional network make of an image."""

import numpy as np

from pynn._reading import count as whole
from pynn._reading import real_array
from pynn.plot.axes import new_axes, panels
from pynn.plot.filters import frame
from pynn.plot.passes import names_of, outputs


def show_feature_maps(net, x, layers=None, count=8, axes=None):
    """Show an image and what each layer makes of it, a row for each layer and a column for each channel (section 7.6).

    Parameters
    ----------
    net : network
        With its layers in ``layers``, pynn's or a reader's own.
    x : array_like, shape (C, H, W) or (1, C, H, W)
        One image.
    layers : sequence of str, optional
        Names of the layers to show. Without it, all that put out images.
    count : int
        Channels at most, the first ones.
    axes : array of Axes, shape (rows, columns), optional
        A row for the image and one for each layer.

    Returns
    -------
    axes : ndarray of Axes
        Each row has a scale of its own: white is 0 or less, black the largest value of the row.
    """
    function = "show_feature_maps"
    x, count = real_array(function, "x", x), whole(function, "count", count)
    x = x[None] if x.ndim == 3 else x
    if x.ndim != 4 or len(x) != 1:
        raise ValueError(f"{function}: x has shape {x.shape}; it must be one image, (C, H, W) or (1, C, H, W)")
    found = {name: out[0] for name, _, out in outputs(function, net, x) if out.ndim == 4}
    for name in names_of(function, layers):
        if name not in found:
            raise KeyError(f"{function}: the network has no layer {name!r} that puts out images; it has {list(found)}")
    if not found:
        raise ValueError(f"{function}: no layer of the {type(net).__name__} puts out images (N, C, H, W); it has no convolution")
    rows = {"x": x[0], **(found if layers is None else {name: found[name] for name in layers})}
    columns = min(count, max(map(len, rows.values())))
    if axes is None:
        axes = new_axes(function, nrows=len(rows), ncols=columns, squeeze=False, figsize=(0.8 * columns + 0.6, 0.85 * len(rows)))
    if len(np.atleast_2d(axes)) < len(rows):
        raise ValueError(f"{function}: axes has {len(np.atleast_2d(axes))} rows for {len(rows)} of pictures; it must have at least as many")
    for line, (name, maps) in zip(np.atleast_2d(axes), rows.items()):
        shown = panels(function, line, min(len(maps), len(line)))
        for ax, image in zip(shown, maps):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=max(maps.max(), 1e-12))
            frame(ax)
        shown[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return axes
