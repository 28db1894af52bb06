#!/usr/bin/env bash
# hyperopt 0.3.0, numpy 2.4.6
# Guess: hp.quniform("batch", 1, 10, 4) draws multiples of 4 (or 1, 5, 9) between 1 and 10.
# Seen:  it draws 0, 4 and 8: the value is rounded after the draw and leaves the range, so a batch size of 0
#        comes up once in nine times; qloguniform from 1 in steps of 10 draws 0 as well. Optuna's
#        suggest_int(1, 10, step=4) gives 1, 5, 9.
# So:    use hp.uniformint or hp.choice for sizes, and refuse 0 where it is used.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 hyperopt==0.3.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
from hyperopt import hp
from hyperopt.pyll.stochastic import sample

random = np.random.default_rng(0)


def values(space):
    return sorted({int(sample(space, rng=random)) for _ in range(500)})


check("quniform 1..10 by 4", values(hp.quniform("batch", 1, 10, 4)), [0, 4, 8])
check("qloguniform 1..30 by 10", values(hp.qloguniform("hidden", 0, np.log(30), 10)), [0, 10, 20, 30])
check("uniformint 1..3", values(hp.uniformint("layers", 1, 3)), [1, 2, 3])
print("as described")
PYTHON
