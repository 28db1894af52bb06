"""Networks as ONNX files."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._reading import float_dtype
from pynn.exchange.library import library
from pynn.exchange.onnx_graph import Graph
from pynn.exchange.onnx_operators import OPERATORS
from pynn.exchange.walk import in_layers, kind_of, steps
from pynn.io.arrays import name_fault, shown
from pynn.io.files import in_words, path_of, replacing

if TYPE_CHECKING:
    from pynn._typing import DTypeLike, FilePath, Shape

CALLER = "export_onnx"
LARGEST = 2 ** 31 - 1                       # bytes of a message of protobuf
NOT_IN_FLOAT64 = ("Conv", "AveragePool")    # of onnxruntime 1.32.0 on the CPU


def export_onnx(network: Any, path: FilePath, input_shape: Shape | None = None, *, softmax: bool = False,
                dtype: DTypeLike = np.float32) -> None:
    """Write a network as it predicts to an ONNX file, for onnxruntime, OpenVINO, OpenCV, a phone or a web page.

    The input is ``x``, (N, ...) with any N, the output ``y``, what ``predict(x)`` returns. Parameters keep the names of
    ``network.params``. The file appears whole or not at all.

    Parameters
    ----------
    network : Network or ThreeLayerNet
        Of pynn's layers; a layer of your own needs a method ``onnx_node(graph, x)``, see `pynn.exchange.onnx_graph.Graph`.
    path : str or path-like
    input_shape : tuple of int, optional
        The shape of one sample. Without it, that of the last input, or what the network tells.
    softmax : bool
        Put a softmax behind the scores, so that y are probabilities.
    dtype : float32 or float64
        What the file computes in. Few tools compute in float64, and none all of it: a warning says what is known.

    Raises
    ------
    TypeError
        If the network is none of pynn's, has a ``predict`` of its own, or a layer that cannot be written; it is named.
    ValueError
        If the shape does not pass the network, or the file would be 2 GB or larger.
    ImportError
        If onnx is not installed.
    OSError
        If the file cannot be written.

    Warns
    -----
    UserWarning
        If a parameter has NaN or infinity, or is too large for `dtype`; if `dtype` is float64.

    Notes
    -----
    Operators of opset 17, from the table `pynn.exchange.onnx_operators.OPERATORS`, checked by onnx before anything is written.
    docs/exchange.md has the table, and how tools differ.
    """
    path, dtype = path_of(path, CALLER), float_dtype(CALLER, dtype)
    library("onnx", CALLER, "onnx")
    name = type(network).__name__
    network, probabilities = in_layers(network, CALLER)
    graph, value, row = Graph(dtype), "x", _writable(network, input_shape)
    for step, write in row:
        graph.begin(step.name, step.names)
        value = write(graph, step, value)
    if softmax or probabilities:
        graph.begin("Softmax", {})
        value = graph.node("Softmax", value, axis=1)
    _warn(graph)
    first, last = row[0][0], row[-1][0]
    model = graph.model(first.before, value, last.after, f"{name} of pynn", {"pynn.loss": repr(network.last_layer)})
    if model.ByteSize() > LARGEST:
        raise ValueError(f"{CALLER}: {path} would have {model.ByteSize():,} bytes; an ONNX file has at most {LARGEST:,}")
    with in_words(CALLER, path, "write"), replacing(path) as file:
        file.write(model.SerializeToString())


def _writable(network, input_shape):
    """The steps of the network, each with the function that writes it; layers that have none are refused before any runs."""
    writers = {}
    for name, layer in network.layers.items():
        fault = name_fault(name)
        if fault:
            raise ValueError(f"{CALLER}: the name {shown(name)} of a layer {fault}")
        writers[name] = _writer(name, layer)
    row = [(step, writers[step.name]) for step in steps(network, input_shape, CALLER)]
    if not row:
        raise ValueError(f"{CALLER}: the network has no layers")
    return row


def _writer(name, layer):
    if callable(getattr(layer, "onnx_node", None)):
        return lambda graph, step, x: step.layer.onnx_node(graph, x)
    kind = kind_of(layer, OPERATORS)
    if kind is None:
        raise TypeError(f"{CALLER}: {shown(name)} is a {type(layer).__name__} whose forward is none of pynn's; give it a method "
                        "onnx_node(graph, x) that adds its operators and returns the name of its output (docs/exchange.md)")
    return OPERATORS[kind]


def _warn(graph):
    """Say of what was written what tools may compute wrongly, or not at all."""
    ill = [name for name, array in graph.arrays.items() if not np.isfinite(array).all()]
    if ill:
        warnings.warn(f"{CALLER}: {', '.join(ill)} {'has' if len(ill) == 1 else 'have'} NaN or infinity in {graph.dtype}; tools "
                      "do not agree on what comes out (pynn.diagnose looks for where it comes from)", UserWarning, stacklevel=3)
    if graph.dtype == np.float64:
        missing = sorted({node.op_type for node in graph.nodes} & set(NOT_IN_FLOAT64))
        there = f"onnxruntime 1.32.0 has no {', '.join(missing)} in float64 and will not load the file, " if missing else ""
        warnings.warn(f"{CALLER}: in float64, {there}OpenVINO 2026.4.1 computes in float32, and OpenCV 5.0.0 returns wrong numbers "
                      "without an error; dtype=np.float32 runs everywhere", UserWarning, stacklevel=3)
