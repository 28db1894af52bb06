#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, tract 0.23.9, openvino 2026.4.1, opencv 5.0.0, numpy 2.4.6
# Guess: every reader computes the Softmax of the opset that a model names. Before 13 its axis, 1 if none is named, says from where on the
#        axes are taken together; from 13 on it is the one axis that sums to 1, by default the last.
# Seen:  in a model of opset 11 on x of shape (2, 2, 2) onnxruntime and tract sum four numbers to 1. ONNX's own reference, OpenVINO and OpenCV
#        take the axis by the new meaning and sum two, and where none is named the reference takes the last and the others the middle one.
#        No error. OpenVINO flattens Hardmax as it should.
# So:    `import_onnx` reads such a Softmax only where both meanings agree; take no expected values for old models from the reference.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 tract==0.23.9 \
    openvino==2026.4.1 opencv-python-headless==5.0.0.93
venv/bin/python -W ignore - <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnx.reference
import onnxruntime
import openvino
import tract
from onnx import helper

X = np.arange(8, dtype=np.float32).reshape(2, 2, 2)


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def save(operator, opset, **axis):
    x, y = (helper.make_tensor_value_info(name, 1, X.shape) for name in "xy")
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"], **axis)], "net", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "net.onnx")


def in_opencv():
    net = cv2.dnn.readNetFromONNX("net.onnx")
    net.setInput(X)
    return net.forward()


READERS = {
    "onnxruntime": lambda: onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": X})[0],
    "tract": lambda: tract.onnx().load("net.onnx").into_model().into_runnable().run([X])[0].to_numpy(),
    "reference": lambda: onnx.reference.ReferenceEvaluator("net.onnx").run(None, {"x": X})[0],
    "openvino": lambda: openvino.compile_model("net.onnx", "CPU")([X])[0],
    "opencv": in_opencv,
}


def ones(y):
    """Along which axes y, of shape (2, 2, 2), sums to 1."""
    axes = {"all but the first": (1, 2), "the middle": 1, "the last": 2}
    return [name for name, along in axes.items() if np.allclose(y.sum(along), 1)][0]


ALL, MIDDLE, LAST = "all but the first", "the middle", "the last"
for opset, axis, described in ((11, {"axis": 1}, (ALL, ALL, MIDDLE, MIDDLE, MIDDLE)), (11, {}, (ALL, ALL, LAST, MIDDLE, MIDDLE)),
                               (13, {"axis": 1}, (MIDDLE,) * 5), (13, {}, (LAST,) * 5)):
    save("Softmax", opset, **axis)
    for name, expected in zip(READERS, described):
        check(f"Softmax of opset {opset}, {axis or 'no axis'}, {name} sums to 1 over", ones(np.asarray(READERS[name]())), expected)

save("Hardmax", 11, axis=1)
check("Hardmax of opset 11, openvino sums to 1 over", ones(READERS["openvino"]()), ALL)
print("as described")
PYTHON
