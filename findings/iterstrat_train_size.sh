#!/usr/bin/env bash
# iterative-stratification 0.1.9, scikit-learn 1.9.1, numpy 2.4.6
# Guess: MultilabelStratifiedShuffleSplit(train_size=0.1, test_size=0.2) of 1,000 samples gives 100 to train on and 200 to test with, as
#        scikit-learn's StratifiedShuffleSplit and as its own page says ("the proportion of the dataset", "the absolute number").
# Seen:  333 and 667: only the ratio of the two is kept, and every sample is used. train_size=300, test_size=200 gives 600 and 400. A learning
#        curve drawn so has other sizes on its axis than were trained on. With one size alone the split is right.
# So:    take len(train) for the axis, and cut train to the size oneself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scikit-learn==1.9.1 iterative-stratification==0.1.9
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit
from sklearn.model_selection import StratifiedShuffleSplit


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


x = np.zeros((1000, 1))
t = np.arange(1000) % 10
one_hot = np.eye(10, dtype=int)[t]


def sizes(**parts):
    """How many to train on and to test with, by iterstrat and by scikit-learn."""
    by_iterstrat = MultilabelStratifiedShuffleSplit(1, random_state=0, **parts).split(x, one_hot)
    by_sklearn = StratifiedShuffleSplit(1, random_state=0, **parts).split(x, t)
    return [(len(train), len(test)) for (train, test), in (by_iterstrat, by_sklearn)]


check("test_size=0.2", sizes(test_size=0.2), [(800, 200), (800, 200)])
(train, test), right = sizes(train_size=0.1, test_size=0.2)
check("train_size=0.1, test_size=0.2", (train + test, abs(train - 333) < 10, right), (1000, True, (100, 200)))
check("train_size=300, test_size=200", sizes(train_size=300, test_size=200), [(600, 400), (300, 200)])
print("as described")
PYTHON
