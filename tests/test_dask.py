"""Searches on a cluster of Dask's: the same results, every process with its share of the threads, killed ones survived.

Run by make test-dask, which installs what it needs.
"""

import os
import runpy
import signal
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import pynn

joblib, dask = pytest.importorskip("joblib"), pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV  # noqa: E402

from pynn.sklearn import PynnClassifier  # noqa: E402

pytestmark = [pytest.mark.dask, pytest.mark.filterwarnings("ignore")]       # of the cluster's, while workers die
RATES = {"learning_rate_init": [1e-4, 1e-3, 1e-2, 1e-1], "alpha": [0, 1]}
EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "search_on_dask.py"


@pytest.fixture(scope="module")
def client():
    # For the example's reason: the tests kill one worker after another.
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1 day"}), \
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            client.wait_for_workers(2)
            yield client


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X[:600] / 16).astype(np.float32), y[:600]


def busy(seconds):
    """Processor seconds in a second while a worker multiplies, and the threads of its pool."""
    a = np.ones((700, 700), np.float32)
    end, wall, used = time.perf_counter() + seconds, time.perf_counter(), time.process_time()
    while time.perf_counter() < end:
        pynn.matmul(a, a)
    return (time.process_time() - used) / (time.perf_counter() - wall), pynn.get_num_threads()


def fit(X, y):
    """What arrived, and what a fit on it took and learned."""
    tracemalloc.start()
    classifier = PynnClassifier((4,), max_iter=2, random_state=0).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    flags = X.flags
    return flags.aligned, flags.writeable, peak, {name: value.copy() for name, value in classifier.network_.params.items()}


def linear(input_shape, n_outputs, dtype):
    return pynn.Sequential([pynn.Affine.of(*input_shape, n_outputs)], dtype=dtype)


def dies(folder, deaths, *shape_and_dtype):
    """A network; the first so many processes of the cluster that make one are killed, and each leaves a file as its mark."""
    for death in range(deaths):
        try:
            os.close(os.open(folder / str(death), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)
    return linear(*shape_and_dtype)


def search_in_one_process(classifier, example):
    """The same trials by scikit-learn's own search."""
    X, y = load_digits(return_X_y=True)
    found = RandomizedSearchCV(classifier, example["RANGES"], n_iter=6, cv=3, random_state=0, refit=False).fit(X[:500] / 16, y[:500])
    return found.best_score_, found.best_params_


def test_a_search_finds_what_it_finds_in_one_process(client, digits):
    search = GridSearchCV(PynnClassifier((16,), dropout=0.1, max_iter=5, random_state=0), RATES, cv=2)
    alone = search.fit(*digits).cv_results_["mean_test_score"]
    with joblib.parallel_config("dask"):
        np.testing.assert_array_equal(search.fit(*digits).cv_results_["mean_test_score"], alone)


def test_every_worker_has_its_share_of_the_threads(client):
    for used, threads in client.run(busy, 1.0).values():
        assert threads == 1 and used < 1.2      # the worker's own threads answer the scheduler meanwhile


@pytest.mark.parametrize("deaths", [1, 2])
def test_killed_workers_are_survived(deaths, client, tmp_path):
    client.wait_for_workers(2)
    before, example = set(client.run(os.getpid).values()), runpy.run_path(str(EXAMPLE))
    classifier = PynnClassifier(solver="sgd", max_iter=5, random_state=0)
    alone = search_in_one_process(classifier.set_params(network=linear), example)
    assert example["search"](client, 6, classifier.set_params(network=partial(dies, tmp_path, deaths))) == alone
    assert len(list(tmp_path.iterdir())) == deaths
    client.wait_for_workers(2)
    assert len(before - set(client.run(os.getpid).values())) >= 1


def test_arrays_from_another_process_are_read_where_they_lie(client):
    rng = np.random.default_rng(0)
    X, y = rng.random((20_000, 200), np.float32), rng.integers(0, 3, 20_000)
    expected = fit(X, y)[-1]
    arrived = [client.submit(fit, client.scatter(X), y, pure=False).result() for _ in range(3)]
    for _, _, peak, params in arrived:
        assert peak < X.nbytes / 4              # batches, labels and orders
        for name, value in expected.items():
            np.testing.assert_array_equal(params[name], value)


def test_the_example():
    done = subprocess.run([sys.executable, EXAMPLE, "4"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("accuracy 0.")
