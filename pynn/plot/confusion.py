"""What a network takes for what."""

import numpy as np

from pynn._reading import has
from pynn.plot.axes import the_axes
from pynn.plot.passes import predicted, wanted

MOST = 1000         # classes, of which nobody can tell a row from the next


def plot_confusion_matrix(net, x=None, t=None, names=None, ax=None):
    """Count which class is taken for which: a row for every right class, a column for every prediction.

    Parameters
    ----------
    net : network, or array_like
        Anything with ``predict(x)``; or its predictions: labels (N,) or scores (N, classes), and then no x is needed.
    x : array_like, shape (N, ...)
        The samples.
    t : array_like, shape (N,) or (N, classes)
        The right labels, or one-hot rows (section 4.2.3).
    names : sequence of str, optional
        Of the classes. Without it, their numbers.
    ax : Axes, optional

    Returns
    -------
    ax : Axes
        The shade is the share of a row; right predictions are on the diagonal, in blue, wrong ones in orange.
    """
    y = predicted("plot_confusion_matrix", net, x)
    t = wanted("plot_confusion_matrix", y, t)
    least, largest = int(min(y.min(), t.min())), int(max(y.max(), t.max()))
    if least < 0 or largest >= MOST:
        raise ValueError(f"plot_confusion_matrix: there is a class {least if least < 0 else largest}; classes must be from 0 to {MOST - 1}")
    if names is not None:
        has("plot_confusion_matrix", "names", names, "__len__", why="it must be a list of names")
    classes = largest + 1 if names is None else len(names)
    if largest >= classes:
        raise ValueError(f"plot_confusion_matrix: names has {classes} names but there is a class {largest}")
    counts = np.bincount(t.astype(np.int64) * classes + y.astype(np.int64), minlength=classes ** 2).reshape(classes, classes)
    size = 1.6 + 0.38 * classes
    ax = the_axes("plot_confusion_matrix", ax, figsize=(size, size))
    _draw(ax, counts, range(classes) if names is None else names)
    ax.set_title(f"{np.trace(counts) / len(t):.1%} of {len(t):,} right")
    return ax


def _draw(ax, counts, names):
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    strongest = max(0.1, share[~right].max(initial=0))
    for part, colours, darkest in (right, "Blues", 1.25), (~right, "Oranges", 1.6 * strongest):
        ax.imshow(np.where(part & (counts > 0), share, np.nan), cmap=colours, vmin=0, vmax=darkest)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            ax.text(j, i, count, ha="center", va="center", fontsize=9, color="white" if i == j and share[i, j] > 0.7 else "black")
    ax.set(xticks=range(len(counts)), yticks=range(len(counts)), xticklabels=names, yticklabels=names, xlabel="predicted label",
           ylabel="right label")
    ax.set_xticks(np.arange(1, len(counts)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(counts)) - 0.5, minor=True)
    ax.grid(False)
    ax.grid(which="minor", color="0.9", linewidth=0.8)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
