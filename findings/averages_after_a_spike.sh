#!/usr/bin/env bash
# bottleneck 1.6.0, scipy 1.17.1, numbagg 0.9.6, pandas 3.1.1, polars 2.1.0, numpy 2.4.6
# Guess: the mean of the last three losses is that of the last three losses, whatever came before them.
# Seen:  after one loss of 1e9 in float32 bottleneck's running mean of ones is 0 for ever; after one of 1e17 in float64 scipy.ndimage's is 0
#        and numbagg's a third; after one that is infinite all three have NaN for ever. They add what enters a window to a sum and take away
#        what leaves it. pandas and Polars are right.
# So:    smooth a history of losses with NumPy's sliding windows, or with pandas or Polars.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 bottleneck==1.6.0 scipy==1.17.1 numbagg==0.9.6 \
    numba==0.68.1 pandas==3.1.1 polars==2.1.0
venv/bin/python - <<'PYTHON'
import sys

import bottleneck
import numbagg
import numpy as np
import pandas as pd
import polars as pl
import scipy.ndimage


def check(what, seen, described):
    seen = [float(value) for value in seen]
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


MEANS = {
    "bottleneck": lambda x: bottleneck.move_mean(x, 3),
    "scipy.ndimage": lambda x: scipy.ndimage.uniform_filter1d(x, 3, origin=1),
    "numbagg": lambda x: numbagg.move_mean(x, window=3),
    "pandas": lambda x: pd.Series(x).rolling(3).mean(),
    "polars": lambda x: pl.Series(x).rolling_mean(3),
    "numpy": lambda x: np.lib.stride_tricks.sliding_window_view(x, 3).mean(axis=1),
}
ONES, ZEROS, NAN = [1.0] * 3, [0.0] * 3, [float("nan")] * 3
for spike, dtype, wrong in ((1e9, "float32", {"bottleneck": ZEROS}),
                            (1e17, "float64", {"bottleneck": ZEROS, "scipy.ndimage": ZEROS, "numbagg": [1 / 3] * 3}),
                            (np.inf, "float32", {"bottleneck": NAN, "scipy.ndimage": NAN, "numbagg": NAN})):
    losses = np.ones(12, dtype)
    losses[3] = spike
    for name, means in MEANS.items():
        check(f"{name}, the last three means, {spike} in {dtype} long before", list(means(losses))[-3:], wrong.get(name) or ONES)
print("as described")
PYTHON
