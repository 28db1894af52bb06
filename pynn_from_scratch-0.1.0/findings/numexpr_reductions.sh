#!/usr/bin/env bash
# numexpr 2.14.2, numpy 2.4.6
# Guess: max, min and sum in an expression are NumPy's: NaN comes through, small integers are added in 64
#        bits.
# Seen:  max and min leave NaN out (a loss curve with NaN looks finite), and sum of int32 stays int32 and
#        wraps.
# So:    check np.isfinite before; cast to float64 in the expression's inputs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 numexpr==2.14.2
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numexpr
import numpy as np

loss = np.array([1.0, np.nan, 0.5])
check("max with a NaN", float(numexpr.evaluate("max(loss)")), 1.0)
check("min with a NaN", float(numexpr.evaluate("min(loss)")), 0.5)
check("numpy", (float(loss.max()), float(loss.min())), (float("nan"), float("nan")))
first = np.array([np.nan, 1.0, 0.5])
check("max with a NaN in front", float(numexpr.evaluate("max(first)")), 1.0)
counts = np.full(3, 2**30, np.int32)
total = numexpr.evaluate("sum(counts)")
check("sum of int32", (int(total), str(total.dtype)), (-1073741824, "int32"))
check("numpy", (int(counts.sum()), str(counts.sum().dtype)), (3221225472, "int64"))
print("as described")
PYTHON
