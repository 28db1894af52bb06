"""The loss over a plane through the space of all parameters, and the ways of optimizers on it."""

import copy

import numpy as np

from pynn._reading import count, has
from pynn.plot.axes import the_axes


def plot_loss_surface(net, x, t, paths=None, directions=None, points=25, ax=None):
    """Draw the contours of the loss along two directions from the network's parameters, and paths of training over them (section 6.1).

    Parameters
    ----------
    net : network
        With ``params`` and ``loss(x, t)`` as in section 4.5; its parameters are the point (0, 0).
    x, t : array_like
        The samples of the loss. A few hundred do: they are passed ``points ** 2`` times.
    paths : mapping of str to sequence of dict, optional
        For each optimizer the parameters after every step (or every tenth): ``path.append(copy.deepcopy(net.params))``. Copies they
        must be, as training changes the arrays in place.
    directions : {"random", "pca"} or pair of dict, optional
        "random" draws two with numbers of a fixed seed and gives each filter, or unit's weights, the norm of the network's own (Li et al.).
        "pca" takes the two in which the paths extend most; so it is where there are paths. Or two dictionaries of arrays like
        ``params``.
    points : int
        Along each side.
    ax : Axes, optional

    Returns
    -------
    ax : Axes
        The network's own parameters are marked with a cross; every path goes from a white dot to one
        of its colour.

    References
    ----------
    H. Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018, arXiv:1712.09913.
    """
    points = count("plot_loss_surface", "points", points, least=2)
    net = copy.deepcopy(has("plot_loss_surface", "net", net, "loss", why="it must be a network with params and loss(x, t)"))
    center = {name: np.array(value, np.float64) for name, value in net.params.items()}
    ways = {label: _offsets(label, path, center) for label, path in _mapping("paths", paths or {}).items()}
    first, second, names = _directions(directions, center, ways)
    plane = np.stack([first, second], axis=1)
    ways = {label: np.linalg.lstsq(plane, way.T, rcond=None)[0].T for label, way in ways.items()}
    xs, ys = (_range([way[:, i] for way in ways.values()], points) for i in (0, 1))
    losses = np.array([[_loss(net, x, t, center, plane @ (a, b)) for a in xs] for b in ys])
    ax = the_axes("plot_loss_surface", ax, figsize=(5.6, 4.4))
    _contours(ax, xs, ys, losses)
    ax.plot(0, 0, "x", color="black", markersize=7, zorder=4)
    for i, (label, way) in enumerate(ways.items()):
        ax.plot(*way.T, color=f"C{i + 1}", linewidth=1.8, label=label, zorder=3)
        ax.plot(*way[0], "o", color="white", markersize=6, markeredgecolor="0.2", zorder=5)
        ax.plot(*way[-1], "o", color=f"C{i + 1}", markersize=6, markeredgecolor="white", zorder=5)
    ax.set(xlim=xs[[0, -1]], ylim=ys[[0, -1]], xlabel=names[0], ylabel=names[1], title="Loss surface")
    ax.grid(False)
    if ways:
        ax.legend(fontsize=9, framealpha=0.85, facecolor="white", edgecolor="none", frameon=True)
    return ax


def _flat(params, center):
    return np.concatenate([np.ravel(np.asarray(params[name], np.float64)) for name in center])


def _mapping(name, value, center=()):
    has("plot_loss_surface", name, value, "items", why="it must be a dict")
    missing = [key for key in center if key not in value]
    if missing:
        raise ValueError(f"plot_loss_surface: {name} has no {missing[0]}; it must have an array for every parameter")
    return value


def _offsets(label, path, center):
    """A row for every step: where it is, seen from the network's parameters."""
    for params in path:
        different = [name for name in center if name not in params or np.shape(params[name]) != center[name].shape]
        if different:
            raise ValueError(f"plot_loss_surface: path {label!r} has no {different[0]} of the network's shape "
                             f"{center[different[0]].shape}; it must have a copy of net.params for each step")
    if not len(path):
        raise ValueError(f"plot_loss_surface: path {label!r} is empty; it must have a copy of net.params for each step")
    return np.stack([_flat(params, center) for params in path]) - _flat(center, center)


def _directions(directions, center, ways):
    if directions is None:
        directions = "pca" if ways else "random"
    if not isinstance(directions, str):
        if np.shape(directions) != (2,):
            raise ValueError(f"plot_loss_surface: directions is {directions!r}; it must be 'random', 'pca' with paths, or two dictionaries")
        return *(_flat(_mapping("a direction", direction, center), center) for direction in directions), ("first direction", "second direction")
    if directions == "random":
        rng = np.random.default_rng(0)
        return *(_random(rng, center) for _ in range(2)), ("first random direction", "second random direction")
    if directions == "pca" and ways:
        return _principal(np.concatenate(list(ways.values())))
    raise ValueError(f"plot_loss_surface: directions is {directions!r}; it must be 'random', 'pca' with paths, or two dictionaries")


def _random(rng, center):
    """Normal numbers, each filter or unit with the norm that the network's has; biases stay."""
    parts = []
    for W in center.values():
        d = rng.standard_normal(W.shape)
        parts.append(d * _norms(W) / _norms(d) if W.ndim > 1 else np.zeros_like(W))
    return np.concatenate([part.ravel() for part in parts])


def _norms(W):
    """Of each filter of (FN, C, FH, FW), or of each unit's weights in (inputs, units)."""
    return np.sqrt(np.sum(W ** 2, axis=(1, 2, 3) if W.ndim == 4 else 0, keepdims=True))


def _principal(offsets):
    """The two axes along which the points lie apart most, around the network's parameters."""
    _, spread, axes = np.linalg.svd(offsets, full_matrices=False)
    if len(axes) < 2 or not spread[1] > 0:
        raise ValueError("plot_loss_surface: the paths are no more than a line; they must have three different steps or more")
    share = spread ** 2 / np.sum(spread ** 2)
    return axes[0], axes[1], tuple(f"{word} principal direction ({part:.0%})" for word, part in zip(("first", "second"), share))


def _range(ways, points):
    if not ways:
        return np.linspace(-1, 1, points)
    low, high = min(0, *(way.min() for way in ways)), max(0, *(way.max() for way in ways))
    margin = 0.15 * (high - low) or 1
    return np.linspace(low - margin, high + margin, points)


def _loss(net, x, t, center, offset):
    start = 0
    for name, value in center.items():
        net.params[name][...] = value + offset[start:start + value.size].reshape(value.shape)
        start += value.size
    return float(net.loss(x, t))


def _contours(ax, xs, ys, losses):
    """Levels in equal ratios: a valley has as many as the slopes around it."""
    if not np.isfinite(losses).any():
        raise ValueError("plot_loss_surface: the loss is nowhere finite; look at x, t and the network's parameters")
    shown = np.where(np.isfinite(losses), losses, np.nan)
    low, high = np.nanmin(shown), np.nanmax(shown)
    levels = np.geomspace(low, high, 22) if low > 0 and high > low else np.linspace(low, high + 1e-12, 22)
    height = np.log(shown / low) if low > 0 else shown - low
    top = np.nanmax(height) or 1
    ax.contourf(xs, ys, height, levels=24, cmap="Blues", vmin=-0.1 * top, vmax=2 * top)
    lines = ax.contour(xs, ys, shown, levels=levels[::3], colors="0.45", linewidths=0.6)
    ax.clabel(lines, fmt="%.2g", fontsize=8)
