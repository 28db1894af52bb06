"""Which learning rate to take."""

from pynn.plot.axes import the_axes


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
    if not hasattr(found, "suggestion"):
        raise TypeError(f"plot_learning_rates: found is a {type(found).__name__}; it must be what find_lr returned")
    ax = the_axes("plot_learning_rates", ax)
    ax.plot(found.lr, found.loss, color="C0")
    ax.axvline(found.suggestion, color="C1", linewidth=1, label=f"falls fastest at lr = {found.suggestion:.2g}")
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss", title="Learning rates")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax
