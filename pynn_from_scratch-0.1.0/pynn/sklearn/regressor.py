"""A regressor for scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from pynn.sklearn.base import PynnEstimator

if TYPE_CHECKING:
    from typing_extensions import Self
    from pynn._typing import Array, ArrayLike


class PynnRegressor(RegressorMixin, PynnEstimator):
    """A network with identity output and squared error, as an estimator of scikit-learn.

    Parameters
    ----------
    hidden_layer_sizes, activation, network, input_shape, batch_norm, dropout, solver, alpha, batch_size, learning_rate_init, max_iter, \
shuffle, random_state, tol, verbose, warm_start, momentum, early_stopping, validation_fraction, beta_1, beta_2, n_iter_no_change
        As of `PynnClassifier`. A `network` of one's own should have ``IdentityWithLoss(mean=True)`` as its loss: without `mean` the
        gradient grows with the batch.

    Attributes
    ----------
    n_outputs_ : int
        The number of values to predict.
    n_features_in_, feature_names_in_, network_, n_iter_, loss_, best_loss_, loss_curve_
        As of `PynnClassifier`. The loss is half of the squared error, summed over the outputs, the mean over the samples.
    validation_scores_, best_validation_score_ : list of float, float
        R² on the samples held out, and the highest; None without early stopping.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from pynn.sklearn import PynnRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> PynnRegressor((20,), random_state=0).fit(X, scale(y)).score(X, scale(y)) > 0.45
    True
    """

    _reading: dict[str, Any] = {"multi_output": True, "y_numeric": True}

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from samples and their targets.

        Parameters
        ----------
        X : array_like, shape (N, n_features)
            float32 and float64 are computed in as they are, other numbers in float64.
        y : array_like, shape (N,) or (N, outputs)
            Bring them to a scale near 1, as everything that a network learns.
        sample_weight : array_like, shape (N,), optional
            How much each sample counts, from 0.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from some samples, one epoch, going on from what was learned before.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As of `fit`.

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: ArrayLike) -> Array:
        """Return the predicted values, (N,), or (N, outputs) if there are several."""
        y = self._outputs(X)
        return y.ravel() if y.shape[1] == 1 else y

    # ---- what PynnEstimator asks ----

    def _targets(self, X, y, sample_weight, anew):
        """Targets as a matrix, and the weight of every sample."""
        t = y.reshape(len(y), -1).astype(X.dtype, copy=False)
        if not anew and t.shape[1] != self.n_outputs_:
            raise ValueError(f"PynnRegressor: y has {t.shape[1]} outputs but the network has {self.n_outputs_}; they must be as many")
        self.n_outputs_ = t.shape[1]
        return t, sample_weight

    def _strata(self, t):
        return None

    def _score(self, t, y, sample_weight):
        return float(r2_score(t, y, sample_weight=sample_weight))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
