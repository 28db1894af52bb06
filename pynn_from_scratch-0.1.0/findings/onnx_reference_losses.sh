#!/usr/bin/env bash
# onnx 1.23.2 (reference evaluator), onnxruntime 1.32.0, numpy 2.4.6
# Guess: the reference evaluator is the yardstick: it computes LogSoftmax and the cross-entropy stably.
# Seen:  LogSoftmax of [0, 200] is [-inf, 0] (log of a softmax that underflowed), so SoftmaxCrossEntropyLoss
#        of a hopeless sample is inf where onnxruntime says 200; LpNormalization with p=1 divides by the sum
#        instead of the sum of absolute values, so [1, -3] becomes [-0.5, 1.5].
# So:    a parity test against the reference needs logits of moderate size, and no LpNormalization.
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
from onnx.reference import ReferenceEvaluator


def both(operator, inputs, shape, **options):
    node = helper.make_node(operator, list(inputs), ["y"], **options)
    values = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in inputs.items()
    ]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    graph = helper.make_graph([node], "loss", values, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    reference = ReferenceEvaluator(model).run(None, inputs)[0]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(reference).tolist(), session.run(None, inputs)[0].tolist()


x = np.array([[0, 200]], np.float32)
infinity = float("inf")
check("LogSoftmax", both("LogSoftmax", {"x": x}, [1, 2]), ([[-infinity, 0.0]], [[-200.0, 0.0]]))
inputs = {"x": x, "t": np.array([0])}
check("SoftmaxCrossEntropyLoss", both("SoftmaxCrossEntropyLoss", inputs, []), (infinity, 200.0))
inputs = {"x": np.array([[1, -3]], np.float32)}
check("LpNormalization", both("LpNormalization", inputs, [1, 2], p=1), ([[-0.5, 1.5]], [[0.25, -0.75]]))
print("as described")
PYTHON
