#!/usr/bin/env bash
# onnxconverter-common 1.16.0, onnx 1.23.2, numpy 2.4.6
# Guess: convert_float_to_float16 rounds each weight to the nearest float16.
# Seen:  weights above 10000 become 10000, though float16 reaches 65504, and every weight below 1e-7 becomes
#        1e-7 with its sign, though float16 has 0 for it; only warnings say so.
# So:    pass max_finite_val=65504 and min_positive_val=6e-8, and compare the weights with
#        x.astype(np.float16).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxconverter-common==1.16.0
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import warnings

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16

warnings.simplefilter("ignore")
w = np.array([20000, -60000, 1e-9, -1e-9, 0], np.float32)
graph = helper.make_graph(
    [helper.make_node("Mul", ["x", "w"], ["y"])],
    "scale",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5])],
    [numpy_helper.from_array(w, "w")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
converted = float16.convert_float_to_float16(model)
weights = numpy_helper.to_array(converted.graph.initializer[0])
check("dtype", str(weights.dtype), "float16")
check("converted", weights.tolist(), [10000.0, -10000.0, 1.1920928955078125e-07, -1.1920928955078125e-07, 0.0])
check("rounded by numpy", w.astype(np.float16).tolist(), [20000.0, -60000.0, 0.0, -0.0, 0.0])
print("as described")
PYTHON
