"""The search for hyperparameters of section 6.5.3 on several worker processes, or on several machines.

Workers may be lost on the way: a trial is a task that reads its samples itself, so another worker can make it again.
"""

import sys

import dask
from dask.distributed import Client, LocalCluster
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import ParameterSampler, cross_val_score

from pynn.sklearn import PynnClassifier

RANGES = {"learning_rate_init": loguniform(1e-3, 1), "alpha": loguniform(1e-6, 1e-1)}
CLASSIFIER = PynnClassifier((100, 100, 100), solver="sgd", batch_size=50, max_iter=20, n_iter_no_change=20, random_state=0)


def accuracy(params, classifier):
    """A trial, on a worker: the mean accuracy over three folds."""
    X, y = load_digits(return_X_y=True)
    return cross_val_score(clone(classifier).set_params(**params), X[:500] / 16, y[:500], cv=3).mean()


def search(client, trials, classifier=CLASSIFIER):
    """The best of so many trials, as its accuracy and its parameters."""
    tried = list(ParameterSampler(RANGES, trials, random_state=0))
    accuracies = client.gather(client.map(accuracy, tried, classifier=classifier))
    best = max(range(trials), key=accuracies.__getitem__)
    return accuracies[best], tried[best]


if __name__ == "__main__":          # the workers import this file
    # Else a worker that dies twice within 15 seconds, or takes as long to come back, is given up.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1 day"})
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        reached, params = search(client, int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    print(f"accuracy {reached:.3f} with {params}")
