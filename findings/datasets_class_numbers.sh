#!/usr/bin/env bash
# datasets 5.2.0, scikit-learn 1.9.1, numpy 2.4.6
# Guess: class_encode_column("label") of labels that are 0, 1, ..., n - 1 already, which it asks for before a stratified split, leaves each
#        number as it is, as scikit-learn's LabelEncoder does.
# Seen:  the classes are sorted as text, so from eleven on "10" stands before "2": 2 becomes 3 and 10 becomes 2. Nothing is said, and the numbers
#        look as before. The ten digits are right, and the class's name still says the old number.
# So:    cast_column("label", ClassLabel(num_classes=n)) keeps the numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 datasets==5.2.0 scikit-learn==1.9.1
HF_HUB_OFFLINE=1 HF_HOME=$folder venv/bin/python -W ignore - <<'PYTHON'
import sys

import datasets
from sklearn.preprocessing import LabelEncoder


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


datasets.disable_progress_bars()


def encoded(labels):
    data = datasets.Dataset.from_dict({"label": labels}).class_encode_column("label")
    return list(data["label"]), data.features["label"].names


digits = list(range(10))
check("ten classes", encoded(digits)[0], digits)
letters = list(range(12))
numbers, names = encoded(letters)
check("twelve classes", numbers, [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3])
check("their names", names, ["0", "1", "10", "11", "2", "3", "4", "5", "6", "7", "8", "9"])
check("scikit-learn", LabelEncoder().fit_transform(letters).tolist(), letters)
data = datasets.Dataset.from_dict({"label": letters}).cast_column("label", datasets.ClassLabel(num_classes=12))
check("cast_column", list(data["label"]), letters)
print("as described")
PYTHON
