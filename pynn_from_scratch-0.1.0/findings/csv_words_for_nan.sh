#!/usr/bin/env bash
# polars 2.1.0, duckdb 2.0.1, pyarrow 26.0.1, pandas 3.1.1, numpy 2.4.6
# Guess: "nan" and "inf", which is how Python writes such a loss into a CSV file, are read as floats
#        everywhere.
# Seen:  one "nan" makes Polars read the whole column as strings (only "NaN" is a number to it), and
#        pyarrow.csv turns "nan" into null, so that its mean passes over it. DuckDB, pandas and NumPy read
#        floats.
# So:    a history written as CSV reads as numbers everywhere only while every value is finite; leave the cell
#        empty.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.compute
import pyarrow.csv

for word in ("nan", "inf"):
    with open(word + ".csv", "w") as file:
        print("loss", 0.5, float(word), 1.5, sep="\n", file=file)

nan, inf = float("nan"), float("inf")
check("polars, nan", pl.read_csv("nan.csv")["loss"].to_list(), ["0.5", "nan", "1.5"])
check("polars, inf", pl.read_csv("inf.csv")["loss"].to_list(), [0.5, inf, 1.5])
check("duckdb, nan", [row[0] for row in duckdb.sql("from 'nan.csv'").fetchall()], [0.5, nan, 1.5])
loss = pyarrow.csv.read_csv("nan.csv")["loss"]
check("pyarrow, nan", (loss.to_pylist(), pyarrow.compute.mean(loss).as_py()), ([0.5, None, 1.5], 1.0))
check("pyarrow, inf", pyarrow.csv.read_csv("inf.csv")["loss"].to_pylist(), [0.5, inf, 1.5])
check("pandas, nan", pd.read_csv("nan.csv")["loss"].tolist(), [0.5, nan, 1.5])
check("numpy, nan", np.loadtxt("nan.csv", skiprows=1).tolist(), [0.5, nan, 1.5])
print("as described")
PYTHON
