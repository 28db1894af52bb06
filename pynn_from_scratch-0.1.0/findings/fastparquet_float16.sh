#!/usr/bin/env bash
# fastparquet 2026.9.0, pyarrow 26.0.1, pandas 3.1.1, numpy 2.4.6
# Guess: a Parquet column of float16 (a logical type of the format since 2.10) is read as numbers, as pyarrow
#        does.
# Seen:  fastparquet returns an object column of two-byte strings (b"\x00>" for 1.5), and says nothing.
# So:    write float32; after reading, check that the dtype is a float.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 fastparquet==2026.9.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import fastparquet
import numpy as np
import pyarrow as pa
import pyarrow.parquet

column = pa.array(np.array([1.5, -2.0], np.float16))
pyarrow.parquet.write_table(pa.table({"W": column}), "weights.parquet")
check("pyarrow", pyarrow.parquet.read_table("weights.parquet")["W"].to_pylist(), [1.5, -2.0])
frame = fastparquet.ParquetFile("weights.parquet").to_pandas()
check("fastparquet", frame["W"].tolist(), [b"\x00>", b"\x00\xc0"])
print("as described")
PYTHON
