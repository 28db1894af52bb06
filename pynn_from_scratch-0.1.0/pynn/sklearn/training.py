"""The epochs of a fit."""

from __future__ import annotations

import math

import numpy as np

import pynn._core as _core
from pynn.networks.saving import state_of
from pynn.sklearn.weighted import weighted
from pynn.training.state import restore_network


class Training:
    """What takes one epoch after another, over rows of arrays that stay where they are.

    Parameters
    ----------
    network, optimizer : object
    X, t : ndarray
        Samples and targets.
    rows : ndarray of int
        Those to learn from.
    weights : ndarray or None
        The weight of every sample; None is the fast road.
    batch_size : int
    shape : tuple of int
        Of a sample, as the network takes it.
    alpha : float
        The penalty ``alpha / 2 sum W**2`` on large weights, over the samples of a batch as in scikit-learn.
    """

    def __init__(self, network, optimizer, X, t, rows, weights, *, batch_size, shape, alpha):
        self.network = network
        self.optimizer = optimizer
        self.X, self.t = np.asarray(X), t       # of a memory map only what it maps
        self.rows = rows
        self.weights = weights
        self.batch_size = batch_size
        self.shape = shape
        self.alpha = alpha
        self.decaying = {name: W for name, W in network.params.items() if name.startswith("W")}

    def epoch(self, rng):
        """Learn from every row once, in an order drawn from `rng` (None: as they come).

        Returns the mean loss of the batches, each before its update, plus the penalty at the end.
        """
        rows = self.rows if rng is None else self.rows[rng.permutation(len(self.rows))]
        starts = range(0, len(rows), self.batch_size)
        total = weight = 0.0
        for start in starts:
            batch = rows[start:start + self.batch_size]
            count = len(batch) if self.weights is None else self._weigh(batch)
            total += count * float(self._step(batch, count))
            weight += count
        return (total + len(starts) * self._penalty()) / weight

    def _step(self, batch, count):
        """Gradient and update for some rows that count as so many; return their loss."""
        network = self.network
        grads = network.gradient(_core.take_rows(self.X, batch).reshape(-1, *self.shape), self.t[batch])
        if self.alpha:
            for name, W in self.decaying.items():
                _core.sgd(grads[name], W, -self.alpha / count)      # + alpha / count W
        self.optimizer.update(network.params, grads)
        return network.last_loss

    def _penalty(self):
        """``alpha / 2 sum W**2``."""
        return 0.5 * self.alpha * sum(float(np.vdot(W, W)) for W in self.decaying.values()) if self.alpha else 0.0

    def _weigh(self, batch):
        """Give the loss the weights of a batch; return their sum."""
        weights = self.weights[batch]
        self.network.last_layer.weights = weights / weights.mean()
        return float(weights.sum())

    def __enter__(self):
        self._plain = self.network.last_layer
        if self.weights is not None:
            self.network.last_layer = weighted(self._plain)
        return self

    def __exit__(self, *_):
        self.network.last_layer = self._plain


class Best:
    """The best epoch so far, and how many have been no better since.

    Parameters
    ----------
    tol : float
        By how much an epoch must be better to count as one that is.
    """

    def __init__(self, tol):
        self.tol = tol
        self.value = -math.inf
        self.waited = 0
        self.state = None

    def look(self, value, network=None):
        """Look at the figure of an epoch, of which more is better; keep the state of the network if it is the best."""
        self.waited = self.waited + 1 if value < self.value + self.tol else 0
        if value > self.value:
            self.value = value
            if network is not None:
                self.state = {name: np.array(array) for name, array in state_of(network).items()}

    def restore(self, network):
        """Give the network the parameters of its best epoch."""
        if self.state is not None:
            restore_network(network, self.state)
