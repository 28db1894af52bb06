#!/usr/bin/env bash
# onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6
# Guess: Unique lists NaN as a value of its own (once, or once for each), as NumPy does.
# Seen:  NaN is not in the list of values, and the inverse indices and counts put every NaN with another
#        value: rebuilding the input from values[inverse] turns NaN into 1.0.
# So:    replace NaN before Unique runs in a graph; do the preprocessing of data outside the model.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
import onnxruntime
from onnx import TensorProto, helper

node = helper.make_node("Unique", ["x"], ["values", "first", "inverse", "counts"])
outputs = [helper.make_tensor_value_info("values", TensorProto.FLOAT, [None])]
outputs += [helper.make_tensor_value_info(name, TensorProto.INT64, [None]) for name in ("first", "inverse", "counts")]
graph = helper.make_graph([node], "unique", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5])], outputs)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

nan = float("nan")
x = np.array([2, 1, 2, nan, nan], np.float32)
values, first, inverse, counts = session.run(None, {"x": x})
check("values", values.tolist(), [1.0, 2.0])
check("counts", counts.tolist(), [3, 2])
check("rebuilt", values[inverse].tolist(), [2.0, 1.0, 2.0, 1.0, 1.0])
values, counts = np.unique(x, return_counts=True)
check("numpy", (values.tolist(), counts.tolist()), ([1.0, 2.0, nan], [1, 2, 2]))
print("as described")
PYTHON
