"""Learning rates that change during a training. Each sets ``trainer.optimizer.lr``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pynn._reading import number
from pynn.training.callbacks import Callback, Watcher

if TYPE_CHECKING:
    from pynn.training.trainer import Trainer


def _check_rate(schedule, trainer):
    """Whether there is a rate to change."""
    if getattr(trainer.optimizer, "lr", None) is None:
        raise TypeError(f"{type(schedule).__name__}: the optimizer is a {type(trainer.optimizer).__name__}, which has no lr; it must have one "
                        "to change")


class Schedule(Callback):
    """A rate that depends on how far the training is: the initial one times ``factor(progress, epoch)`` of the subclass.

    `progress` is the share of all steps that is done, from 0 to 1; `epoch` counts the passes over the training samples so far.

    Attributes
    ----------
    initial_lr : float or None
        The optimizer's rate when training began.
    """

    def __init__(self) -> None:
        super().__init__()
        self.initial_lr: float | Any = None

    def factor(self, progress: float, epoch: float) -> float:
        """The share of the initial rate; each schedule has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no factor(progress, epoch)")

    def on_begin(self, trainer: Trainer) -> None:
        """Remember the initial rate, of each training anew; set the rate of the first step."""
        begins = trainer.current_iter == 0
        _check_rate(self, trainer)
        if self.initial_lr is None or begins and trainer.optimizer.lr != self.initial_lr * self.factor(0.0, 0.0):
            self.initial_lr = trainer.optimizer.lr
        self.on_step(trainer)

    def on_step(self, trainer: Trainer) -> None:
        """Set the rate of the next step."""
        progress = min(1.0, trainer.current_iter / trainer.max_iter)
        trainer.optimizer.lr = self.initial_lr * self.factor(progress, trainer.current_iter / trainer.iter_per_epoch)


class StepDecay(Schedule):
    """Multiply the rate by `gamma` every `step_size` epochs.

    Parameters
    ----------
    step_size : int
        Epochs between two drops.
    gamma : float
    """

    def __init__(self, step_size: float = 10, gamma: float = 0.1) -> None:
        super().__init__()
        if not number("StepDecay", "step_size", step_size) > 0:
            raise ValueError(f"StepDecay: step_size is {step_size}; it must be a positive number of epochs")
        self.step_size = step_size if isinstance(step_size, int) else number("StepDecay", "step_size", step_size)
        self.gamma = number("StepDecay", "gamma", gamma)

    def factor(self, progress: float, epoch: float) -> float:
        """``gamma ** (epoch // step_size)``."""
        return self.gamma ** (epoch // self.step_size)

    def __repr__(self) -> str:
        return f"StepDecay(step_size={self.step_size}, gamma={self.gamma})"


class CosineDecay(Schedule):
    """Let the rate fall along half a cosine from its first value to `min_factor` of it at the end.

    Parameters
    ----------
    min_factor : float
    warmup : float
        The share of the steps, from 0 to 1, over which the rate first rises from 0.

    References
    ----------
    Loshchilov and Hutter, arXiv:1608.03983, without restarts.
    """

    def __init__(self, min_factor: float = 0.0, warmup: float = 0.0) -> None:
        super().__init__()
        if not 0 <= number("CosineDecay", "warmup", warmup) < 1:
            raise ValueError(f"CosineDecay: warmup is {warmup}; it must be a share of the steps, from 0 up to 1")
        self.min_factor = number("CosineDecay", "min_factor", min_factor)
        self.warmup = number("CosineDecay", "warmup", warmup)

    def factor(self, progress: float, epoch: float) -> float:
        """``min_factor + (1 - min_factor) (1 + cos(pi p)) / 2`` with p the progress since the warm-up."""
        if progress < self.warmup:
            return progress / self.warmup
        p = (progress - self.warmup) / (1 - self.warmup)
        return self.min_factor + (1 - self.min_factor) * 0.5 * (1 + math.cos(math.pi * p))

    def __repr__(self) -> str:
        return f"CosineDecay(min_factor={self.min_factor}, warmup={self.warmup})"


class ReduceLROnPlateau(Watcher):
    """Multiply the rate by `factor` when a figure has not improved for `patience` epochs.

    Parameters
    ----------
    factor : float
    patience, monitor, min_delta
        As of `Watcher`.
    min_lr : float
    """

    def __init__(self, factor: float = 0.1, patience: int = 5, monitor: str | None = None, min_delta: float = 0.0,
                 min_lr: float = 0.0) -> None:
        super().__init__(monitor, patience, min_delta)
        if not 0 < number("ReduceLROnPlateau", "factor", factor) < 1:
            raise ValueError(f"ReduceLROnPlateau: factor is {factor}; it must be between 0 and 1")
        self.factor = number("ReduceLROnPlateau", "factor", factor)
        self.min_lr = number("ReduceLROnPlateau", "min_lr", min_lr)

    def on_epoch(self, trainer: Trainer) -> None:
        """Lower the rate after `patience` epochs without improvement."""
        _check_rate(self, trainer)
        if not self.better(trainer) and self.waited >= self.patience:
            trainer.optimizer.lr = max(self.min_lr, trainer.optimizer.lr * self.factor)
            self.waited = 0
