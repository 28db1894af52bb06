#!/usr/bin/env bash
# pyarrow 26.0.1, pandas 3.1.1, polars 2.1.0, duckdb 2.0.1, numpy 2.4.6
# Guess: a filter that is given to the reader of a Parquet file leaves the rows that it leaves of a table that is read already.
# Seen:  of a column [1, nan, 1] the filter x != 1 leaves the row of NaN in the table, and none while reading, in pyarrow, so in
#        pandas.read_parquet, and in DuckDB; pyarrow nor by "not (x <= 1)" and is_nan itself. The smallest and largest number of a row group
#        do not tell of its NaN: where both are 1, all is taken for 1. Beside a row with another number both filters are right. Polars is.
# So:    look for the epochs in which a loss became NaN in the table, after reading.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
venv/bin/python - <<'PYTHON'
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def write(accuracies, file):
    pa.parquet.write_table(pa.table({"epoch": range(len(accuracies)), "x": pa.array(accuracies)}), file)
    return pa.dataset.dataset(file)


nan, x = float("nan"), pyarrow.dataset.field("x")
whole = write([1.0, nan, 1.0], "history.parquet")
for what, keep in {"x != 1": x != 1, "not (x <= 1)": ~(x <= 1), "is_nan(x)": pyarrow.compute.is_nan(x)}.items():
    check(f"pyarrow, {what}, after reading", whole.to_table().filter(keep)["epoch"].to_pylist(), [1])
    check(f"pyarrow, {what}, while reading", whole.to_table(filter=keep)["epoch"].to_pylist(), [])

frame = pd.read_parquet("history.parquet")
check("pandas, after reading", frame[frame.x != 1].epoch.tolist(), [1])
check("pandas, while reading", pd.read_parquet("history.parquet", filters=[("x", "!=", 1.0)]).epoch.tolist(), [])
check("polars, while reading", pl.scan_parquet("history.parquet").filter(pl.col("x") != 1).collect()["epoch"].to_list(), [1])
duckdb.sql("create table history as from 'history.parquet'")
check("duckdb, after reading", duckdb.sql("select epoch from history where x != 1").fetchall(), [(1,)])
check("duckdb, while reading", duckdb.sql("select epoch from 'history.parquet' where x != 1").fetchall(), [])

beside = write([1.0, nan, 0.5], "beside.parquet")
check("pyarrow, x != 1, beside another number", beside.to_table(filter=x != 1)["epoch"].to_pylist(), [1, 2])
check("duckdb, x != 1, beside another number", duckdb.sql("select epoch from 'beside.parquet' where x != 1").fetchall(), [(1,), (2,)])
check("pyarrow, is_nan(x), beside another number", beside.to_table(filter=pyarrow.compute.is_nan(x))["epoch"].to_pylist(), [1])
print("as described")
PYTHON
