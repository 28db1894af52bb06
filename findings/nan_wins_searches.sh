#!/usr/bin/env bash
# scipy 1.17.1, scikit-opt 0.6.6, pyswarms 1.3.0, hyperopt 0.3.0, numpy 2.4.6
# Guess: a search for the rate with the lowest loss leaves out the rates whose loss is NaN, for they diverge.
# Seen:  to scipy's differential_evolution and brute, and to scikit-opt's genetic algorithm and differential evolution, NaN is the lowest loss of
#        all, since NumPy's argmin says so: they return a rate that diverges. dual_annealing, direct, scikit-opt's and pyswarms' swarms and
#        hyperopt find the best.
# So:    a loss that is to be searched is infinite where training diverges.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1 scikit-opt==0.6.6 pyswarms==1.3.0 hyperopt==0.3.0
venv/bin/python -W ignore - <<'PYTHON'
import logging
import math
import sys

import hyperopt
import numpy as np
import pyswarms
from scipy import optimize
from sko.DE import DE
from sko.GA import GA
from sko.PSO import PSO

logging.disable(logging.CRITICAL)
BOUNDS = [(-5, 1), (0, 1)]


def loss(x):
    """Of a logarithm of the rate and a momentum: NaN above a rate of 0.3, the lowest at 0.01."""
    return math.nan if x[0] > -0.5 else float((x[0] + 2) ** 2 + (x[1] - 0.9) ** 2)


def check(what, x, described):
    seen = "diverges" if math.isnan(loss(x)) else "near the best" if loss(x) < 0.1 else "elsewhere"
    print(f"{what}: {seen}, at {[round(float(value), 2) for value in x]}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def by_sko(search, **size):
    np.random.seed(0)
    return search(func=loss, n_dim=2, lb=[-5, 0], ub=[1, 1], max_iter=50, **size).run()[0]


def by_pyswarms():
    np.random.seed(0)
    swarm = pyswarms.single.GlobalBestPSO(10, 2, {"c1": 0.5, "c2": 0.3, "w": 0.9}, bounds=tuple(np.array(BOUNDS, float).T))
    return swarm.optimize(lambda X: np.array([loss(x) for x in X]), 50, verbose=False)[1]


def by_hyperopt():
    space = [hyperopt.hp.uniform("log_lr", -5, 1), hyperopt.hp.uniform("momentum", 0, 1)]
    best = hyperopt.fmin(loss, space, hyperopt.rand.suggest, 60, rstate=np.random.default_rng(0), show_progressbar=False, verbose=False)
    return best["log_lr"], best["momentum"]


for seed in range(3):
    search = optimize.differential_evolution(loss, BOUNDS, seed=seed, maxiter=50)
    check(f"differential_evolution, seed {seed}", search.x, "diverges")
check("brute", optimize.brute(loss, BOUNDS, Ns=20, finish=None), "diverges")
check("dual_annealing", optimize.dual_annealing(loss, BOUNDS, seed=0, maxiter=200).x, "near the best")
check("direct", optimize.direct(loss, BOUNDS).x, "near the best")
check("scikit-opt GA", by_sko(GA, size_pop=20), "diverges")
check("scikit-opt DE", by_sko(DE, size_pop=20), "diverges")
check("scikit-opt PSO", by_sko(PSO, pop=20), "near the best")
check("pyswarms", by_pyswarms(), "near the best")
check("hyperopt", by_hyperopt(), "near the best")
print("as described")
PYTHON
