#!/usr/bin/env bash
# onnx 1.23.2 (reference evaluator), onnxruntime 1.32.0, numpy 2.4.6
# Guess: with auto_pad SAME_* a pooling's output has ceil(input / stride) rows, in every tool, as the standard
#        says.
# Seen:  on 7x7 the reference's MaxPool with SAME_LOWER, kernel 3, stride 2 gives 3x3 (onnxruntime 4x4), its
#        AveragePool with dilation 2 and VALID gives 5x5 for 3x3, the rest zeros; and onnxruntime's pools with
#        SAME_UPPER and dilation 2 give 5x5 for 7x7 and only warn.
# So:    write explicit pads, never auto_pad; compare shapes before values when two tools disagree.
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
from onnx import TensorProto, ValueInfoProto, helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
x = np.arange(1, 50, dtype=np.float32).reshape(1, 1, 7, 7)


def both(operator, **options):
    node = helper.make_node(operator, ["x"], ["y"], **options)
    graph = helper.make_graph(
        [node], "pooling", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)], [ValueInfoProto(name="y")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    reference = ReferenceEvaluator(model).run(None, {"x": x})[0]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return reference, session.run(None, {"x": x})[0]


reference, runtime = both("MaxPool", auto_pad="SAME_LOWER", kernel_shape=[3, 3], strides=[2, 2])
check("MaxPool SAME_LOWER", (reference.shape[2:], runtime.shape[2:]), ((3, 3), (4, 4)))
reference, runtime = both("MaxPool", auto_pad="SAME_UPPER", kernel_shape=[3, 3], strides=[2, 2])
check("MaxPool SAME_UPPER", (reference.shape[2:], runtime.shape[2:]), ((4, 4), (4, 4)))
reference, runtime = both("MaxPool", auto_pad="SAME_UPPER", kernel_shape=[3, 3], dilations=[2, 2])
check("MaxPool SAME_UPPER, dilation 2", (reference.shape[2:], runtime.shape[2:]), ((7, 7), (5, 5)))
reference, runtime = both("AveragePool", auto_pad="VALID", kernel_shape=[3, 3], dilations=[2, 2])
check("AveragePool VALID, dilation 2", (reference.shape[2:], runtime.shape[2:]), ((5, 5), (3, 3)))
check("its first row", reference[0, 0, 0].tolist(), [17.0, 18.0, 19.0, 0.0, 0.0])
print("as described")
PYTHON
