#!/usr/bin/env bash
# onnx2torch 1.5.15, torch 2.13.0, onnx 1.23.2 (reference evaluator), numpy 2.4.6
# Guess: what onnx2torch converts, it computes as ONNX's reference does; what it has not, it refuses by name, as it does for most operators.
# Seen:  CumSum sums from the end unless reverse=0 is written out, which is the default; NonZero gives a row for each place instead of one for
#        each axis; IsInf of positive infinities alone finds the negative too; Resize takes other pixels: [1, 2, 3, 4] made
#        0.6 times as long is [1, 2] instead of [1, 3], and nearest_mode is not looked at.
# So:    compare a converted network with onnxruntime on a few samples. The layers that pynn exports come out right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 torch==2.13.0 pillow
venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps onnx2torch==1.5.15
venv/bin/python -W ignore - <<'PYTHON'
import sys
from unittest import mock

# torchvision, which two operators not used here need
sys.modules["torchvision"] = sys.modules["torchvision.ops"] = mock.MagicMock()

import numpy as np
import onnx2torch
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def both(operator, x, *others, y_type=1, **attributes):
    """By onnx2torch, and by the reference."""
    arrays = [numpy_helper.from_array(array, f"c{i}") for i, array in enumerate(others)]
    names = ["x"] + [array.name if array.dims != [0] else "" for array in arrays]
    x_info = helper.make_tensor_value_info("x", 1, x.shape)
    y_info = helper.make_tensor_value_info("y", y_type, None)
    graph = helper.make_graph([helper.make_node(operator, names, ["y"], **attributes)], "g", [x_info], [y_info], arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    with torch.no_grad():
        converted = onnx2torch.convert(model).eval()(torch.from_numpy(x)).numpy()
    return converted.tolist(), ReferenceEvaluator(model).run(None, {"x": x})[0].tolist()


x = np.array([1, 2, 3, 4], np.float32)
axis = np.array(0)
check("CumSum", both("CumSum", x, axis), ([10, 9, 7, 4], [1, 3, 6, 10]))
check("CumSum, reverse=0", both("CumSum", x, axis, reverse=0), ([1, 3, 6, 10], [1, 3, 6, 10]))
check("NonZero", both("NonZero", np.array([[1, 0, 2], [0, 0, 3]], np.float32), y_type=7), ([[0, 0], [0, 2], [1, 2]], [[0, 0, 1], [0, 2, 2]]))
infinite = np.array([np.inf, 1, -np.inf], np.float32)
check("IsInf", both("IsInf", infinite, y_type=9, detect_negative=0), ([True, False, True], [True, False, False]))
row, nothing = x[None, None, None], np.array([], np.float32)
check("Resize to 0.6", both("Resize", row, nothing, np.array([1, 1, 1, 0.6], np.float32)), ([[[[1, 2]]]], [[[[1, 3]]]]))
double = np.array([1, 1, 1, 2], np.float32)
check("Resize, rounded up", both("Resize", row[..., :2], nothing, double, nearest_mode="ceil"), ([[[[1, 1, 2, 2]]]], [[[[1, 2, 2, 2]]]]))
print("as described")
PYTHON
