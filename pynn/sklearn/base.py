"""What the two estimators share: their parameters, and how they are fitted."""

from __future__ import annotations

import copy
import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

import pynn._core as _core
from pynn.sklearn import arguments
from pynn.sklearn.network import at_rest, drop_from, new_network, outputs, sample_shape
from pynn.sklearn.training import Best, Training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pynn._typing import Optimizer, Shape
    from pynn.networks import Network


class PynnEstimator(BaseEstimator):
    """A network that scikit-learn can fit. A subclass says what its targets are, and how good its outputs."""

    network_: Network
    n_iter_: int
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    def __init__(self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: str = "relu", *,
                 network: Callable[..., Network] | None = None, input_shape: Shape | None = None,
                 batch_norm: bool = False, dropout: float = 0.0,
                 solver: str | Callable[..., Optimizer] = "adam", alpha: float = 0.0001,
                 batch_size: int | str = "auto", learning_rate_init: float = 0.001,
                 max_iter: int = 200, shuffle: bool = True, random_state: int | np.random.RandomState | None = None,
                 tol: float = 0.0001, verbose: bool = False, warm_start: bool = False, momentum: float = 0.9,
                 early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9,
                 beta_2: float = 0.999, n_iter_no_change: int = 10) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.network = network
        self.input_shape = input_shape
        self.batch_norm = batch_norm
        self.dropout = dropout
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.n_iter_no_change = n_iter_no_change

    # ---- learning ----

    def _fit(self, X, y, sample_weight):
        """Learn until it gets no better or ``max_iter`` epochs are over; an estimator that was fitted stays what it was where that fails."""
        before = vars(self).copy()
        try:
            return self._fit_anew(X, y, sample_weight)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _fit_anew(self, X, y, sample_weight):
        arguments.check_numbers(self)
        going_on = self.warm_start and hasattr(self, "network_")
        X, t, weights = self._read(X, y, sample_weight, anew=not going_on)
        rng = check_random_state(self.random_state)
        network = copy.deepcopy(self.network_) if going_on else self._new_network(X, rng)
        self.loss_curve_ = list(self.loss_curve_)
        rows, held_out = self._hold_out(t, weights, rng)
        self._optimizer = None
        self.best_loss_ = self.best_validation_score_ = None
        if held_out is not None:
            self.validation_scores_ = list(self.validation_scores_ or ())
        best = Best(self.tol)
        with self._training(network, arguments.new_optimizer(self), X, t, rows, weights, rng) as training:
            for self.n_iter_ in range(1, self.max_iter + 1):
                self._epoch(training, rng)
                self._measure(best, network, X, t, weights, held_out)
                if best.waited >= self.n_iter_no_change:
                    break
            else:
                self._warn_of_the_end()
        best.restore(network)
        self.network_ = at_rest(network)
        return self

    def _warn_of_the_end(self):
        """Unless ``n_iter_no_change`` says that all epochs were wanted."""
        if self.n_iter_no_change < self.max_iter:
            warnings.warn(f"{type(self).__name__}.fit: after max_iter={self.max_iter} epochs it was still getting better; more "
                          "epochs may help", ConvergenceWarning, stacklevel=4)

    def _partial_fit(self, X, y, sample_weight, **known):
        """Learn from every row once, going on from where the last call ended."""
        if self.early_stopping:
            raise ValueError(f"{type(self).__name__}.partial_fit: early_stopping is True; an epoch alone cannot be stopped early")
        anew = not hasattr(self, "network_")
        X, t, weights = self._read(X, y, sample_weight, anew, **known)
        if anew or self._optimizer is None:
            self._rng = check_random_state(self.random_state)
            self._optimizer = arguments.new_optimizer(self)
        network = self._new_network(X, self._rng) if anew else self.network_
        with self._training(network, self._optimizer, X, t, _rows(t, weights), weights, self._rng) as training:
            self._epoch(training, self._rng)
        self.n_iter_ = 1 if anew else self.n_iter_ + 1
        self.best_loss_ = min(self.loss_curve_)
        self.network_ = at_rest(network)
        return self

    def _read(self, X, y, sample_weight, anew, **known):
        """Samples, targets and weights as the network takes them; of samples that already fit no copy is made."""
        dtype = [np.float64, np.float32] if anew else self.network_.dtype
        for name, array in ("X", X), ("y", y), ("sample_weight", sample_weight):
            _refuse_masked(self, name, array)
        X, y = validate_data(self, X, y, reset=anew, dtype=dtype, **self._reading)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        return (X, *self._targets(X, y, sample_weight, anew, **known))

    def _new_network(self, X, rng):
        self.loss_curve_ = []
        self.validation_scores_ = None
        return new_network(self, self.n_outputs_, X.dtype, rng)

    def _hold_out(self, t, weights, rng):
        """The rows to learn from, and with early stopping those to measure on."""
        rows = _rows(t, weights)
        if not self.early_stopping:
            return rows, None
        return train_test_split(rows, test_size=self.validation_fraction, random_state=rng, stratify=self._strata(t[rows]))

    def _training(self, network, optimizer, X, t, rows, weights, rng):
        drop_from(network, rng)
        return Training(network, optimizer, X, t, rows, weights, batch_size=arguments.batch_size(self, len(rows)),
                        shape=sample_shape(self), alpha=self.alpha if self.network is None else 0)

    def _epoch(self, training, rng):
        self.loss_ = training.epoch(rng if self.shuffle else None)
        if not math.isfinite(self.loss_):
            raise ValueError(f"{type(self).__name__}.fit: the loss is {self.loss_}; a smaller learning_rate_init, or features of a "
                             "smaller scale (sklearn.preprocessing.StandardScaler), may help")
        self.loss_curve_.append(self.loss_)

    def _measure(self, best, network, X, t, weights, held_out):
        """The loss, or the score of the rows held out, of an epoch that has ended."""
        said = f"epoch {self.n_iter_}: loss {self.loss_:.6f}"
        if held_out is None:
            best.look(-self.loss_)
            self.best_loss_ = -best.value
        else:
            y = outputs(network, X, sample_shape(self), held_out)
            score = self._score(t[held_out], y, None if weights is None else weights[held_out])
            best.look(score, network)
            self.validation_scores_.append(score)
            self.best_validation_score_ = best.value
            said += f", validation score {score:.4f}"
        if self.verbose:
            print(said)

    # ---- use ----

    def _outputs(self, X):
        """What the network puts out for samples, (N, n_outputs_)."""
        check_is_fitted(self)
        _refuse_masked(self, "X", X)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return outputs(self.network_, X, sample_shape(self))


def _refuse_masked(estimator, name, array):
    """scikit-learn reads what lies under a mask."""
    if isinstance(array, np.ma.MaskedArray):
        _core.as_array(type(estimator).__name__, name, array)


def _rows(t, weights):
    """The rows that count: a weight of 0 is as no row at all."""
    if weights is None:
        return np.arange(len(t))
    rows = np.flatnonzero(weights)
    if not len(rows):
        raise ValueError("sample_weight and class_weight: every sample has the weight 0; there must be some to learn from")
    return rows
