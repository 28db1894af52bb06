#!/usr/bin/env bash
# pyarrow 26.0.1, tensorstore 0.1.86, numpy 2.4.6
# Guess: a big-endian array (what an IDX or FITS reader returns) is converted, or refused as pyarrow.array
#        does.
# Seen:  pyarrow.Tensor.from_numpy and tensorstore.array take its bytes as little-endian: 1.0 becomes 4.6e-41,
#        no error. Writing the same array into a TensorStore file store converts it rightly.
# So:    hand out native byte order only: x.astype(x.dtype.newbyteorder("=")).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pyarrow==26.0.1 tensorstore==0.1.86
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
import pyarrow as pa
import tensorstore as ts

x = np.array([1.0, 2.0, 3.0], ">f4")
wrong = [4.600602988224807e-41, 8.96831017167883e-44, 2.304855714121459e-41]
check("pyarrow.Tensor", pa.Tensor.from_numpy(x).to_numpy().tolist(), wrong)
check("tensorstore.array", ts.array(x).read().result().tolist(), wrong)

try:
    pa.array(x)
except pa.ArrowNotImplementedError as error:
    check("pyarrow.array", str(error), "Byte-swapped arrays not supported")
store = ts.open({"driver": "zarr", "kvstore": "memory://"}, create=True, dtype=ts.float32, shape=[3]).result()
store[...] = x
check("a TensorStore of zarr", store.read().result().tolist(), [1.0, 2.0, 3.0])
print("as described")
PYTHON
