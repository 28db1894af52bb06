#!/usr/bin/env bash
# openvino 2026.4.1, tract 0.23.9, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6
# Guess: a NaN in the scores or the weights of an exported network comes out as NaN, as it does in PyTorch and in NumPy's formulas.
# Seen:  Relu makes it 0 in OpenVINO and tract, Clip too; Exp makes it infinite in OpenVINO. MaxPool lets it through in onnxruntime only where
#        it is the last of its window, and else drops it, as ONNX's reference and the others do. OpenVINO's Softplus is below 0 at -20.
# So:    look for NaN in a network before it is exported: `export_onnx` cannot leave that to whoever runs the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 tract==0.23.9 openvino==2026.4.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnx.reference
import onnxruntime
import openvino
import tract
from onnx import helper, numpy_helper

nan = float("nan")


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


READERS = {
    "reference": lambda x: onnx.reference.ReferenceEvaluator("net.onnx").run(None, {"x": x})[0],
    "onnxruntime": lambda x: onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
    "openvino": lambda x: openvino.compile_model("net.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([x])[0],
    "tract": lambda x: tract.onnx().load("net.onnx").into_model().into_runnable().run([x])[0].to_numpy(),
}


def compare(what, operator, x, y_shape, described, constants=(), **attributes):
    x = np.array(x, np.float32)
    constants = {f"c{place}": np.float32(value) for place, value in enumerate(constants)}
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node(operator, ["x", *constants], ["y"], **attributes)], "net", [tensor("x", 1, x.shape)],
                              [tensor("y", 1, y_shape)], [numpy_helper.from_array(value, name) for name, value in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "net.onnx")
    for name, expected in zip(READERS, described):
        check(f"{what}, {name}", round(float(np.asarray(READERS[name](x)).ravel()[0]), 6), expected)


compare("Relu of NaN", "Relu", [[nan]], (1, 1), (nan, nan, 0.0, 0.0))
compare("Clip of NaN to 0 and 1", "Clip", [[nan]], (1, 1), (nan, nan, 0.0, 0.0), [0, 1])
compare("Exp of NaN", "Exp", [[nan]], (1, 1), (nan, nan, float("inf"), nan))
compare("MaxPool of NaN, 1, 2, 3", "MaxPool", [[[[nan, 1], [2, 3]]]], (1, 1, 1, 1), (3.0, 3.0, 3.0, 3.0), kernel_shape=[2, 2])
compare("MaxPool of 0, 1, 2, NaN", "MaxPool", [[[[0, 1], [2, nan]]]], (1, 1, 1, 1), (2.0, nan, 2.0, 2.0), kernel_shape=[2, 2])
compare("Softplus of -20", "Softplus", [[-20]], (1, 1), (0.0, 0.0, -2e-06, 0.0))
print("as described")
PYTHON
