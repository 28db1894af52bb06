#!/usr/bin/env bash
# duckdb 2.0.1, polars 2.1.0, numpy 2.4.6
# Guess: a NumPy array with two axes is queried as a table whose rows are the array's rows, as in Polars and
#        pandas.
# Seen:  DuckDB makes a column of each row: (2, 3) becomes three rows of two columns, so x of shape (N, 784)
#        would be a table of N columns, and a square array is transposed unseen.
# So:    pass x.T, or go through a data frame.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 polars==2.1.0 duckdb==2.0.1
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import duckdb
import numpy as np
import polars as pl

x = np.array([[0, 1, 2], [3, 4, 5]])
square = x[:, :2]
check("duckdb", duckdb.sql("select * from x").fetchall(), [(0, 3), (1, 4), (2, 5)])
check("duckdb, square", duckdb.sql("select * from square").fetchall(), [(0, 3), (1, 4)])
check("polars", pl.DataFrame(x).rows(), [(0, 1, 2), (3, 4, 5)])
print("as described")
PYTHON
