"""What may watch a training: objects whose methods `Trainer` calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._reading import count, number
from pynn.io.files import path_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pynn._typing import FilePath
    from pynn.training.trainer import Trainer


class Callback:
    """Called by a `Trainer` as it goes. Override what you need, or hand in functions.

    Any object that has some of these methods will do as well. ``trainer.stop = True`` ends the training after the step.

    Parameters
    ----------
    on_step, on_epoch : callable, optional
        Get the trainer after every step, and after every epoch once ``history`` has its row.
    """

    def __init__(self, on_step: Callable[[Any], object] | None = None,
                 on_epoch: Callable[[Any], object] | None = None) -> None:
        self._functions = {"on_step": on_step, "on_epoch": on_epoch}

    def on_begin(self, trainer: Trainer) -> None:
        """Before the first step of a call of `Trainer.train`."""

    def on_step(self, trainer: Trainer) -> None:
        """After a step: ``trainer.current_iter`` steps are done, ``trainer.train_loss_list[-1]`` is its loss."""
        self._call("on_step", trainer)

    def on_epoch(self, trainer: Trainer) -> None:
        """After an epoch: ``trainer.history`` has its row."""
        self._call("on_epoch", trainer)

    def on_end(self, trainer: Trainer) -> None:
        """After the last step of a call of `Trainer.train`."""

    def _call(self, name, trainer):
        function = getattr(self, "_functions", {}).get(name)
        if function is not None:
            function(trainer)


class Watcher(Callback):
    """A callback that follows one figure of the history and counts the epochs in which it got no better.

    Parameters
    ----------
    monitor : str, optional
        A key of ``Trainer.history``: by default the metric of the validation samples, else of the test samples, else the loss.
    patience : int
        How many epochs without improvement are borne.
    min_delta : float
        What counts as improvement.

    Attributes
    ----------
    best : float or None
    best_epoch : int
    waited : int
        Epochs since.
    """

    def __init__(self, monitor: str | None, patience: int, min_delta: float) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = count(type(self).__name__, "patience", patience)
        self.min_delta = number(type(self).__name__, "min_delta", min_delta)
        self.best: float | None = None
        self.best_epoch = 0
        self.waited = 0

    def on_begin(self, trainer: Trainer) -> None:
        """Begin anew with a training that begins: the callback may have watched another one before."""
        if trainer.current_iter == 0:
            self.best, self.best_epoch, self.waited = None, 0, 0

    def better(self, trainer: Trainer) -> bool:
        """Look at the newest epoch; whether it is the best so far. NaN is not."""
        name = self._monitored(trainer)
        value = trainer.history[name][-1]
        sign = 1 if name.endswith("_acc") else -1       # losses and errors shall fall
        if value == value and (self.best is None or sign * (value - self.best) > self.min_delta):
            self.best, self.best_epoch, self.waited = value, trainer.history["epoch"][-1], 0
            return True
        self.waited += 1
        return False

    def _monitored(self, trainer):
        names = [name for name in trainer.history if name not in ("epoch", "lr", "seconds")]
        if self.monitor is None:
            return min(names, key=lambda name: ("val", "test", "loss", "train").index(name.split("_")[0]))
        if self.monitor not in names:
            raise ValueError(f"{type(self).__name__}: monitor is {self.monitor!r}; the history has {names}")
        return self.monitor

    def __repr__(self) -> str:
        return f"{type(self).__name__}(monitor={self.monitor!r}, patience={self.patience})"


class EarlyStopping(Watcher):
    """Stop when a figure has not improved for `patience` epochs, and give the network the parameters of its best epoch.

    Parameters
    ----------
    patience, monitor, min_delta
        As of `Watcher`.
    restore_best : bool
        Whether the best parameters come back when the training ends, for whatever reason.

    References
    ----------
    Prechelt, Early Stopping - But When? (1998).
    """

    def __init__(self, patience: int = 5, monitor: str | None = None, min_delta: float = 0.0,
                 restore_best: bool = True) -> None:
        super().__init__(monitor, patience, min_delta)
        self.restore_best = restore_best
        self.best_state: dict[str, Any] | None = None

    def on_begin(self, trainer: Trainer) -> None:
        """As of `Watcher`."""
        super().on_begin(trainer)
        if trainer.current_iter == 0:
            self.best_state = None

    def on_epoch(self, trainer: Trainer) -> None:
        """Keep the state of the best epoch; stop after `patience` others."""
        if self.better(trainer):
            if self.restore_best:
                self.best_state = {name: np.array(value) for name, value in trainer.network_state().items()}
        elif self.waited >= self.patience:
            trainer.stop = True

    def on_end(self, trainer: Trainer) -> None:
        """Put the best state back."""
        if self.best_state is not None:
            trainer.restore_network(self.best_state)


class Checkpoint(Callback):
    """Write a checkpoint each epoch, over the last one."""

    def __init__(self, path: FilePath) -> None:
        super().__init__()
        self.path = Path(path_of(path, "Trainer")).absolute()      # no state: what a file says is not where the next one goes

    def on_epoch(self, trainer: Trainer) -> None:
        """Write it."""
        trainer.save(self.path)
