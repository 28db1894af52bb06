"""Pictures of what a chapter talks about, in Matplotlib's manner: draw on `ax`, return `ax`.

Matplotlib is imported when a picture is drawn; ``pip install "pynn-from-scratch[plot]"`` installs it.
"""
import numpy as np

from pynn.util import smooth_curve

__all__ = ["plot_history", "plot_learning_rates", "plot_decision_boundary", "plot_tangent", "plot_path", "show_images"]


def _pyplot(function):
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError(f'{function} needs Matplotlib; pip install "pynn-from-scratch[plot]"') from error
    return matplotlib.pyplot


def _new_axes(function, **kwargs):
    return _pyplot(function).subplots(layout="constrained", **kwargs)[1]


def plot_history(trainer, axes=None):
    """Draw the loss of every step, and the accuracy or the error after every epoch.

    Parameters
    ----------
    trainer : Trainer
        Or anything with its lists.
    axes : pair of Axes, optional
        Where the loss and the figures go.

    Returns
    -------
    axes : pair of Axes
    """
    if axes is None:
        axes = _new_axes("plot_history", ncols=2, figsize=(10, 3.6))
    loss_ax, figure_ax = axes
    _plot_losses(np.asarray(trainer.train_loss_list, np.float64), loss_ax)
    _plot_figures(trainer, figure_ax)
    for ax in axes:
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def _plot_losses(loss, ax):
    steps = np.arange(1, len(loss) + 1)
    ax.plot(steps, loss, color="C0", alpha=0.25, linewidth=0.8, label="each batch")
    if len(loss) > 11 and np.isfinite(loss).all():      # as long as the window that smooths
        ax.plot(steps, smooth_curve(loss), color="C0", linewidth=1.8, label="smoothed")
    ax.set(title="Loss", xlabel="step", ylabel="loss", xlim=(0, len(loss) + 1))
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)


def _plot_figures(trainer, ax):
    metric = "acc"
    for name, values in _curves(trainer).items():
        split, _, metric = name.partition("_")
        ax.plot(*zip(*values), color=_SPLITS[split], marker=".", label=split)
    accuracy = metric == "acc"
    ax.set(title="Accuracy" if accuracy else metric.upper(), xlabel="epoch",
           ylabel="fraction right" if accuracy else "root of the mean squared error")
    ax.set_ylim(*((None, 1.01) if accuracy else (0, None)))
    if ax.lines:
        ax.legend(frameon=False, loc="lower right" if accuracy else "upper right")


def _curves(trainer):
    """``{"train_acc": [(0, 0.1), (1, 0.8), ...], ...}``: what the book's lists have, and the history where it has more."""
    curves = {f"{split}_acc": dict(enumerate(getattr(trainer, f"{split}_acc_list"))) for split in ("train", "test")}
    history = getattr(trainer, "history", {})
    for name, column in history.items():
        if name.partition("_")[0] in _SPLITS:
            curves.setdefault(name, {}).update(zip(history["epoch"], column))
    return {name: sorted(values.items()) for name, values in curves.items() if values}


_SPLITS = {"train": "C0", "val": "C2", "test": "C1"}


def plot_learning_rates(found, ax=None):
    """Draw what `find_lr` found: the loss over the learning rate, and the rate at which it falls fastest.

    Parameters
    ----------
    found : LearningRates
    ax : Axes, optional

    Returns
    -------
    ax : Axes
    """
    if ax is None:
        ax = _new_axes("plot_learning_rates")
    ax.plot(found.lr, found.loss, color="C0")
    ax.axvline(found.suggestion, color="C1", linewidth=1, label=f"falls fastest at lr = {found.suggestion:.2g}")
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss", title="Learning rates")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def plot_decision_boundary(f, xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), points=200, ax=None):
    """Shade the plane by the class that `f` gives each point.

    Parameters
    ----------
    f : callable
        Takes two arrays of equal shape, the points' coordinates, and returns an array of classes: a gate will do.
    xlim, ylim : pair of float
        What part of the plane.
    points : int
        Points along each side.
    ax : Axes, optional

    Returns
    -------
    ax : Axes
    """
    if ax is None:
        ax = _new_axes("plot_decision_boundary")
    x, y = np.meshgrid(np.linspace(*xlim, points), np.linspace(*ylim, points))
    classes = np.reshape(f(x.ravel(), y.ravel()), x.shape)
    levels = np.arange(classes.min(), classes.max() + 2) - 0.5
    ax.contourf(x, y, classes, levels=levels, cmap="Blues", vmin=levels[0], vmax=3 * levels[-1], zorder=0)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return ax


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
    if ax is None:
        ax = _new_axes("plot_tangent")
    ax.plot(x, f(x), color="C0", label="$f(x)$")
    ax.plot(x, f(x0) + slope * (x - x0), color="C1", label=f"slope {slope:.3g} at $x={x0:g}$")
    ax.plot(x0, f(x0), "o", color="C1")
    ax.set(xlabel="$x$")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


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
    if ax is None:
        ax = _new_axes("plot_path")
    x, y = np.meshgrid(np.linspace(*xlim, 200), np.linspace(*ylim, 200))
    ax.contour(x, y, f(x, y), levels=levels, colors="0.7", linewidths=0.8)
    path = np.asarray(path)
    ax.plot(*path.T, color="C3", marker="o", markersize=3, linewidth=1)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$x$", ylabel="$y$")
    return ax


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
    images = np.asarray(images)
    side = int(np.sqrt(images[0].size))
    images = images.reshape(len(images), side, -1) if images.ndim == 2 else images.reshape(-1, *images.shape[-2:])
    if axes is None:
        ncols = min(ncols, len(images))
        nrows = -(-len(images) // ncols)
        axes = _new_axes("show_images", nrows=nrows, ncols=ncols, squeeze=False,
                         figsize=(ncols * 0.9, nrows * (0.9 if titles is None else 1.15)))
    for ax in np.ravel(axes):
        ax.axis("off")
    for i, (ax, image) in enumerate(zip(np.ravel(axes), images)):
        ax.imshow(image, cmap="gray_r")
        if titles is not None:
            ax.set_title(titles[i], fontsize=10)
    return axes
