#!/usr/bin/env bash
# scikit-learn 1.9.1, numpy 2.4.6
# Guess: with early_stopping, MLPClassifier ends every fit with the weights whose validation score is best_validation_score_,
#        one that goes on with warm_start included.
# Seen:  the first fit ends so. Its coefs_ then are the very arrays kept as the best, which the next fit changes in place, and
#        the best score stays that of the first: after a second fit that only made it worse, best_validation_score_ is 0.97 and the
#        network's accuracy that of its last epoch, below 0.5.
# So:    what is kept as the best is a copy, and every fit begins to look anew; test both with warm_start.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scikit-learn==1.9.1
venv/bin/python -W ignore - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

X, y = load_digits(return_X_y=True)
X = X / 16
net = MLPClassifier((30,), early_stopping=True, warm_start=True, learning_rate_init=0.01, random_state=0).fit(X, y)
best = net.best_validation_score_
print("accuracy after the first fit", net.score(X, y), "best on validation samples", best)
check("the first fit keeps its best", net.score(X, y) > 0.95 and best > 0.95, True)
check("and these are the arrays that the next one changes", net.coefs_[0] is net._best_coefs[0], True)
net.set_params(learning_rate_init=0.3).fit(X, y)
print("accuracy after the second fit", net.score(X, y), "best on validation samples", net.best_validation_score_)
check("the best score is still that of the first", net.best_validation_score_ == best, True)
check("the weights are those of the last epoch", net.score(X, y) < 0.5, True)
print("as described")
PYTHON
