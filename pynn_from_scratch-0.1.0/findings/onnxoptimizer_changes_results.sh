#!/usr/bin/env bash
# onnxoptimizer 0.4.2, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6
# Guess: the default passes leave what a model computes as it is.
# Seen:  a zero Pad before MaxPool is fused into the pool's own padding, which is minus infinity: maxima of
#        negative inputs at the border change from 0 to negative. Two Reshapes in a row are fused to the
#        second, whose 0 ("as in my input") then means another size: a (6, 2) result becomes (3, 4).
# So:    run the optimized model beside the original on negative inputs before it replaces it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 onnxoptimizer==0.4.2
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def model_of(nodes, constants, shape, result_shape):
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, result_shape)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, x):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])
nodes = [
    helper.make_node("Pad", ["x", "pads"], ["padded"]),
    helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[2, 2]),
]
pool = model_of(nodes, {"pads": pads}, [1, 1, 2, 2], [1, 1, 3, 3])
x = np.array([[[[-1, -2], [-3, -4]]]], np.float32)
check("Pad, MaxPool", run(pool, x).tolist(), [[[[0.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 0.0]]]])
optimized = onnxoptimizer.optimize(pool)
check("optimized", run(optimized, x).tolist(), [[[[-1.0, -1.0, -2.0], [-1.0, -1.0, -2.0], [-3.0, -3.0, -4.0]]]])

nodes = [helper.make_node("Reshape", ["x", "first"], ["z"]), helper.make_node("Reshape", ["z", "second"], ["y"])]
reshape = model_of(nodes, {"first": np.array([6, 2]), "second": np.array([0, -1])}, [3, 4], [6, 2])
x = np.zeros((3, 4), np.float32)
check("Reshape, Reshape", run(reshape, x).shape, (6, 2))
check("optimized", run(onnxoptimizer.optimize(reshape), x).shape, (3, 4))
print("as described")
PYTHON
