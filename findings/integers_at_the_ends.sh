#!/usr/bin/env bash
# nevergrad 1.0.12, scikit-optimize 0.10.2, optuna 5.0.0, numpy 2.4.6
# Guess: a whole number from 1 to 4, such as a network's number of layers, is drawn as each of them equally often.
# Seen:  by optuna it is. nevergrad's Scalar with integer casting rounds a draw from [1, 4], so that 1 and 4 come half as often as 2 and 3; so
#        do the first points of scikit-optimize's Optimizer, random ones included.
# So:    a search over few whole numbers asks for a choice among them, or for a range half a step wider at both ends.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 nevergrad==1.0.12 scikit-optimize==0.10.2 optuna==5.0.0
venv/bin/python -W ignore - <<'PYTHON'
import sys

import nevergrad
import optuna
import skopt


def check(what, draws, described):
    share = sum(draw in (1, 4) for draw in draws) / len(draws)
    seen = "half" if 0.45 < share < 0.55 else "a third" if 0.28 < share < 0.39 else "neither half nor a third"
    print(f"{what}: 1 and 4 are {seen} of {len(draws)} draws ({share:.2f})")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def by_optuna(n):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [study.ask().suggest_int("layers", 1, 4) for _ in range(n)]


def by_nevergrad(n):
    layers = nevergrad.p.Scalar(lower=1, upper=4).set_integer_casting()
    layers.random_state.seed(0)
    return [layers.sample().value for _ in range(n)]


def first_points(generator, n):
    optimizer = skopt.Optimizer([skopt.space.Integer(1, 4)], n_initial_points=n, initial_point_generator=generator, random_state=0)
    return [point[0] for point in optimizer.ask(n)]


check("optuna", by_optuna(2000), "half")
check("nevergrad", by_nevergrad(2000), "a third")
check("scikit-optimize, random", first_points("random", 1000), "a third")
for generator in "lhs", "sobol", "halton", "grid":
    check(f"scikit-optimize, {generator}", first_points(generator, 128), "a third")
print("as described")
PYTHON
