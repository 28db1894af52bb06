#!/usr/bin/env bash
# onnxruntime 1.32.0, openvino 2026.4.1, tract 0.23.9, opencv 5.0.0, idx2numpy 1.2.3, onnx 1.23.2, numpy 2.4.6
# Guess: a network in a runtime gives the same for an array in the byte order of IDX files as for the same numbers in the processor's own, or
#        refuses it as NumPy's neighbours do (PyTorch, onnx.numpy_helper): its dtype says the order.
# Seen:  idx2numpy returns the floats of an IDX file as ">f4". onnxruntime, tract and OpenCV take the bytes as they lie: 1.0 is 4.6e-41, and
#        all scores are 0. No error. OpenVINO turns them for a request, but not in a Tensor made of them.
# So:    x.astype(x.dtype.newbyteorder("=")) behind any reader of IDX; pynn's own gives native arrays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 \
    tract==0.23.9 opencv-python-headless==5.0.0.93 idx2numpy==1.2.3
venv/bin/python -W ignore - <<'PYTHON'
import sys

import cv2
import idx2numpy
import numpy as np
import onnx
import onnxruntime
import openvino
import tract
from onnx import helper


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


x, y = (helper.make_tensor_value_info(name, 1, (1, 2)) for name in "xy")
graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "twice", [x], [y])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "twice.onnx")
session = onnxruntime.InferenceSession("twice.onnx", providers=["CPUExecutionProvider"])
compiled = openvino.compile_model("twice.onnx", "CPU")
runnable = tract.onnx().load("twice.onnx").into_model().into_runnable()
TWICE = {
    "onnxruntime": lambda x: session.run(None, {"x": x})[0],
    "onnxruntime, OrtValue": lambda x: 2 * onnxruntime.OrtValue.ortvalue_from_numpy(x).numpy(),
    "tract": lambda x: runnable.run([x])[0].to_numpy(),
    "opencv": lambda x: cv2.add(x, x),
    "openvino, Tensor": lambda x: compiled([openvino.Tensor(x)])[0],
    "openvino": lambda x: compiled([x])[0],
}

idx2numpy.convert_to_file("x.idx", np.array([[1, 0.5]], np.float32))
x = idx2numpy.convert_from_file("x.idx")
check("idx2numpy", (x.tolist(), x.dtype.str), ([[1, 0.5]], ">f4"))
turned = 2 * x.view(np.float32).astype(np.float64)
for name, twice in TWICE.items():
    check(f"{name}, native", twice(x.astype(np.float32)).tolist(), [[2.0, 1.0]])
    seen = twice(x).tolist()
    check(f"{name}, as read: {seen}, its bytes as they lie", np.allclose(seen, turned, rtol=1e-6, atol=0) or seen == [[0.0, 0.0]], name != "openvino")
print("as described")
PYTHON
