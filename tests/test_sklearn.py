"""The estimators are scikit-learn's in every way that scikit-learn checks, and learn what the network alone would."""

import io
import re
import subprocess
import sys
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import pynn

pytest.importorskip("sklearn", "1.6")

import joblib
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from pynn.sklearn import PynnClassifier, PynnRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def normalized(weights):
    """Of mean 1, as the losses take them."""
    return weights / weights.mean()


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90)
    return rng.normal(size=(90, 4)) + y[:, None], y


def params_of(estimator):
    return {name: value.copy() for name, value in estimator.network_.params.items()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


# ---- scikit-learn's own checks, none left out: what they skip is what is not installed ----

REGULARIZED = {"batch_norm": True, "dropout": 0.1, "solver": "nesterov", "learning_rate_init": 0.02}


def expected_failures(estimator):
    """A row of weight 2 is the row twice, but for what draws for every row, and for what takes the mean over rows."""
    equivalence = "dropout draws for every row, and batch normalization counts rows"
    return {"check_sample_weight_equivalence_on_dense_data": equivalence} if estimator.dropout else {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([PynnClassifier(random_state=0), PynnRegressor(random_state=0),
                          PynnClassifier((8,), random_state=0, **REGULARIZED)], expected_failed_checks=expected_failures)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


# ---- what is learned ----

def test_an_epoch_is_gradient_and_update(blobs):
    X, y = blobs
    classifier = PynnClassifier((5,), solver="sgd", learning_rate_init=0.5, alpha=3.0, max_iter=1, random_state=1).fit(X, y)
    np.random.seed(1)
    net = pynn.MultiLayerNet(4, [5], 3)
    order = np.random.permutation(90)
    grads, loss = net.gradient(X[order], y[order]), net.last_loss
    for name, value in net.params.items():
        decay = 3.0 / 90 * value if name.startswith("W") else 0
        value -= 0.5 * (grads[name] + decay)
    # another order of the same sums: a few units in the last place
    for name, value in net.params.items():
        np.testing.assert_allclose(classifier.network_.params[name], value, rtol=1e-12, atol=1e-14)
    squares = sum(np.square(net.params[name]).sum() for name in ("W1", "W2"))
    np.testing.assert_allclose(classifier.loss_curve_, [loss + 3.0 / 2 / 90 * squares], rtol=1e-12)


@pytest.mark.parametrize("kind, theirs", [(PynnClassifier, MLPClassifier(epsilon=1e-7)), (PynnRegressor, MLPRegressor(solver="sgd"))])
def test_its_weights_are_those_of_scikit_learns_own(kind, theirs, digits):
    """Same first weights, order, batches and epsilon of Adam: ten epochs of 7 batches differ by rounding alone."""
    X, y = digits[0][:400].astype(float), digits[1][:400]
    y = y if kind is PynnClassifier else scale(y)
    options = {"hidden_layer_sizes": (12,), "batch_size": 64, "shuffle": False, "learning_rate_init": 0.01, "alpha": 0.1, "max_iter": 1,
               "warm_start": True}
    theirs = clone(theirs).set_params(**options).fit(X, y)
    ours = kind(**options).set_params(solver="adam" if kind is PynnClassifier else "nesterov").fit(X, y)
    for layer, (W, b) in enumerate(zip(theirs.coefs_, theirs.intercepts_), 1):
        ours.network_.params[f"W{layer}"], ours.network_.params[f"b{layer}"] = W.copy(), b.copy()
    theirs.set_params(max_iter=10).fit(X, y)
    ours.set_params(max_iter=10).fit(X, y)
    for layer, W in enumerate(theirs.coefs_, 1):
        np.testing.assert_allclose(ours.network_.params[f"W{layer}"], W, rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(ours.predict(X).round(6), theirs.predict(X).round(6))
    # the penalty here is that at the end of an epoch, there the mean over it; the 1e-7 in the logarithm is less
    np.testing.assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=2e-2)


def test_digits_are_read_as_well_as_by_scikit_learns_own(digits):
    X, y = digits
    options = {"hidden_layer_sizes": (50,), "max_iter": 30, "random_state": 0}
    ours, theirs = (kind(**options).fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]) for kind in (PynnClassifier, MLPClassifier))
    assert ours > 0.85 and abs(ours - theirs) < 0.03       # 597 samples: the standard error of a difference is 0.016


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_X_is_kept(blobs, dtype):
    X, y = blobs[0].astype(dtype), blobs[1]
    classifier = PynnClassifier((5,), max_iter=2).fit(X, y)
    regressor = PynnRegressor((5,), max_iter=2).fit(X, y)
    assert {value.dtype for value in (*classifier.network_.params.values(), *regressor.network_.params.values())} == {np.dtype(dtype)}
    assert classifier.predict_proba(X).dtype == classifier.predict_log_proba(X).dtype == regressor.predict(X).dtype == dtype
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), classifier.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("labels", [["no", "yes", "maybe"], [True, False, True], [-7, 3, 100], [0.5, 1.0, 2.0]])
def test_labels_of_any_kind(blobs, labels):
    X, y = blobs
    y = np.array(labels)[y] if not isinstance(labels[0], float) else np.array(["a", "b", "c"], dtype=object)[y]
    classifier = PynnClassifier((8,), max_iter=60, learning_rate_init=0.02, random_state=0).fit(X, y)
    np.testing.assert_array_equal(classifier.classes_, np.unique(y))
    assert classifier.predict(X).dtype == y.dtype and classifier.score(X, y) > 0.6


def test_regression_of_several_outputs():
    X, y = load_diabetes(return_X_y=True)
    Y = scale(np.column_stack([y, -2 * y]))
    one, two = PynnRegressor(random_state=0).fit(X, Y[:, 0]), PynnRegressor(random_state=0).fit(X, Y)
    assert one.predict(X).shape == (442,) and two.predict(X).shape == (442, 2)
    assert one.score(X, Y[:, 0]) > 0.45 and two.score(X, Y) > 0.45


# ---- weights ----

@pytest.mark.parametrize("kind", [PynnClassifier, PynnRegressor])
def test_a_weight_counts_as_so_many_samples(blobs, kind):
    X, y = blobs
    weights = np.random.default_rng(1).integers(0, 4, len(X))
    fit = {"hidden_layer_sizes": (6,), "max_iter": 5, "batch_size": 1000, "random_state": 0, "alpha": 0.5}
    weighted = kind(**fit).fit(X, y, sample_weight=weights)
    repeated = kind(**fit).fit(X.repeat(weights, axis=0), y.repeat(weights))
    # Adam divides sums that differ by rounding: 1e-15 over the square root of small moments
    for name, value in params_of(repeated).items():
        np.testing.assert_allclose(weighted.network_.params[name], value, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-11)


@pytest.mark.parametrize("loss", [pynn.SoftmaxWithLoss(), pynn.IdentityWithLoss(), pynn.IdentityWithLoss(mean=True)])
def test_the_gradient_of_a_weighted_loss_is_its_slope(loss):
    from pynn.sklearn.weighted import weighted
    rng = np.random.default_rng(2)
    layer = weighted(loss)
    layer.weights = normalized(rng.random(7))
    y = rng.normal(size=(7, 3))
    t = rng.integers(0, 3, 7) if isinstance(loss, pynn.SoftmaxWithLoss) else rng.normal(size=(7, 3))
    slope = pynn.numerical_gradient(lambda _: float(layer.forward(y, t)), y)
    layer.forward(y, t)
    np.testing.assert_allclose(layer.backward(), slope, atol=1e-6)       # the 1e-7 in the logarithm, and h = 1e-4 squared


def test_weights_of_one_are_no_weights(blobs):
    X, y = blobs
    plain, ones = (PynnClassifier((6,), max_iter=3, batch_size=20, random_state=0).fit(X, y, sample_weight=weight)
                   for weight in (None, np.ones(len(X))))
    for name, value in params_of(plain).items():
        np.testing.assert_allclose(ones.network_.params[name], value, rtol=1e-12, atol=1e-13)
    assert type(ones.network_.last_layer) is pynn.SoftmaxWithLoss


def test_class_weight(blobs):
    X, y = blobs
    fit = {"hidden_layer_sizes": (6,), "max_iter": 3, "random_state": 0}
    by_class = PynnClassifier(class_weight={0: 1, 1: 2, 2: 5}, **fit).fit(X, y)
    by_sample = PynnClassifier(**fit).fit(X, y, sample_weight=np.array([1, 2, 5])[y])
    assert_same(params_of(by_class), params_of(by_sample))
    shares = np.bincount(y)
    balanced = PynnClassifier(class_weight="balanced", **fit).fit(X, y)
    by_share = PynnClassifier(**fit).fit(X, y, sample_weight=(len(y) / (3 * shares))[y])
    assert_same(params_of(balanced), params_of(by_share))


def test_weights_of_zero_leave_nothing_to_learn(blobs):
    with pytest.raises(ValueError, match="[Ss]ample.weight"):
        PynnClassifier().fit(*blobs, sample_weight=np.zeros(90))
    with pytest.raises(ValueError, match="every sample has the weight 0"):
        PynnClassifier(class_weight={0: 0, 1: 0, 2: 0}).fit(*blobs)


def test_a_loss_of_the_readers_own_has_no_weights(blobs):
    class Own(pynn.SoftmaxWithLoss):
        pass

    def network(input_shape, n_outputs, dtype):
        return pynn.Sequential([pynn.Affine.of(*input_shape, n_outputs)], loss=Own(), dtype=dtype)

    PynnClassifier(network=network, max_iter=1).fit(*blobs)
    with pytest.raises(ValueError, match="sample_weight and class_weight: the network's loss is a Own"):
        PynnClassifier(network=network, max_iter=1).fit(*blobs, sample_weight=np.ones(90))


# ---- when it ends, and going on ----

def test_the_best_epoch_comes_back(digits):
    X, y = digits
    classifier = PynnClassifier((30,), early_stopping=True, learning_rate_init=0.02, n_iter_no_change=3, validation_fraction=0.2,
                                random_state=3).fit(X, y)
    assert classifier.n_iter_ == len(classifier.loss_curve_) == len(classifier.validation_scores_) < 200
    assert classifier.best_validation_score_ == max(classifier.validation_scores_) and classifier.best_loss_ is None
    assert classifier.validation_scores_[-1] < max(classifier.validation_scores_) + classifier.tol
    rng = np.random.RandomState(3)
    rng.randn(64 * 30 + 30 * 10)            # the first weights
    held_out = train_test_split(np.arange(len(X)), test_size=0.2, random_state=rng, stratify=y)[1]
    assert classifier.score(X[held_out], y[held_out]) == classifier.best_validation_score_


def test_every_fit_brings_its_own_best_epoch_back(digits):
    """Also one that goes on, with labels that make it worse: the best of the first fit is neither kept nor claimed."""
    X, y = digits
    classifier = PynnClassifier((30,), early_stopping=True, warm_start=True, max_iter=20, random_state=0).fit(X, y)
    shuffled = np.random.default_rng(0).permutation(y)
    classifier.set_params(max_iter=4).fit(X, shuffled)
    held_out = train_test_split(np.arange(len(X)), test_size=0.1, random_state=0, stratify=shuffled)[1]
    assert classifier.best_validation_score_ == max(classifier.validation_scores_[-4:]) < 0.5
    assert classifier.score(X[held_out], shuffled[held_out]) == classifier.best_validation_score_


def test_it_stops_when_the_loss_gets_no_better(blobs):
    classifier = PynnClassifier((6,), tol=10, n_iter_no_change=4).fit(*blobs)
    assert classifier.n_iter_ == 5 and classifier.best_loss_ == min(classifier.loss_curve_)
    with pytest.warns(ConvergenceWarning, match="PynnClassifier.fit: after max_iter=2 epochs"):
        PynnClassifier((6,), max_iter=2, n_iter_no_change=1, tol=0).fit(*blobs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert PynnClassifier((6,), max_iter=2, n_iter_no_change=2).fit(*blobs).n_iter_ == 2


def test_warm_start_goes_on(blobs):
    fit = {"hidden_layer_sizes": (6,), "solver": "sgd", "batch_size": 32, "shuffle": False, "random_state": 0}
    whole = PynnClassifier(max_iter=6, **fit).fit(*blobs)
    halves = PynnClassifier(max_iter=3, warm_start=True, **fit).fit(*blobs).fit(*blobs)
    assert_same(params_of(whole), params_of(halves))
    assert halves.loss_curve_ == whole.loss_curve_ and halves.n_iter_ == 3
    again = PynnClassifier(max_iter=3, **fit).fit(*blobs).fit(*blobs)
    assert len(again.loss_curve_) == 3
    with pytest.raises(ValueError, match="unseen labels"):
        halves.fit(blobs[0], blobs[1] + 1)


def test_partial_fit_is_an_epoch_and_keeps_its_optimizer(blobs):
    X, y = blobs
    fit = {"hidden_layer_sizes": (6,), "batch_size": 32, "dropout": 0.3, "random_state": 0}
    whole = PynnClassifier(max_iter=4, **fit).fit(X, y)
    pieces = PynnClassifier(**fit)
    for _ in range(4):
        pieces.partial_fit(X, y, classes=[0, 1, 2])
    assert_same(params_of(whole), params_of(pieces))
    assert pieces.n_iter_ == 4 and pieces.loss_curve_ == whole.loss_curve_
    twin = joblib_copy(pieces)
    assert_same(params_of(twin.partial_fit(X, y)), params_of(pieces.partial_fit(X, y)))


def test_partial_fit_of_the_regressor(blobs):
    X, y = blobs
    regressor = PynnRegressor((6,), random_state=0)
    losses = [regressor.partial_fit(X, y.astype(float)).loss_ for _ in range(50)]
    assert losses[-1] < losses[0]
    with pytest.raises(ValueError, match="y has 2 outputs but the network has 1"):
        regressor.partial_fit(X, np.column_stack([y, y]))


@pytest.mark.parametrize("made, call, says", [
    ({}, {}, "classes is None at the first call"),
    ({"class_weight": "balanced"}, {"classes": [0, 1, 2]}, "class_weight is 'balanced'"),
    ({"early_stopping": True}, {"classes": [0, 1, 2]}, "early_stopping is True"),
    ({}, {"classes": [0, 1]}, "unseen labels"),
])
def test_what_partial_fit_refuses(blobs, made, call, says):
    with pytest.raises(ValueError, match=says):
        PynnClassifier(**made).partial_fit(*blobs, **call)


def test_classes_of_a_later_call(blobs):
    classifier = PynnClassifier().partial_fit(*blobs, classes=[0, 1, 2]).partial_fit(*blobs, classes=[2, 1, 0])
    with pytest.raises(ValueError, match="the first call had"):
        classifier.partial_fit(*blobs, classes=[0, 1])


# ---- chance ----

def test_random_state_settles_everything_and_leaves_numpys_alone(blobs):
    X, y = blobs
    fit = {"hidden_layer_sizes": (6,), "max_iter": 3, "dropout": 0.5, "batch_size": 16}
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    one, two, other = (PynnClassifier(random_state=seed, **fit).fit(X, y) for seed in (7, 7, 8))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert_same(params_of(one), params_of(two))
    assert one.loss_curve_ != other.loss_curve_
    np.random.seed(7)
    assert_same(params_of(one), params_of(PynnClassifier(**fit).fit(X, y)))
    rng = np.random.RandomState(7)
    assert_same(params_of(one), params_of(PynnClassifier(random_state=rng, **fit).fit(X, y)))
    assert PynnClassifier(random_state=rng, **fit).fit(X, y).loss_curve_ != one.loss_curve_


def test_fits_in_threads_are_as_those_alone(blobs):
    fits = [PynnClassifier((6,), dropout=0.5, max_iter=10, random_state=seed) for seed in range(6)]
    alone = [params_of(clone(classifier).fit(*blobs)) for classifier in fits]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda classifier: params_of(classifier.fit(*blobs)), fits))
    for a, b in zip(alone, together):
        assert_same(a, b)


# ---- networks of one's own ----

def small_cnn(input_shape, n_outputs, dtype):
    return pynn.SimpleConvNet(input_shape, {"filter_num": 4, "filter_size": 3, "pad": 1, "stride": 1}, 16, n_outputs, dtype=dtype)


def deep(input_shape, n_outputs, dtype):
    layers = [pynn.Affine.of(*input_shape, 8), pynn.BatchNormalization.of(8), pynn.Relu(), pynn.Dropout(0.2), pynn.Affine.of(8, n_outputs)]
    return pynn.Sequential(layers, loss=pynn.IdentityWithLoss(mean=True), dtype=dtype)


def test_a_convolutional_network_over_rows(digits):
    X, y = digits
    classifier = PynnClassifier(network=small_cnn, input_shape=(1, 8, 8), max_iter=8, learning_rate_init=0.02, batch_size=50, random_state=0)
    scores = cross_val_score(make_pipeline(StandardScaler(), classifier), X, y, cv=2)
    assert scores.min() > 0.75


def test_a_sequential_regression(blobs):
    X, y = blobs
    regressor = PynnRegressor(network=deep, learning_rate_init=0.02, max_iter=80, random_state=0).fit(X, scale(y))
    assert regressor.score(X, scale(y)) > 0.3
    twin = joblib_copy(regressor)
    np.testing.assert_array_equal(twin.predict(X), regressor.predict(X))


@pytest.mark.parametrize("made, error, says", [
    ({"network": lambda *_: "net"}, TypeError, "network returned a str; it must return a pynn.Network"),
    ({"network": small_cnn, "input_shape": (1, 3, 3)}, ValueError, r"input_shape is \(1, 3, 3\), 9 values, but X has 4 features"),
    ({"hidden_layer_sizes": (5, 0)}, ValueError, r"hidden_layer_sizes is \(5, 0\)"),
    ({"activation": "logistic"}, ValueError, "activation is 'logistic'; it must be one of"),
    ({"solver": "lbfgs"}, ValueError, "solver is 'lbfgs'; it must be one of"),
    ({"learning_rate_init": 0}, ValueError, "learning_rate_init is 0; it must be a number above 0"),
    ({"batch_size": 0}, ValueError, "batch_size is 0; it must be a whole number from 1 or 'auto'"),
    ({"max_iter": 2.5}, ValueError, "max_iter is 2.5; it must be a whole number from 1"),
    ({"dropout": 1.5}, ValueError, "dropout_ratio is 1.5"), ({"dropout": "a"}, TypeError, "PynnClassifier: dropout is 'a'"),
    ({"alpha": "a"}, TypeError, "PynnClassifier: alpha is 'a'"), ({"network": 3}, TypeError, "PynnClassifier: network is a int"),
    ({"learning_rate_init": 1e30, "solver": "sgd"}, ValueError, "PynnClassifier.fit: the loss is "),
])
def test_what_fit_refuses(blobs, made, error, says):
    with np.errstate(all="ignore"), pytest.raises(error, match=says):
        PynnClassifier(**made).fit(*blobs)


@pytest.mark.parametrize("solver", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw",
                                    lambda lr: pynn.AdamW(lr, weight_decay=0.1)])
def test_every_solver(blobs, solver):
    classifier = PynnClassifier((6,), solver=solver, learning_rate_init=0.01, batch_size=10, momentum=0.5, beta_1=0.8, max_iter=30)
    assert np.subtract(*classifier.fit(*blobs).loss_curve_[::29]) > 0


# ---- in company ----

def joblib_copy(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("options", [{}, {"network": small_cnn, "input_shape": (1, 8, 8)}, {"batch_norm": True, "dropout": 0.5}])
def test_a_pickle_is_as_large_as_what_was_learned(digits, options):
    X, y = digits
    classifier = PynnClassifier(max_iter=1, **options).fit(X, y)
    classifier.predict(X)
    file = io.BytesIO()
    joblib.dump(classifier, file)
    assert len(file.getvalue()) < sum(value.nbytes for value in params_of(classifier).values()) + 12_000
    np.testing.assert_array_equal(joblib_copy(classifier).predict_proba(X), classifier.predict_proba(X))


def test_a_file_that_is_mapped_predicts(digits, tmp_path):
    X, y = digits
    classifier = PynnClassifier(max_iter=1).fit(X, y)
    joblib.dump(classifier, tmp_path / "net.joblib")
    mapped = joblib.load(tmp_path / "net.joblib", mmap_mode="r")
    np.testing.assert_array_equal(mapped.predict_proba(X), classifier.predict_proba(X))


def test_threads_share_an_estimator(digits):
    X, y = digits
    classifier = PynnClassifier(max_iter=5, random_state=0).fit(X, y)
    parts = [X[start:start + 50] for start in range(0, 1700, 50)] * 5
    expected = [classifier.predict_proba(part) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        for got, want in zip(pool.map(classifier.predict_proba, parts), expected):
            np.testing.assert_array_equal(got, want)


def mapped(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


def unaligned(X, tmp_path=None):
    """As arrays come out of a message: contiguous, but from any byte on."""
    raw = np.empty(X.nbytes + 1, np.uint8)
    out = raw[1:].view(X.dtype).reshape(X.shape)
    out[...] = X
    assert not out.flags.aligned
    return out


@pytest.mark.parametrize("kept", [mapped, unaligned])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_samples_are_read_where_they_lie(kept, early_stopping, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.random((20_000, 200), np.float32), rng.integers(0, 3, 20_000)
    plain = PynnClassifier((4,), max_iter=2, random_state=0, early_stopping=early_stopping).fit(X, y)
    there = kept(X, tmp_path)
    tracemalloc.start()
    try:
        classifier = PynnClassifier((4,), max_iter=2, random_state=0, early_stopping=early_stopping).fit(there, y)
        probabilities = classifier.predict_proba(there)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 4          # batches, labels and orders
    assert_same(params_of(classifier), params_of(plain))
    np.testing.assert_array_equal(probabilities, plain.predict_proba(X))


def test_searches(digits):
    X, y = digits[0][:600], digits[1][:600]
    pipeline = make_pipeline(StandardScaler(), PynnClassifier((16,), max_iter=5, random_state=0))
    rates = {"pynnclassifier__learning_rate_init": [1e-5, 1e-2]}
    for search in GridSearchCV(pipeline, rates, cv=2), HalvingGridSearchCV(pipeline, rates, cv=2, random_state=0):
        assert search.fit(X, y).best_params_ == {"pynnclassifier__learning_rate_init": 1e-2}
    search = GridSearchCV(PynnClassifier(max_iter=3, random_state=0), {"hidden_layer_sizes": [(4,), (32, 16)], "solver": ["adam", "sgd"]}, cv=2)
    assert search.fit(X, y).best_params_["solver"] == "adam"
    assert type(search.best_estimator_) is PynnClassifier


def test_cross_validation_keeps_the_shares_of_classes():
    """It does so for what it takes to be a classifier: the mixins must come first."""
    y = np.repeat([0, 1, 2], 10)
    X = np.eye(3)[y]
    assert cross_val_score(PynnClassifier((8,), max_iter=100, learning_rate_init=0.05, random_state=0), X, y, cv=3).min() == 1


def test_verbose_says_a_line_for_each_epoch(blobs, capsys):
    PynnClassifier((4,), max_iter=2, verbose=True, early_stopping=True).fit(*blobs)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1: loss ") and ", validation score 0." in second


def test_ctrl_c_ends_a_search_and_not_one_fit(blobs):
    def interrupted(lr):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(PynnClassifier(solver=interrupted), {"alpha": [0, 1]}, cv=2).fit(*blobs)


def test_without_scikit_learn_it_says_what_to_install():
    for hidden in "sys.modules['sklearn'] = None", "import sklearn.utils.validation as old; del old.validate_data":
        done = subprocess.run([sys.executable, "-c", f"import sys; {hidden}\nimport pynn\npynn.sklearn"], capture_output=True, text=True)
        assert 'pip install "pynn-from-scratch[sklearn]"' in done.stderr.splitlines()[-1]


def test_the_cells_of_the_guide_run(capsys):
    guide = (Path(__file__).parents[1] / "docs" / "sklearn.md").read_text(encoding="utf-8")
    names = {}
    for cell in re.findall(r"```python\n(.*?)```", guide, re.S):
        exec(cell, names)
    printed = capsys.readouterr().out.splitlines()
    assert float(printed[0].split()[-1]) > 0.93 and float(printed[1]) > 0.85


# ---- what is refused ----

@pytest.mark.parametrize("error, words, settings", [
    (ValueError, "hidden_layer_sizes is 5.5", {"hidden_layer_sizes": 5.5}), (ValueError, "hidden_layer_sizes is None", {"hidden_layer_sizes": None}),
    (ValueError, r"solver is \[\]", {"solver": []}), (TypeError, "what solver returned is a NoneType", {"solver": lambda lr: None}),
    (ValueError, "dropout is nan", {"dropout": np.nan}), (ValueError, "tol is nan", {"tol": np.nan}), (ValueError, "alpha is nan", {"alpha": np.nan}),
    (TypeError, "a size of input_shape is 'a'", {"input_shape": "ab"}), (ValueError, "a size of input_shape is -2", {"input_shape": (-2, -2)}),
    (TypeError, "a size of input_shape is 2.0", {"input_shape": (2.0, 2.0)}),
    (ValueError, "class_weight is .*; weights must be at least 0", {"class_weight": {0: -1}})])
def test_settings_in_words(blobs, error, words, settings):
    with pytest.raises(error, match=f"^PynnClassifier: {words}"):
        PynnClassifier(max_iter=1, **settings).fit(*blobs)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_masks_are_refused(blobs):
    X, y = blobs
    masked, labels, weights = (np.ma.masked_array(array, array > 0.5) for array in (X, y, np.ones(len(y))))
    fitted = PynnClassifier((3,), max_iter=1).fit(X, y)
    for name, f in {"X": lambda: PynnClassifier().fit(masked, y), "y": lambda: PynnClassifier().fit(X, labels), "sample_weight": lambda:
                    PynnClassifier().fit(X, y, weights), "X ": lambda: fitted.predict(masked)}.items():
        with pytest.raises(TypeError, match=f"PynnClassifier: {name.strip()} is a masked array"):
            f()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("warm", [False, True])
def test_a_fit_that_fails_leaves_what_was_fitted(blobs, warm):
    """Not the labels of one fit with the network of another, and no network that has diverged."""
    X, y = blobs
    fitted = PynnClassifier((5,), max_iter=3, random_state=0, warm_start=warm).fit(X, y)
    before, labels, curve, features = params_of(fitted), fitted.predict(X), list(fitted.loss_curve_), fitted.n_features_in_
    fitted.set_params(solver="sgd", learning_rate_init=1e300)
    with pytest.raises(ValueError, match="the loss is"):
        fitted.fit(X, y if warm else y + 10)
    with pytest.raises(ValueError):
        fitted.fit(X[:, :2], y * 0)
    assert_same(params_of(fitted), before)
    assert (fitted.predict(X) == labels).all() and fitted.loss_curve_ == curve and fitted.n_features_in_ == features
