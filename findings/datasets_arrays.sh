#!/usr/bin/env bash
# datasets 5.2.0, numpy 2.4.6
# Guess: a Dataset gives arrays back as they were put in, by with_format("numpy") and through to_json; an array of another shape than its
#        feature Array2D says is refused, as a number is that does not fit.
# Seen:  images of 3 rows and 2 columns under Array2D((2, 3)) come back as 2 rows and 3 columns, pixels mixed. "numpy" makes float64
#        float32 and uint64 int64, so that 2^64 - 1 is -1; its "pandas" is right. to_json writes ten decimals: a loss of 1e-11 is 0.0.
# So:    compare the shapes with the feature's before; with_format("numpy", dtype=...) says a dtype; results as Parquet, not as JSON.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 datasets==5.2.0
HF_HUB_OFFLINE=1 HF_HOME=$folder venv/bin/python -W ignore - <<'PYTHON'
import json
import sys

import datasets
import numpy as np
from datasets import Array2D, Dataset, Features


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


datasets.disable_progress_bars()


def images(x, shape):
    data = Dataset.from_dict({"x": x}, features=Features({"x": Array2D(shape, "int64")}))
    return data.with_format("numpy")[:]["x"]


x = np.arange(6).reshape(1, 3, 2)
check("an image as its feature says", images(x, (3, 2)).tolist(), x.tolist())
check("an image of another shape", images(x, (2, 3)).tolist(), [[[0, 1, 2], [3, 4, 5]]])

data = Dataset.from_dict({"x": np.array([1 / 3]), "n": np.array([2**64 - 1], np.uint64)})
check("what is kept", [str(feature.dtype) for feature in data.features.values()], ["float64", "uint64"])
numbers = data.with_format("numpy")[:]
check("numpy, float64", (str(numbers["x"].dtype), float(numbers["x"][0]) == 1 / 3), ("float32", False))
check("numpy, uint64", (str(numbers["n"].dtype), int(numbers["n"][0])), ("int64", -1))
frame = data.with_format("pandas")[:]
check("pandas", (bool(frame["x"][0] == 1 / 3), int(frame["n"][0])), (True, 2**64 - 1))

losses = [0.1, 1 / 3, 1e-11]
Dataset.from_dict({"loss": losses}).to_json("history.json")
with open("history.json") as file:
    check("to_json", [json.loads(line)["loss"] for line in file], [0.1, 0.3333333333, 0.0])
Dataset.from_dict({"loss": losses}).to_parquet("history.parquet")
check("to_parquet", list(Dataset.from_parquet("history.parquet")["loss"]), losses)
print("as described")
PYTHON
