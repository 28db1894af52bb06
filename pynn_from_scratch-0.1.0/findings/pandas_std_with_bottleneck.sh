#!/usr/bin/env bash
# pandas 3.1.1, bottleneck 1.6.0, numpy 2.4.6
# Guess: installing Bottleneck (pandas' extra "performance") changes speed, not results.
# Seen:  the standard deviation of a float32 column around 1000 goes from 0.289 to 9.5, with the same line of
#        code. Bottleneck takes the mean inside by adding a million values in float32; pandas lets it compute
#        std, though not mean.
# So:    x.astype(float) before std, or pd.set_option("compute.use_bottleneck", False); statistics that
#        standardize a data set must not depend on what else is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
install="venv/bin/pip install --quiet --disable-pip-version-check --no-compile"

cat >std.py <<'PYTHON'
import sys

import numpy as np
import pandas as pd

pd.set_option("compute.use_bottleneck", sys.argv[1] == "on")
column = (np.random.default_rng(0).random(1_000_000) + 1000).astype(np.float32)
print(round(float(pd.Series(column).std()), 3))
PYTHON

check() {
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "changed: $1 was $3" >&2; exit 1; }
}

$install numpy==2.4.6 pandas==3.1.1
check "pandas alone" "$(venv/bin/python std.py on)" 0.289
$install bottleneck==1.6.0
check "with bottleneck installed" "$(venv/bin/python std.py on)" 9.497
check "installed and switched off" "$(venv/bin/python std.py off)" 0.289
echo "as described"
