"""ONNX files as networks."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.exchange.builder import Builder
from pynn.exchange.library import library
from pynn.exchange.onnx_bounds import check_messages
from pynn.exchange.onnx_nodes import READERS, Node, fold
from pynn.exchange.onnx_tensors import Tensors
from pynn.io.arrays import Refused, read_whole, shown
from pynn.io.files import path_of
from pynn.layers import IdentityWithLoss, SoftmaxWithLoss

if TYPE_CHECKING:
    from pynn._typing import FilePath
    from pynn.networks import Sequential

CALLER = "load_onnx"
OLDEST_OPSET = 7            # operators before it broadcast and normalize by other rules
MOST_NODES = 10_000
LOSSES = {repr(new()): new for new in (SoftmaxWithLoss, IdentityWithLoss, partial(IdentityWithLoss, mean=True))}


def load_onnx(path: FilePath) -> Sequential:
    """Read a network from an ONNX file, of pynn or of another library.

    The graph must be a chain of operators that pynn's layers compute: Gemm and MatMul with Add, Conv, MaxPool, AveragePool,
    BatchNormalization, Relu, LeakyRelu, Sigmoid, Tanh, Flatten or the same as Reshape, Dropout, Pad with zeros, Identity, and a
    Softmax at the end, which ``predict`` leaves out as always: ``predict_proba`` has it.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Sequential
        In the dtype of the graph's input, float32 or float64. Its loss is that of the network that pynn wrote, else
        `SoftmaxWithLoss`.

    Raises
    ------
    ValueError
        If the file has anything that pynn's layers do not compute; the node is named. If it is damaged, or asks for more memory
        than it accounts for (docs/exchange.md has the limits).
    ImportError
        If onnx is not installed.
    OSError
        If the file cannot be read.
    """
    path = path_of(path, CALLER)
    onnx = library("onnx", CALLER, "onnx")
    return read_whole(path, partial(_network, onnx, os.path.dirname(os.path.abspath(path))), CALLER, "ONNX file")


def _network(onnx, folder, data):
    check_messages(data, onnx.ModelProto.DESCRIPTOR)
    model = onnx.load_model_from_string(data)
    graph, opset = model.graph, _opset(onnx, model)
    if len(graph.node) > MOST_NODES:
        raise Refused(f"its graph has {len(graph.node):,} nodes; at most {MOST_NODES:,} are read")
    tensors = Tensors(onnx, graph.initializer, folder, len(data))
    nodes = [Node(onnx, proto, tensors, opset) for proto in graph.node]
    nodes = [node for node in nodes if not fold(node)]
    x, y = _ends(graph, tensors)
    builder = _builder(onnx, x)
    for node in _chain(nodes, x.name, y.name):
        builder.where = node.where
        READERS[node.operator](builder, node)
        node.check_all_read(builder)
    facts = {fact.key: fact.value for fact in model.metadata_props}
    return builder.network(LOSSES.get(facts.get("pynn.loss"), SoftmaxWithLoss)())


def _opset(onnx, model):
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    newest = onnx.defs.onnx_opset_version()
    if len(versions) != 1 or not OLDEST_OPSET <= versions[0] <= newest:
        raise Refused(f"it is written in opset {', '.join(map(str, versions)) or 'none'}; read are {OLDEST_OPSET} to {newest}")
    return versions[0]


def _ends(graph, tensors):
    """The input and the output: one of each, beside arrays that have a value."""
    inputs = [value for value in graph.input if value.name not in tensors]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise Refused(f"its graph has {len(inputs)} inputs and {len(graph.output)} outputs; a network has one of each")
    return inputs[0], graph.output[0]


def _builder(onnx, x):
    """For the dtype and the shape that the input says it has."""
    kind = x.type.tensor_type
    dtype = {onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.DOUBLE: np.float64}.get(kind.elem_type)
    if dtype is None:
        raise Refused(f"its input {shown(x.name)} is of {onnx.TensorProto.DataType.Name(kind.elem_type)}; it must be FLOAT or DOUBLE")
    if not kind.HasField("shape"):
        return Builder(dtype, None)
    sizes = [dim.dim_value if dim.dim_value > 0 else None for dim in kind.shape.dim]
    if not sizes:
        raise Refused(f"its input {shown(x.name)} is one number; it must be (N, ...)")
    return Builder(dtype, tuple(sizes[1:]), sizes[0])


def _chain(nodes, x, y):
    """The nodes from x to y, one behind the other; what stands elsewhere is refused."""
    readers = {}
    for node in nodes:
        for name in node.values:
            readers.setdefault(name, []).append(node)
    left = len(nodes)
    while x != y:
        node, *others = readers.pop(x, [None])
        if node is None or others:
            raise Refused(f"{shown(x)} goes to {'two nodes' if others else 'no node'}; pynn's networks are chains")
        if len(node.values) != 1:
            raise Refused(f"{node.where} joins {' and '.join(map(shown, node.values))}; pynn's networks are chains")
        if node.operator not in READERS:
            raise Refused(f"{node.where} is none that pynn's layers compute; read are {', '.join(sorted(READERS))}")
        yield node
        left -= 1
        x = node.outputs[0]
    if left:
        raise Refused(f"{left} of its nodes stand beside the way from input to output")
