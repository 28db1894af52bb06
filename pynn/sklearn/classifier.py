"""A classifier for scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from pynn.functions import softmax
from pynn.sklearn.base import PynnEstimator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing_extensions import Self
    from pynn._typing import Array, ArrayLike, Optimizer, Shape
    from pynn.networks import Network


class PynnClassifier(ClassifierMixin, PynnEstimator):
    """A network with softmax and cross-entropy, as an estimator of scikit-learn.

    The parameters have the names of ``MLPClassifier``'s and mean the same, but for `solver` and `activation`, whose names are pynn's.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Neurons in each hidden layer; ``()`` is a network without one. The first weights are after He or Xavier, by the activation.
    activation : {'relu', 'sigmoid', 'tanh', 'leaky_relu'}
    network : callable, optional
        Makes the network instead: ``network(input_shape, n_outputs, dtype)`` returns a `Network` such as `Sequential`. The parameters before
        this one, `batch_norm`, `dropout` and `alpha` then do not apply. A function of a module can be pickled.
    input_shape : tuple of int, optional
        The shape in which the network sees a row of X, such as ``(1, 28, 28)``; by default ``(n_features,)``.
    batch_norm : bool
        Batch normalization in every hidden layer (section 6.3).
    dropout : float
        The share of hidden neurons to drop, from 0 (section 6.4.3).
    solver : str or callable
        'sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam' or 'adamw' (section 6.1), or what ``solver(lr=learning_rate_init)``
        returns. What ``MLPClassifier`` calls 'sgd' is 'nesterov'.
    alpha : float
        Strength of the L2 penalty ``alpha / 2 sum W**2``, divided by the number of samples in a batch.
    batch_size : int or 'auto'
        'auto' is 200, or all samples where there are fewer.
    learning_rate_init : float
        The learning rate.
    max_iter : int
        The largest number of epochs.
    shuffle : bool
        Whether every epoch has an order of its own.
    random_state : int, RandomState or None
        Draws the first weights, the samples held out, the order of the samples and what dropout drops; None is NumPy's global state.
    tol : float
        By how much an epoch must be better than the best one so far.
    verbose : bool
        Print a line for every epoch.
    warm_start : bool
        Have `fit` go on with the network of the last `fit` and a new optimizer.
    momentum : float
        Of 'momentum' and 'nesterov'.
    early_stopping : bool
        Hold samples out, measure on them, and keep the parameters of the best epoch; else the training loss is what must get better.
    validation_fraction : float
        The share of samples to hold out; every class has the same share in both parts.
    beta_1, beta_2 : float
        Of 'adam' and 'adamw'.
    n_iter_no_change : int
        Stop after so many epochs that were not better. Where it is not less than `max_iter`, so many epochs are what was asked for;
        else a `ConvergenceWarning` says that `max_iter` came first.
    class_weight : dict or 'balanced', optional
        The weight of each class, multiplied by `sample_weight`; 'balanced' weighs a class by 1 over its share of the samples.

    Attributes
    ----------
    classes_ : ndarray
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If X had names for all of them.
    n_outputs_ : int
        The number of classes.
    network_ : Network
        The fitted network, in the dtype that X had: float32 or float64.
    n_iter_ : int
        Epochs of the last `fit`, or calls of `partial_fit`.
    loss_, best_loss_ : float
        Of the last epoch and of the best one, penalty included. `best_loss_` is None with early stopping.
    loss_curve_ : list of float
        The mean loss of every epoch, each batch before its update.
    validation_scores_, best_validation_score_ : list of float, float
        The accuracies on the samples held out, and the highest; None without early stopping.

    Notes
    -----
    With weights ``w``, a batch has the loss ``sum w_i loss_i / sum w_i``: a sample of weight 2 counts as twice that sample, one of weight 0
    as none; dropout still draws for it once, and batch normalization takes the mean over samples. Without weights nothing is multiplied.

    X is read where it lies, a batch at a time: a read-only memory map is not copied. `fit` keeps no state of its optimizer, so that a
    fitted estimator is as large as its network; `partial_fit` keeps it for the next call.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from pynn.sklearn import PynnClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> PynnClassifier((50,), max_iter=30, random_state=0).fit(X / 16, y).score(X / 16, y) > 0.97
    True
    """

    _reading: dict[str, Any] = {}

    def __init__(self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: str = "relu", *,
                 network: Callable[..., Network] | None = None, input_shape: Shape | None = None,
                 batch_norm: bool = False, dropout: float = 0.0,
                 solver: str | Callable[..., Optimizer] = "adam", alpha: float = 0.0001,
                 batch_size: int | str = "auto", learning_rate_init: float = 0.001,
                 max_iter: int = 200, shuffle: bool = True, random_state: int | np.random.RandomState | None = None,
                 tol: float = 0.0001, verbose: bool = False, warm_start: bool = False, momentum: float = 0.9,
                 early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9,
                 beta_2: float = 0.999, n_iter_no_change: int = 10,
                 class_weight: Mapping[Any, float] | str | None = None) -> None:
        super().__init__(
            hidden_layer_sizes, activation, network=network, input_shape=input_shape, batch_norm=batch_norm, dropout=dropout,
            solver=solver, alpha=alpha, batch_size=batch_size, learning_rate_init=learning_rate_init, max_iter=max_iter,
            shuffle=shuffle, random_state=random_state, tol=tol, verbose=verbose, warm_start=warm_start, momentum=momentum,
            early_stopping=early_stopping, validation_fraction=validation_fraction, beta_1=beta_1, beta_2=beta_2,
            n_iter_no_change=n_iter_no_change)
        self.class_weight = class_weight

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from samples and their labels.

        Parameters
        ----------
        X : array_like, shape (N, n_features)
            float32 and float64 are computed in as they are, other numbers in float64.
        y : array_like, shape (N,)
            Labels: numbers, strings or bool.
        sample_weight : array_like, shape (N,), optional
            How much each sample counts, from 0.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None,
                    sample_weight: ArrayLike | None = None) -> Self:
        """Learn from some samples, one epoch, going on from what was learned before.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As of `fit`.
        classes : array_like, optional
            All labels there will be; the first call must have them.

        Returns
        -------
        self
        """
        begun = hasattr(self, "network_")
        if not begun and classes is None:
            raise ValueError(f"{type(self).__name__}.partial_fit: classes is None at the first call; it must have all labels there will be")
        if begun and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"{type(self).__name__}.partial_fit: classes is {classes}, but the first call had {self.classes_}")
        if self.class_weight == "balanced":
            raise ValueError(f"{type(self).__name__}.partial_fit: class_weight is 'balanced', but the samples to come are not known; give "
                             "the weight of each class")
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def predict(self, X: ArrayLike) -> Array:
        """Return the label with the highest score for every sample, (N,)."""
        labels = self._outputs(X).argmax(axis=1)
        return self.classes_[labels]

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probabilities of the classes, (N, classes), in the order of ``classes_``."""
        return softmax(self._outputs(X))

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Return the logarithms of the probabilities, (N, classes)."""
        scores = self._outputs(X)
        scores = scores - scores.max(axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    # ---- what PynnEstimator asks ----

    def _targets(self, X, y, sample_weight, anew, classes=None):
        """Labels as whole numbers from 0, and the weight of every sample."""
        check_classification_targets(y)
        encoder = LabelEncoder()
        t = encoder.fit_transform(y) if anew and classes is None else encoder.fit(classes if anew else self.classes_).transform(y)
        if len(encoder.classes_) < 2:
            raise ValueError(f"{type(self).__name__}: y has one class, {encoder.classes_[0]!r}; there must be at least two")
        self.classes_ = encoder.classes_
        self.n_outputs_ = len(encoder.classes_)
        if self.class_weight is not None:
            of_class = compute_sample_weight(self.class_weight, y)
            if of_class.min() < 0:
                raise ValueError(f"{type(self).__name__}: class_weight is {self.class_weight!r}; weights must be at least 0")
            sample_weight = (of_class if sample_weight is None else of_class * sample_weight).astype(X.dtype)
        return t, sample_weight

    def _strata(self, t):
        return t

    def _score(self, t, scores, sample_weight):
        return float(accuracy_score(t, scores.argmax(axis=1), sample_weight=sample_weight))
