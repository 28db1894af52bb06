"""The curves of a `Trainer` while it trains."""

import time

import numpy as np

from pynn.training.callbacks import Callback
from pynn.widgets.base import EVERY, Widget, float32_bytes, new_figure, source, thinned

SHOWN = 500         # points of the loss curve


class LiveCurve(Callback):
    """A callback that shows the loss of every step and the accuracy of every epoch while a `Trainer` trains.

    It appears in the output of the cell that trains, and is drawn at most twenty times a second. Where no widget runs, in a
    script for example, nothing appears, and `still` has the picture.

    Parameters
    ----------
    lang : {'en', 'zh'}

    Examples
    --------
    >>> import pynn
    >>> curve = pynn.widgets.LiveCurve()
    >>> net = pynn.TwoLayerNet(4, 8, 3)
    >>> trainer = pynn.Trainer(net, [[5.1, 3.5, 1.4, 0.2]], [0], epochs=3, callbacks=[curve], verbose=False)
    >>> trainer.train()
    """

    def __init__(self, lang="en"):
        super().__init__()
        self.view = CurveView(lang=lang)
        self._trainer = None
        self._handle = None
        self._shown = 0.0

    def on_begin(self, trainer):
        """Appear."""
        self._trainer = trainer
        self._handle = display(self.view)
        self._show()

    def on_step(self, trainer):
        """Draw, if the last time is long enough ago."""
        if time.monotonic() - self._shown >= EVERY:
            self._show()

    def on_end(self, trainer):
        """Draw everything, and leave a still picture where the widget was."""
        self._show()
        if self._handle is not None:
            self._handle.update(self.view)

    def _show(self):
        self._shown = time.monotonic()
        self.view.show(self._trainer)

    def still(self):
        """Draw the curves so far, as a Matplotlib Figure."""
        return self.view.still()


class CurveView(Widget):
    """The widget of a `LiveCurve`."""

    _esm = source("curve")

    def __init__(self, lang="en"):
        super().__init__(lang=lang)
        self._losses, self._figures, self._steps, self._per_epoch = [], {}, 0, 1

    def show(self, trainer):
        """Take over the curves of a trainer."""
        self._losses = thinned(trainer.train_loss_list, SHOWN)
        self._steps, self._per_epoch = len(trainer.train_loss_list), trainer.iter_per_epoch
        self._figures = {name: list(values) for name, values in trainer.history.items()
                         if name.partition("_")[0] in ("train", "val", "test")}
        self.reply(self._state)

    def _state(self):
        return {"steps": self._steps, "losses": float32_bytes(self._losses), "epochs": self._steps / self._per_epoch,
                "figures": {name: float32_bytes(values) for name, values in self._figures.items()}}

    def still(self):
        """Draw the curves, as a Matplotlib Figure."""
        figure = new_figure(8, 2.8)
        left, right = figure.subplots(ncols=2)
        left.plot(np.linspace(0, self._steps, len(self._losses)), self._losses)
        left.set(title="loss", xlabel="step")
        for name, values in self._figures.items():
            right.plot(range(1, len(values) + 1), values, marker=".", label=name)
        if self._figures:
            right.legend(frameon=False)
        right.set(title="after each epoch", xlabel="epoch")
        return figure


def display(view):
    """Show a widget in the output of the running cell; None where no kernel runs."""
    try:
        from IPython import get_ipython
        from IPython.display import display as show
    except ImportError:
        return None
    if getattr(get_ipython(), "kernel", None) is None:
        return None
    return show(view, display_id=True)
