#!/usr/bin/env bash
# opencv 5.0.0, onnx 1.23.2, numpy 2.4.6
# Guess: what OpenCV's dnn reads of an ONNX model, it computes as ONNX's reference does; a mean over images, rows and columns is such a mean.
# Seen:  ReduceMean, ReduceSum and ReduceMax over the axes 0, 2 and 3 take wrong elements as soon as there are more than two images and more
#        than one channel: 0 to 26 in 3 images of 3 channels of 3 pixels have means of 10, 13 and 16; OpenCV says 7, 10 and 13. Softplus and
#        ReduceLogSumExp are infinite from 89 on, OneHot counts the label 3 of 3 as 0 and -4 as 2. No error.
# So:    BatchNormalization is exported with its statistics and needs no such mean; compare other networks with onnxruntime first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 opencv-python-headless==5.0.0.93
venv/bin/python -W ignore - <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnx.reference
from onnx import helper, numpy_helper

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def check(what, seen, described):
    seen = [round(float(value), 4) for value in np.ravel(seen)]
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def model(node, x, y_shape, constants):
    x, y = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape), helper.make_tensor_value_info("y", 1, y_shape)
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph([node], "net", [x], [y], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def both(what, operator, x, described, constants=(), **attributes):
    """What the reference and OpenCV make of x."""
    constants = {f"c{place}": np.array(value) for place, value in enumerate(constants)}
    node = helper.make_node(operator, ["x", *constants], ["y"], **attributes)
    y = onnx.reference.ReferenceEvaluator(model(node, x, None, constants)).run(None, {"x": x})[0]
    check(f"{what}, reference", y, described[0])
    onnx.save(model(node, x, y.shape, constants), "net.onnx")
    onnx.checker.check_model("net.onnx", full_check=True)
    net = cv2.dnn.readNetFromONNX("net.onnx")
    net.setInput(x, "x")
    check(f"{what}, opencv", net.forward(), described[1])


def images(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


over = {"axes": [0, 2, 3], "keepdims": 1}
both("mean over 0, 2, 3 of 3 x 3 x 3 x 1", "ReduceMean", images(3, 3, 3, 1), ([10, 13, 16], [7, 10, 13]), **over)
both("maximum over 0, 2, 3 of 3 x 3 x 3 x 1", "ReduceMax", images(3, 3, 3, 1), ([20, 23, 26], [11, 14, 17]), **over)
both("mean over 0, 2, 3 of 2 x 3 x 2 x 2", "ReduceMean", images(2, 3, 2, 2), ([7.5, 11.5, 15.5], [7.5, 11.5, 15.5]), **over)
both("mean over 2, 3 of 3 x 1 x 2 x 2", "ReduceMean", images(3, 1, 2, 2), ([1.5, 5.5, 9.5], [1.5, 5.5, 9.5]), axes=[2, 3], keepdims=1)
inf = float("inf")
both("Softplus of 88, 89 and 100", "Softplus", np.array([[88, 89, 100]], np.float32), ([88, 89, 100], [88, inf, inf]))
both("ReduceLogSumExp of 1000 and 0", "ReduceLogSumExp", np.array([[1000, 0]], np.float32), ([1000], [inf]), axes=[1], keepdims=1)
both("OneHot of 1, 3 and -4 among three", "OneHot", np.array([1, 3, -4]), ([0, 1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 0, 0, 0, 1]),
     [3, np.array([0, 1], np.float32)])
print("as described")
PYTHON
