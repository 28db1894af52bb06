"""Which operators a layer becomes: `OPERATORS` is the table, a function a line.

Each function adds a layer, as a pass outside of training computes it, to a graph behind the value `x` and returns the name of its
output. What the operators mean: https://onnx.ai/onnx/operators
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import layers
from pynn.exchange import normalization

if TYPE_CHECKING:
    from collections.abc import Callable
    from pynn.exchange.onnx_graph import Graph
    from pynn.exchange.walk import Step


def affine(graph: Graph, step: Step, x: str) -> str:
    """``Gemm``: x W + b. Samples that are no rows become such before."""
    layer = step.layer
    if len(step.before) != 1:
        x = graph.node("Flatten", x, axis=1)
    weights = [graph.array("W", layer.W)]
    if layer.b is not None:
        weights.append(graph.array("b", layer.b))
    return graph.node("Gemm", x, *weights)


def convolution(graph: Graph, step: Step, x: str) -> str:
    """``Conv``, with the same filters and the same order of axes."""
    layer = step.layer
    weights = [graph.array("W", layer.W)]
    if layer.b is not None:
        weights.append(graph.array("b", np.broadcast_to(layer.b, len(layer.W))))
    return graph.node("Conv", x, *weights, kernel_shape=np.shape(layer.W)[2:], strides=[layer.stride] * 2, pads=[layer.pad] * 4)


def pooling(graph: Graph, step: Step, x: str) -> str:
    """``MaxPool`` behind ``Pad``: its own padding is minus infinity, the book's are zeros."""
    return _windows(graph, step.layer, x, "MaxPool")


def average_pooling(graph: Graph, step: Step, x: str) -> str:
    """``AveragePool`` behind ``Pad``, so that the zeros around an image count in every tool."""
    return _windows(graph, step.layer, x, "AveragePool")


def _windows(graph, layer, x, operator):
    if layer.pad:
        pads = np.array([0, 0, layer.pad, layer.pad] * 2)
        x = graph.node("Pad", x, graph.array("pads", pads, np.int64), graph.array("zero", 0))
    return graph.node(operator, x, kernel_shape=[layer.pool_h, layer.pool_w], strides=[layer.stride] * 2)


def batch_normalization(graph: Graph, step: Step, x: str) -> str:
    """``BatchNormalization`` of columns or channels; images whose every pixel is normalized for itself become rows for it."""
    gamma, beta, mean, var = normalization.arrays(step)
    var, epsilon = normalization.of_float32_epsilon(var)
    apart = normalization.per_position(step)
    if apart:
        x = graph.node("Flatten", x, axis=1)
    arrays = {"gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    x = graph.node("BatchNormalization", x, *(graph.array(name, value) for name, value in arrays.items()),
                   epsilon=epsilon, momentum=float(step.layer.momentum))
    return graph.node("Reshape", x, graph.array("shape", [-1, *step.before], np.int64)) if apart else x


def dropout(graph: Graph, step: Step, x: str) -> str:
    """``Dropout``, which does nothing in use, and ``Mul`` where the book scales then."""
    layer = step.layer
    x = graph.node("Dropout", x, graph.array("ratio", layer.dropout_ratio))
    return x if layer.inverted else graph.node("Mul", x, graph.array("share", 1.0 - layer.dropout_ratio))


def flatten(graph: Graph, step: Step, x: str) -> str:
    """``Flatten``."""
    return graph.node("Flatten", x, axis=1)


def leaky_relu(graph: Graph, step: Step, x: str) -> str:
    """``LeakyRelu``; its slope is a float32 in every file."""
    return graph.node("LeakyRelu", x, alpha=float(step.layer.slope))


def _of_one_node(operator):
    return lambda graph, step, x: graph.node(operator, x)


OPERATORS: dict[type, Callable[[Graph, Any, str], str]] = {
    layers.Affine: affine,
    layers.Convolution: convolution,
    layers.Pooling: pooling,
    layers.AveragePooling: average_pooling,
    layers.BatchNormalization: batch_normalization,
    layers.Dropout: dropout,
    layers.Flatten: flatten,
    layers.Relu: _of_one_node("Relu"),
    layers.LeakyRelu: leaky_relu,
    layers.Sigmoid: _of_one_node("Sigmoid"),
    layers.Tanh: _of_one_node("Tanh"),
}
