#!/usr/bin/env bash
# pytest 9.2.0, mlx 0.32.4, numpy 2.4.6
# Guess: a test that allows a pixel to be 20 off fails where it is 250 instead of 5.
# Seen:  it passes. pytest.approx subtracts a uint8 from the expected number in uint8: 5 - 250 is 11, of which NumPy says a word among pytest's
#        warnings. So it does for every pixel of an array that is compared with one number, and for pixels in a list; two arrays are
#        compared right. MLX's isclose and allclose wrap as well, without a word; those of NumPy do not.
# So:    compare pixels as floats, or two arrays by np.testing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pytest==9.2.0 mlx==0.32.4 mlx-cpu==0.32.4
venv/bin/python -W ignore - <<'PYTHON'
import sys

import mlx.core as mx
import numpy as np
import pytest


def check(what, seen, described):
    print(f"{what}: {bool(seen)}")
    if bool(seen) != described:
        sys.exit(f"changed: {what} was {described}")


seen, expected = np.array([250], np.uint8), np.array([5], np.uint8)
check("pytest: a pixel of 250 is approx(5, abs=20)", seen[0] == pytest.approx(5, abs=20), True)
check("pytest: an array of it is", seen == pytest.approx(5, abs=20), True)
check("pytest: a list of it is", list(seen) == pytest.approx([5], abs=20), True)
check("pytest: an array of it is approx of an array", seen == pytest.approx(expected, abs=20), False)
check("pytest: as a float it is", float(seen[0]) == pytest.approx(5, abs=20), False)
check("mlx isclose", mx.isclose(mx.array(expected), mx.array(seen), rtol=0, atol=20).item(), True)
check("mlx allclose", mx.allclose(mx.array(expected), mx.array(seen), rtol=0, atol=20).item(), True)
check("numpy allclose", np.allclose(expected, seen, rtol=0, atol=20), False)
print("as described")
PYTHON
