#!/usr/bin/env bash
# pyarrow 26.0.1, numpy 2.4.6
# Guess: FixedShapeTensorArray.from_numpy_ndarray keeps an array's values and shape whatever its strides: the type has a permutation for that,
#        and "if input array data is not contiguous a copy will be made"; to_numpy_ndarray gives the array back.
# Seen:  not for images turned from rows, columns, channels to channels, rows, columns (x.transpose(0, 3, 1, 2)): the column says the inverse of
#        their permutation, so that they come back with other axes, turned twice; with three channels reading them fails. Images upside down
#        (x[:, ::-1]) come back with pixels mixed; mirrored ones are right. Of transposed grey images the column is right, while a single one
#        of it, column[1].to_tensor(), has strides that belong to neither shape.
# So:    np.ascontiguousarray before an array becomes a column of tensors.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 pyarrow==26.0.1
venv/bin/python - <<'PYTHON'
import sys

import numpy as np
import pyarrow as pa


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def column(x):
    return pa.FixedShapeTensorArray.from_numpy_ndarray(x)


def comes_back(x):
    again = column(x).to_numpy_ndarray()
    return again.shape == x.shape and np.array_equal(again, x)


x = np.arange(2 * 2 * 3 * 4, dtype=np.float32).reshape(2, 2, 3, 4)
images = x.transpose(0, 3, 1, 2)
check("as they lie", comes_back(x), True)
check("channels first, copied", comes_back(np.ascontiguousarray(images)), True)
check("channels first, their permutation", (column(images).type.shape, column(images).type.permutation), ([2, 3, 4], [1, 2, 0]))
check("channels first, shape", (images.shape, column(images).to_numpy_ndarray().shape), ((2, 4, 2, 3), (2, 3, 4, 2)))
square = np.arange(2 * 3 * 3 * 3).reshape(2, 3, 3, 3).transpose(0, 3, 1, 2)
check("channels first, all of one length", comes_back(square), False)
check("they are turned twice", np.array_equal(column(square).to_numpy_ndarray(), square.transpose(0, 3, 1, 2)), True)

grey = np.arange(2 * 3 * 4).reshape(2, 3, 4)
check("a part of each", comes_back(grey[:, 1:, 1:3]), True)
check("mirrored", comes_back(grey[:, :, ::-1]), True)
check("upside down", comes_back(grey[:, ::-1]), False)
check("upside down, the first image", column(grey[:1, ::-1]).to_numpy_ndarray()[0].tolist(), [[8, 11, 6, 1], [9, 4, 7, 2], [10, 5, 0, 3]])

turned = np.arange(12).reshape(2, 2, 3).transpose(0, 2, 1)
check("transposed", comes_back(turned), True)
check("transposed, the second of the array", column(turned).to_tensor().to_numpy()[1].tolist(), [[6, 9], [7, 10], [8, 11]])
check("transposed, the second by itself", column(turned)[1].to_tensor().to_numpy().tolist(), [[6, 8], [7, 9], [8, 10]])
print("as described")
PYTHON
