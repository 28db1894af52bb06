#!/usr/bin/env bash
# blosc2 4.14.1, numpy 2.4.6
# Guess: an expression of compressed arrays is computed later, but to what NumPy gives: x * 2 is the same array whether it is
#        summed at once or read and then summed; % has the sign of the divisor; argmax finds a NaN; the mean of float16 is one.
# Seen:  (x * 2).sum() of uint8 pixels is 700, while (x * 2)[:] has wrapped and sums to 444, as NumPy's; (x - 100).mean() is 16.7 beside 102;
#        (x + x).sum() is 444. -7 % 3 is -1, as in C. argmax passes over NaN, which max returns. The mean of a thousand 300s in float16 is inf.
# So:    take the array out of the file, x[:], before computing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 blosc2==4.14.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import blosc2
import numpy as np


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


def both(function, x):
    """Of the compressed array, and of NumPy's."""
    return [function(a).tolist() for a in (blosc2.asarray(x), x)]


def read(expression):
    return expression[:]


pixels = np.array([200, 100, 50], np.uint8)
check("x * 2, read", both(lambda x: read(x * 2), pixels), [[144, 200, 100], [144, 200, 100]])
check("x * 2, summed", both(lambda x: (x * 2).sum(), pixels), [700, 444])
check("x + x, summed", both(lambda x: (x + x).sum(), pixels), [444, 444])
check("x - 100, its mean", both(lambda x: (x - 100).mean().round(1), pixels), [16.7, 102.0])
check("x % 3", both(lambda x: read(x % 3), np.array([-7, 7])), [[-1, 1], [2, 1]])
nan = np.array([1, np.nan, 3])
check("max with NaN", both(lambda x: x.max(), nan), [np.nan, np.nan])
check("argmax with NaN", both(lambda x: x.argmax(), nan), [0, 1])
check("mean of float16", both(lambda x: x.mean(), np.full(1000, 300, np.float16)), [np.inf, 300.0])
print("as described")
PYTHON
