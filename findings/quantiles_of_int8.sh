#!/usr/bin/env bash
# numpy 2.4.6, pandas 3.1.1, matplotlib 3.11.2, xarray 2026.9.0, scikit-learn 1.9.1
# Guess: the quartiles of the int8 weights -100 and 100 are -50, 0 and 50, as they are of floats: in pandas' quantile and describe, matplotlib's
#        box plots, xarray, scikit-learn's bins.
# Seen:  NumPy's percentile takes the difference of two neighbours in the array's own dtype, where 200 is -56: the quartiles are -114, 128 and
#        114. All of those take it from there: a box with its median above the largest weight, and a bin's edge there. int16 and int32 wrap
#        at their own ends. np.median and uint8 are right.
# So:    integers become float64 before anything is told of their distribution (`pynn.plot`'s histograms do it).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pandas==3.1.1 matplotlib==3.11.2 xarray==2026.9.0 scikit-learn==1.9.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import matplotlib.cbook
import numpy as np
import pandas as pd
import xarray as xr
from sklearn.preprocessing import KBinsDiscretizer


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


weights = np.array([-100, 100], np.int8)
quarters = [25, 50, 75]
check("NumPy, float64", np.percentile(weights.astype(float), quarters).tolist(), [-50.0, 0.0, 50.0])
check("NumPy, int8", np.percentile(weights, quarters).tolist(), [-114.0, 128.0, 114.0])
check("NumPy, int16", float(np.percentile(np.array([-30000, 30000], np.int16), 50)), 32768.0)
check("NumPy, median", float(np.median(weights)), 0.0)
check("pandas, describe", pd.Series(weights).describe().loc[["25%", "50%", "75%"]].tolist(), [-114.0, 128.0, 114.0])
box = matplotlib.cbook.boxplot_stats(weights)[0]
check("matplotlib, a box plot's median", float(box["med"]), 128.0)
check("xarray, quantile", float(xr.DataArray(weights).quantile(0.5)), 128.0)
bins = KBinsDiscretizer(2, strategy="quantile").fit(np.repeat(weights, 50)[:, None])
check("scikit-learn, two bins", bins.bin_edges_[0].tolist(), [-100.0, 128.0])
print("as described")
PYTHON
