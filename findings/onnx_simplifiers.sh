#!/usr/bin/env bash
# onnxslim 0.1.98, onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0
# Guess: what makes a graph shorter leaves its results as they were, but for rounding.
# Seen:  onnxslim takes a factor along the width behind a convolution for one along the channels where both have the same length; of the mask
#        of a Dropout it makes the input. Both let two draws of random numbers be one, so that their difference is 0. onnxsim multiplies
#        constants first: 1e-20 times 1e20 times 1e20 times 1e-20 becomes infinite. onnxruntime's own optimizer changes none of these.
# So:    `export_onnx` writes the graph that is meant, and needs no tool behind it; parity is tested on the file that is handed out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 onnxslim==0.1.98 onnxsim==0.8.1
venv/bin/python -W ignore - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import helper, numpy_helper


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def model(x, shape, nodes, **constants):
    """From x to y, which has this shape."""
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "net", [tensor("x", 1, x.shape)], [tensor("y", 1, shape)],
                              [numpy_helper.from_array(np.float32(value), name) for name, value in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run(net, x):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(net.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [round(float(value), 3) for value in session.run(None, {"x": x})[0].ravel()]


def compare(what, x, net, slim, simplified):
    described = run(net, x), slim, simplified
    seen = run(net, x), run(onnxslim.slim(net), x), run(onnxsim.simplify(net)[0], x)
    print(f"{what}: {seen[0]}")
    check("    onnxslim", seen[1], described[1])
    check("    onnxsim", seen[2], described[2])


node = helper.make_node
image = np.ones((1, 2, 1, 2), np.float32)
compare("two channels, then times 1 and 10 along the width", image, model(
    image, image.shape, [node("Conv", ["x", "w"], ["a"]), node("Mul", ["a", "k"], ["y"])], w=np.eye(2).reshape(2, 2, 1, 1), k=[1, 10]),
    [1.0, 1.0, 10.0, 10.0], [1.0, 10.0, 1.0, 10.0])

x = np.array([2.0, 3.0], np.float32)
compare("the mask of a dropout", x, model(
    x, x.shape, [node("Dropout", ["x"], ["a", "mask"]), node("Cast", ["mask"], ["y"], to=1)]), [2.0, 3.0], [1.0, 1.0])
compare("whether two draws differ", x, model(
    x, x.shape, [node("RandomUniformLike", ["x"], ["a"]), node("RandomUniformLike", ["x"], ["b"]), node("Sub", ["a", "b"], ["d"]),
                 node("Sign", ["d"], ["s"]), node("Abs", ["s"], ["y"])]), [0.0, 0.0], [0.0, 0.0])

x = np.array([1e-20], np.float32)
compare("1e-20 times 1e20 times 1e20 times 1e-20", x, model(
    x, x.shape, [node("Mul", ["x", "k"], ["a"]), node("Mul", ["a", "k"], ["b"]), node("Mul", ["b", "l"], ["y"])], k=[1e20], l=[1e-20]),
    [1.0], [float("inf")])
print("as described")
PYTHON
