#!/usr/bin/env bash
# numpy 2.4.6, jax 0.10.2
# Guess: different seeds, such as [seed, rank] for the workers of a run, give different numbers.
# Seen:  default_rng([7, 0]) is default_rng(7), so worker 0 repeats the parent's numbers; RandomState([5]),
#        ([5, 4]) and ([5, 4, 3]) are one generator, since the old seeding adds the position to each word;
#        jax.random.key(s) drops all but the lowest 32 bits of s unless 64-bit mode is on.
# So:    use SeedSequence.spawn (or [rank + 1, seed]) for workers, and seeds below 2**32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import jax
import numpy as np


def first(seed):
    return np.random.default_rng(seed).random()


def old(seed):
    return np.random.RandomState(seed).random_sample()


check("default_rng: 7 and [7, 0]", first(7) == first([7, 0]), True)
check("default_rng: 7 and [7, 1]", first(7) == first([7, 1]), False)
check("RandomState: [5] and [5, 4]", old([5]) == old([5, 4]), True)
check("RandomState: [5, 4] and [5, 4, 3]", old([5, 4]) == old([5, 4, 3]), True)
check("RandomState: [5] and [5, 3]", old([5]) == old([5, 3]), False)
draws = [float(jax.random.uniform(jax.random.key(seed))) for seed in (1, 2**32 + 1, 2)]
check("jax: 1 and 2**32 + 1", draws[0] == draws[1], True)
check("jax: 1 and 2", draws[0] == draws[2], False)
print("as described")
PYTHON
