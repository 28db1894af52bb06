"""How a training went."""

import numpy as np

from pynn.plot.axes import new_axes, panels
from pynn.util import smooth_curve


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
    if not hasattr(trainer, "train_loss_list"):
        raise TypeError(f"plot_history: trainer is a {type(trainer).__name__}, which has no train_loss_list; it must be a Trainer, or have its lists")
    if axes is None:
        axes = new_axes("plot_history", ncols=2, figsize=(10, 3.6))
    if np.size(axes) != 2:
        raise ValueError(f"plot_history: axes has {np.size(axes)} Axes; it must be a pair")
    loss_ax, figure_ax = panels("plot_history", axes, 2)
    _plot_losses(np.asarray(trainer.train_loss_list, np.float64), loss_ax)
    _plot_figures(trainer, figure_ax)
    for ax in loss_ax, figure_ax:
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
