#!/usr/bin/env bash
# openvino 2026.4.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6
# Guess: OpenVINO computes an ONNX model of int64 in int64, sums int32 exactly as long as the sum fits, and wraps uint8, as onnxruntime does;
#        at least a result of type int64 holds what int64 can hold.
# Seen:  on the CPU int64 goes through int32 without a word, and comes back as int64: 3,000,000,000 handed on unchanged is -1,294,967,296.
#        Sums, maxima and comparisons of int32 are taken in float32: 16,777,217 equals 16,777,216. uint8 saturates. A cast makes infinity the
#        largest float32, and float64 is float32 within.
# So:    indices, counts and labels above 2^24 do not belong into a model; compare float64 exports with onnxruntime.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1
venv/bin/python -W ignore - <<'PYTHON'
import io
import sys

import numpy as np
import onnxruntime
import openvino
from onnx import helper

CORE = openvino.Core()


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def both(what, operator, inputs, result, right, seen, **attributes):
    """What onnxruntime and OpenVINO make of one operator."""
    inputs = dict(zip("ab", inputs))
    kinds = {name: helper.np_dtype_to_tensor_dtype(x.dtype) for name, x in inputs.items()}
    graph = helper.make_graph([helper.make_node(operator, list(inputs), ["y"], **attributes)], "net",
                              [helper.make_tensor_value_info(name, kinds[name], x.shape) for name, x in inputs.items()],
                              [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(result)), [None])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    check(f"{what}, onnxruntime", session.run(None, inputs)[0].tolist(), right)
    y = CORE.compile_model(CORE.read_model(io.BytesIO(model)), "CPU")(inputs)[0]
    check(f"{what}, openvino", (y.dtype.name, y.tolist()), (result, seen))


def array(dtype, *values):
    return np.array(values, dtype)


both("int64, 3e9 and 2**53 + 1 unchanged", "Identity", [array("int64", 3_000_000_000, 2**53 + 1)], "int64",
     [3_000_000_000, 2**53 + 1], [-1_294_967_296, 1])
both("int64, 3e9 + 3e9", "Add", [array("int64", 3_000_000_000)] * 2, "int64", [6_000_000_000], [1_705_032_704])
both("int64, 2**32 + 1 == 1", "Equal", [array("int64", 2**32 + 1), array("int64", 1)], "bool", [False], [True])
both("int32, 16777217 + 1 + 1 + 1", "ReduceSum", [array("int32", 16_777_217, 1, 1, 1)], "int32", [16_777_220], [16_777_216], keepdims=1)
both("int32, maximum of 16777217", "ReduceMax", [array("int32", 16_777_217, 1)], "int32", [16_777_217], [16_777_216], keepdims=1)
both("int32, 16777217 == 16777216", "Equal", [array("int32", 16_777_217), array("int32", 16_777_216)], "bool", [False], [True])
both("uint8, 200 + 200", "Add", [array("uint8", 200)] * 2, "uint8", [144], [255])
both("float64, 1e300 + 1e300", "Add", [array("float64", 1e300)] * 2, "float64", [2e300], [float(np.finfo(np.float32).max)])
both("infinity from float32 to float64", "Cast", [array("float32", np.inf)], "float64", [np.inf], [float(np.finfo(np.float32).max)], to=11)
print("as described")
PYTHON
