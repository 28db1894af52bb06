#!/usr/bin/env bash
# flax 0.12.8, webdataset 1.0.2, json-tricks 3.17.3, idx2numpy 1.2.3, jax 0.10.2, numpy 2.4.6
# Guess: what is written of an array comes back with its values, whatever its byte order: as npy, pickle and safetensors keep it; or it is refused.
# Seen:  the floats of an IDX file are ">f4" behind idx2numpy. Flax's checkpoints (msgpack_serialize, to_bytes), WebDataset's .ten and the compact
#        form of json-tricks write "float32" and the bytes as they lie: 1.0 comes back as 4.6e-41, no error. WebDataset's .npy, json-tricks'
#        text and JAX's own arrays (which refuse them) are right.
# So:    x.astype(x.dtype.newbyteorder("=")) behind any reader of big-endian files, before it is written too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 flax==0.12.8 jax==0.10.2 \
    webdataset==1.0.2 json-tricks==3.17.3 idx2numpy==1.2.3
venv/bin/python -W ignore - <<'PYTHON'
import sys

import idx2numpy
import json_tricks
import numpy as np
from flax import serialization
from webdataset import autodecode, tenbin, writer


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def through_npy(x):
    return autodecode.basichandlers("x.npy", writer.make_handlers()["npy"](x))


def through_to_bytes(x):
    return serialization.from_bytes({"W": np.zeros_like(x)}, serialization.to_bytes({"W": x}))["W"]


THROUGH = {
    "flax, msgpack_serialize": (lambda x: serialization.msgpack_restore(serialization.msgpack_serialize({"W": x}))["W"], False),
    "flax, to_bytes": (through_to_bytes, False),
    "webdataset, .ten": (lambda x: tenbin.decode_buffer(tenbin.encode_buffer([x]))[0], False),
    "webdataset, .npy": (through_npy, True),
    "json-tricks, compact": (lambda x: json_tricks.loads(json_tricks.dumps(x, properties={"ndarray_compact": True})), False),
    "json-tricks, text": (lambda x: json_tricks.loads(json_tricks.dumps(x)), True),
}

idx2numpy.convert_to_file("x.idx", np.array([[1, 0.5]], np.float32))
x = idx2numpy.convert_from_file("x.idx")
check("idx2numpy", (x.tolist(), x.dtype.str), ([[1, 0.5]], ">f4"))
for name, (through, is_right) in THROUGH.items():
    check(f"{name}, native", through(x.astype(np.float32)).tolist(), [[1, 0.5]])
    again = through(x)
    check(f"{name}, as read: {again.tolist()}, the same", np.array_equal(again, x), is_right)
    check(f"{name}, its bytes as they lie", np.array_equal(again, x.view("<f4")), not is_right)
print("as described")
PYTHON
