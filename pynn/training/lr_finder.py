"""A learning rate by trial (section 6.5 searches for one at random)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._reading import count, number
from pynn.training.trainer import Trainer

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, Rng, Trainable


class LearningRates:
    """What `find_lr` saw.

    Attributes
    ----------
    lr : ndarray, shape (steps,)
        The rates tried, rising.
    loss : ndarray, shape (steps,)
        The loss before each step, smoothed.
    suggestion : float
        The rate at which the loss fell fastest.
    """

    def __init__(self, lr: Array, loss: Array) -> None:
        self.lr = lr
        self.loss = loss
        self.suggestion = float(lr[_steepest(lr, loss)])

    def plot(self, ax: Any = None) -> Any:
        """Draw the loss over the rate; return the Axes."""
        from pynn.plot import plot_learning_rates
        return plot_learning_rates(self, ax)

    def __repr__(self) -> str:
        return f"LearningRates(suggestion={self.suggestion:.2g}, {len(self.lr)} rates from {self.lr[0]:.1e} to {self.lr[-1]:.1e})"


def find_lr(network: Trainable, x: ArrayLike, t: ArrayLike, optimizer: str = "SGD", low: float = 1e-6, high: float = 10.0,
            steps: int = 100, mini_batch_size: int = 100, rng: Rng = 0) -> LearningRates:
    """Train a copy of a network at a rate that rises from step to step, and see where the loss falls fastest.

    Parameters
    ----------
    network : Network
        Is left as it is, and so is an optimizer.
    x, t : array_like
        Training samples.
    optimizer : str
    low, high : float
        The first and the last rate; between them each is a fixed multiple of the one before.
    steps, mini_batch_size : int
    rng : numpy.random.Generator or int
        Draws the batches. NumPy's global state is as before afterwards.

    Returns
    -------
    LearningRates

    Raises
    ------
    ValueError
        If the rates do not rise, or the loss was never finite.

    References
    ----------
    Smith, arXiv:1506.01186, section 3.3.
    """
    if not 0 < number("find_lr", "low", low) < number("find_lr", "high", high) < np.inf:
        raise ValueError(f"find_lr: low is {low} and high is {high}; low must be above 0 and below high, and high finite")
    steps = count("find_lr", "steps", steps, least=10)
    rates = np.geomspace(low, high, steps)
    losses: Any = []
    before = np.random.get_state()
    try:
        trainer = Trainer(copy.deepcopy(network), x, t, epochs=steps, mini_batch_size=mini_batch_size,
                          optimizer=copy.deepcopy(optimizer),
                          optimizer_param={"lr": low}, verbose=False, loss_after_update=False, rng=rng)
        for rate in rates:
            trainer.optimizer.lr = float(rate)
            grads, loss = trainer.gradient_of_a_batch()
            losses.append(float(loss))
            if not losses[-1] < 4 * losses[0]:      # NaN included: it only gets worse
                break
            trainer.optimizer.update(trainer.network.params, grads)
    finally:
        np.random.set_state(before)
    losses = np.array(losses)
    losses = losses[np.isfinite(losses)]
    if len(losses) < 3:
        raise ValueError("find_lr: the loss was not finite after a step or two; is the data finite, and low small enough?")
    return LearningRates(rates[:len(losses)], _smoothed(losses))


def _smoothed(losses, beta=0.8):
    """An exponential mean, freed of its start at zero."""
    mean, out = 0.0, []
    for i, loss in enumerate(losses, 1):
        mean = beta * mean + (1 - beta) * loss
        out.append(mean / (1 - beta**i))
    return np.array(out)


def _steepest(lr, loss):
    """Where the loss falls fastest over the logarithm of the rate, before its minimum."""
    end = max(int(loss.argmin()), 1) + 1
    return int(np.gradient(loss[:end], np.log(lr[:end])).argmin())
