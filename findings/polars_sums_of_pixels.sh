#!/usr/bin/env bash
# polars 2.1.0, pandas 3.1.1, numpy 2.4.6
# Guess: Polars sums uint8 pixels in 64 bits wherever it sums, as Series.sum, whose page says so: down a column, along a row, in a list.
# Seen:  down a column, in lists and arrays, running and in groups it does; along a row, of a data set with a column for each pixel, it wraps:
#        sum_horizontal of 200, 100 and 50 is 94, and mean_horizontal 31.3, for 116.7. dot multiplies in uint8, and adds in 64 bits. pandas'
#        sum(axis=1) and NumPy's sum are right.
# So:    the sum or mean of an image by NumPy, or of columns that were cast to Int64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 polars==2.1.0 pandas==3.1.1
venv/bin/python - <<'PYTHON'
import sys

import numpy as np
import pandas
import polars


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


images = np.array([[200, 100, 50], [1, 2, 3]], np.uint8)
frame = polars.DataFrame(images, schema=["a", "b", "c"], orient="row")
check("sum_horizontal", frame.sum_horizontal().to_list(), [94, 6])
check("the same, lazily", frame.lazy().select(polars.sum_horizontal("a", "b", "c")).collect()["a"].to_list(), [94, 6])
check("mean_horizontal", frame.mean_horizontal().round(1).to_list(), [31.3, 2.0])
check("cast before", frame.cast(polars.Int64).sum_horizontal().to_list(), [350, 6])
check("pandas", pandas.DataFrame(images).sum(axis=1).tolist(), [350, 6])
check("down a column", frame.sum().row(0), (201, 102, 53))

row = polars.Series(images[0])
check("sum", row.sum(), 350)
check("cum_sum", row.cum_sum().to_list(), [200, 300, 350])
check("rolling_sum", row.rolling_sum(2).to_list(), [None, 300, 150])
check("lists", polars.Series([images[0].tolist()], dtype=polars.List(polars.UInt8)).list.sum().to_list(), [350])
check("arrays", polars.Series(images).arr.sum().to_list(), [350, 6])
check("dot", row.dot(row), 200 * 200 % 256 + 100 * 100 % 256 + 50 * 50 % 256)
print("as described")
PYTHON
