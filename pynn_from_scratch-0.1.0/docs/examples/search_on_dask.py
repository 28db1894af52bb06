"""The search for hyperparameters of section 6.5.3 on several worker processes, or on several machines."""

import sys

import joblib
from dask.distributed import Client, LocalCluster
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV

from pynn.sklearn import PynnClassifier


def search(trials):
    X, y = load_digits(return_X_y=True)
    classifier = PynnClassifier((100, 100, 100), solver="sgd", batch_size=50, max_iter=20, n_iter_no_change=20,
                                random_state=0)
    ranges = {"learning_rate_init": loguniform(1e-3, 1), "alpha": loguniform(1e-6, 1e-1)}
    found = RandomizedSearchCV(classifier, ranges, n_iter=trials, cv=3, random_state=0)
    with joblib.parallel_config("dask"):
        return found.fit(X[:500] / 16, y[:500])


if __name__ == "__main__":          # the workers import this file
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        found = search(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    print(f"accuracy {found.best_score_:.3f} with {found.best_params_}")
