"""What it takes to fit `PynnClassifier`, beside `MLPClassifier` of the same architecture, batches, epochs and optimizer."""

import warnings

import numpy as np

from . import peers

HELD_OUT = 5        # every fifth sample is not learned from
CASES = {           # name: dtype, epochs
    "digits, 1,438 x 64": ("float64", 20),
    "MNIST, 48,000 x 784": ("float32", 2),
    "a table, 16,000 x 30": ("float64", 20),
}
SETTINGS = {
    "100, batch 200, Adam": {"hidden_layer_sizes": (100,), "batch_size": 200, "solver": "adam", "learning_rate_init": 0.001},
    "50, batch 100, SGD": {"hidden_layer_sizes": (50,), "batch_size": 100, "solver": "sgd", "learning_rate_init": 0.05},
}


def measure(bench):
    for data, (dtype, epochs) in CASES.items():
        for setting in SETTINGS:
            case = {"name": f"{data}; {setting}", "data": data, "setting": setting, "dtype": dtype, "epochs": epochs}
            yield from bench.compare("sklearn_fit", case, ["pynn", "sklearn"], 1)


def prepare(peer, case):
    """A whole fit; the error is what its accuracy on samples held out lacks to that of `MLPClassifier`.

    The first weights differ, He's in pynn and Glorot's there: of the few hundred digits held out one in a hundred may fall otherwise.
    """
    warnings.simplefilter("ignore")         # that so few epochs are not enough
    X, y = samples(case)
    held_out = np.arange(len(X)) % HELD_OUT == 0
    X_train, y_train = X[~held_out], y[~held_out]
    estimator, other = (contestant.estimator(**settings(case)) for contestant in (peer, peers.Sklearn()))

    def run():
        estimator.fit(X_train, y_train)

    run()
    lacking = other.fit(X_train, y_train).score(X[held_out], y[held_out]) - estimator.score(X[held_out], y[held_out])
    return run, 1, max(float(lacking), 0.0), 0.03


def samples(case):
    """Digits, MNIST if it is on disk, or a table of five clusters in thirty columns."""
    from sklearn import datasets
    if case["data"].startswith("digits"):
        X, y = datasets.load_digits(return_X_y=True)
        X = X / 16
    elif case["data"].startswith("MNIST"):
        X, y = mnist()
    else:
        X, y = datasets.make_classification(20_000, 30, n_informative=12, n_classes=5, random_state=0)
    return X.astype(case["dtype"]), y


def mnist():
    from pynn.datasets import load_mnist
    try:
        return load_mnist(download=False)[0]
    except OSError as error:
        raise peers.Unavailable("MNIST is not on disk; PYNN_DATA_HOME names its folder") from error


def settings(case):
    """What both estimators are given; none stops before its last epoch."""
    return {**SETTINGS[case["setting"]], "max_iter": case["epochs"], "tol": 0, "n_iter_no_change": 1000, "random_state": 0}
