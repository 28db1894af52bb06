#!/usr/bin/env bash
# tinygrad 0.14.0, numpy 2.4.6
# Guess: NaN goes through a network as in NumPy and PyTorch: the maximum of [1, nan, 3] is nan and at 1, relu(nan) is nan, a sorted
#        array has what it had, and logsumexp of two -inf is -inf. x - x of an infinite x is nan, and what passes through float16 is
#        rounded there.
# Seen:  the maximum is 3, at 2; with nan in front it is nan. maximum(nan, 1) is nan and maximum(1, nan) is 1. relu(nan) is 0, so a network whose
#        weights have become NaN may go on with finite losses. Sorting [2, nan, 1] gives [1, 2, 2]: the NaN is gone and a number is there
#        twice. logsumexp of two -inf is nan. x - x and 0 x are 0 and x / x is 1 whatever x is, and 70,000 comes out of
#        float16 as it went in unless it is computed there: `realize()` between the casts makes it infinite. Both backends agree.
# So:    a network that diverged is told by its loss and by a look for NaN, not by where NaN comes out of another library's layers; none
#        in tests of parity.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 tinygrad==0.14.0
DEV=PYTHON venv/bin/python -W ignore - <<'PYTHON'
import sys

from tinygrad import Tensor, dtypes

nan, inf = float("nan"), float("inf")


def check(what, tensor, described):
    seen = tensor.numpy().tolist()
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


check("max of 1, nan, 3", Tensor([1.0, nan, 3.0]).max(), 3.0)
check("argmax of 1, nan, 3", Tensor([1.0, nan, 3.0]).argmax(), 2)
check("max of nan, 1, 3", Tensor([nan, 1.0, 3.0]).max(), nan)
check("maximum(nan, 1)", Tensor([nan]).maximum(1.0), [nan])
check("maximum(1, nan)", Tensor([1.0]).maximum(nan), [1.0])
check("relu(nan)", Tensor([nan]).relu(), [0.0])
check("2, nan, 1 sorted", Tensor([2.0, nan, 1.0]).sort()[0], [1.0, 2.0, 2.0])
check("logsumexp of -inf, -inf", Tensor([-inf, -inf]).logsumexp(), nan)
x = Tensor([nan, inf])
check("x - x of nan, inf", x - x, [0.0, 0.0])
check("x / x", x / x, [1.0, 1.0])
check("0 x", 0 * x, [0.0, 0.0])
half = Tensor([70000.0]).cast(dtypes.float16)
check("70,000 through float16", half.cast(dtypes.float32), [70000.0])
check("computed in between", half.realize().cast(dtypes.float32), [inf])
print("as described")
PYTHON
