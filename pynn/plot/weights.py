"""How the weights of each layer are spread."""

import numpy as np

from pynn.plot.axes import grid_axes, panels


def plot_weight_histograms(net, axes=None, bins=40):
    """Draw a histogram of each weight matrix of a network (section 6.2).

    Parameters
    ----------
    net : network
        Anything with ``params``, a dictionary as in section 4.5. Biases and other parameters with one axis are left out.
    axes : array of Axes, optional
        As many as weight matrices or more.
    bins : int

    Returns
    -------
    axes : ndarray of Axes
        The titles have the mean and the standard deviation.
    """
    params = getattr(net, "params", None)
    if not hasattr(params, "items"):
        raise TypeError(f"plot_weight_histograms: a {type(net).__name__} has no dictionary `params`; it must be a network as in "
                        "section 4.5")
    weights = {name: np.asarray(value) for name, value in params.items() if np.ndim(value) > 1}
    if not weights:
        raise ValueError(f"plot_weight_histograms: the {type(net).__name__} has no weights, arrays with two axes or more")
    if axes is None:
        axes = grid_axes("plot_weight_histograms", len(weights), 4, 2.5, 2.2)
    for ax, (name, W) in zip(panels("plot_weight_histograms", axes, len(weights)), weights.items()):
        histogram(ax, W, bins, f"{name}  {'×'.join(map(str, W.shape))}")
    return axes


def histogram(ax, values, bins, title, cut=False):
    """One panel; its title tells mean and standard deviation, and what is not finite. `cut` lets the highest bar end above the picture."""
    values = np.asarray(values, np.float64).ravel()
    finite = values[np.isfinite(values)]
    heights = ax.hist(finite, bins=bins, color="C0")[0]
    words = "no numbers"
    if cut and np.count_nonzero(heights) > 1:
        ax.set_ylim(0, 1.4 * np.sort(heights)[-2])
    if len(finite):
        words = f"mean {finite.mean():.2g}, std {finite.std():.2g}"
    if len(finite) < len(values):
        words = f"{len(values) - len(finite):,} not finite"
    ax.set_title(f"{title}\n{words}", fontsize=9)
    ax.set_yticks([])
    ax.locator_params(axis="x", nbins=4)
    ax.tick_params(labelsize=8)
    ax.grid(False)
    ax.spines[["top", "right", "left"]].set_visible(False)
