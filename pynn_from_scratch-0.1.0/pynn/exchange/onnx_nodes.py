"""Which layers an operator becomes: `READERS` is the table, a function a line."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.io.arrays import Refused, shown
from pynn.layers import AveragePooling, Pooling

if TYPE_CHECKING:
    from collections.abc import Callable
    from pynn.exchange.builder import Builder


class Node:
    """A node: the values that go in and out, its constants, and its attributes, each of which must be read."""

    def __init__(self, onnx: Any, proto: Any, tensors: Any, opset: int) -> None:
        self.operator: str = proto.op_type if proto.domain in ("", "ai.onnx") else f"{proto.domain}.{proto.op_type}"
        self.where = f"node {shown(proto.name or ', '.join(proto.output))} ({self.operator})"
        self.inputs: list[str] = list(proto.input)
        self.outputs: list[str] = list(proto.output)
        self.opset = opset
        self._tensors = tensors
        self._attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in proto.attribute}
        if not self.outputs:
            raise Refused(f"{self.where} has no output")

    @property
    def values(self) -> list[str]:
        """The inputs that are no constants."""
        return [name for name in self.inputs if name and name not in self._tensors]

    def constant(self, index: int) -> Any:
        """The input at `index` as an array, None if it is left out."""
        name = self.inputs[index] if index < len(self.inputs) else ""
        if name and name not in self._tensors:
            raise Refused(f"{self.where} computes with {shown(name)} as its input {index}; a constant is due there")
        return self._tensors.array(name) if name else None

    def due(self, index: int) -> Any:
        """The same where it must not be left out."""
        array = self.constant(index)
        if array is None:
            raise Refused(f"{self.where} has no input {index}")
        return array

    def other(self) -> Any:
        """The constant of an operator that takes its inputs in any order."""
        return self.due(1 if self.inputs[0] in self.values else 0)

    def take(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self._attributes.pop(name, default)

    def expect(self, **attributes: Any) -> None:
        """Attributes that may only have these values, as they have when they are left out."""
        for name, due in attributes.items():
            if (found := self.take(name, due)) != due:
                raise Refused(f"{self.where} has {name} {shown(found)}; only {shown(due)} is read")

    def check_all_read(self, builder: Builder) -> None:
        """Refuse attributes that no reader knows."""
        if self._attributes:
            builder.refuse(f"has {', '.join(map(shown, self._attributes))}, which pynn does not know")

    def give(self, array: Any) -> None:
        """The output is a constant."""
        self._tensors.arrays[self.outputs[0]] = array

    def tensor(self, proto: Any) -> Any:
        """A tensor that stands in an attribute, as an array."""
        return self._tensors.value(proto)


# ---- constants ----

def fold(node: Node) -> bool:
    """Whether a node computes with constants alone; then its result is one."""
    if node.operator == "Constant":
        node.give(_constant(node))
    elif node.operator == "Identity" and not node.values:
        node.give(node.due(0))
    elif node.operator == "Transpose" and not node.values:
        node.give(node.due(0).transpose(node.take("perm")))
    else:
        return False
    return True


def _constant(node):
    for name, dtype in (("value_float", np.float32), ("value_floats", np.float32), ("value_int", np.int64), ("value_ints", np.int64)):
        if (value := node.take(name)) is not None:
            return np.array(value, dtype)
    value = node.take("value")
    if value is None:
        raise Refused(f"{node.where} has no number or array for its value")
    return node.tensor(value)


def number(value: Any) -> float:
    """A float32 as the decimal that was meant: 0.01, not 0.009999999776."""
    return float(str(np.float32(np.asarray(value).reshape(()))))


# ---- operators ----

def gemm(builder: Builder, node: Node) -> None:
    node.expect(transA=0)
    W, b = node.due(1), node.constant(2)
    W = W.T if node.take("transB", 0) else W
    alpha, beta = node.take("alpha", 1.0), node.take("beta", 1.0)
    builder.affine(W if alpha == 1 else W * W.dtype.type(alpha), b if b is None or beta == 1 else b * b.dtype.type(beta))


def matmul(builder: Builder, node: Node) -> None:
    builder.affine(node.due(1), None)


def add(builder: Builder, node: Node) -> None:
    builder.bias(node.other())


def mul(builder: Builder, node: Node) -> None:
    share = node.other()
    if np.size(share) != 1:
        builder.refuse(f"multiplies by an array of shape {np.shape(share)}")
    builder.scale(number(share))


def conv(builder: Builder, node: Node) -> None:
    W = node.due(1)
    if np.ndim(W) != 4:
        builder.refuse(f"has filters of shape {np.shape(W)}; they must be (filters, channels, height, width)")
    size = list(W.shape[2:])
    node.expect(group=1, dilations=[1, 1], kernel_shape=size)
    strides = node.take("strides", [1, 1])
    builder.convolution(W, node.constant(2), strides, _pads(builder, node, size, strides))


def max_pool(builder: Builder, node: Node) -> None:
    node.expect(dilations=[1, 1], storage_order=0)
    _pool(builder, node, Pooling)


def average_pool(builder: Builder, node: Node) -> None:
    node.expect(dilations=[1, 1])
    _pool(builder, node, AveragePooling, zeros=bool(node.take("count_include_pad", 0)))


def _pool(builder, node, kind, zeros=False):
    size, strides = node.take("kernel_shape", []), node.take("strides", [1, 1])
    if len(size) != 2:
        builder.refuse(f"has windows of shape {size}; they must be (height, width)")
    builder.pooling(kind, size, strides, _pads(builder, node, size, strides), bool(node.take("ceil_mode", 0)), zeros)


def _pads(builder, node, size, strides):
    """The padding on all sides. SAME is a number only where it is the same whatever comes."""
    auto = node.take("auto_pad", b"NOTSET").decode()
    pads = node.take("pads", [0, 0, 0, 0])
    if auto in ("NOTSET", "VALID"):
        return pads if auto == "NOTSET" else [0, 0, 0, 0]
    if strides != [1, 1] or size[0] != size[1] or size[0] % 2 == 0:
        builder.refuse(f"has auto_pad {auto} with windows of {size} and strides {strides}; have it written with pads")
    return [size[0] // 2] * 4


def pad(builder: Builder, node: Node) -> None:
    if node.opset < 11:
        builder.refuse("is of an opset before 11")
    node.expect(mode=b"constant")
    value, axes, pads = node.constant(2), node.constant(3), node.due(1)
    if axes is not None or value is not None and np.any(value):
        builder.refuse("pads with something else than zeros, or by axes")
    pads = pads.tolist()
    if len(pads) != 8 or any(pads[:2] + pads[4:6]):
        builder.refuse(f"has pads {pads}; images are padded in their height and width")
    builder.pad(pads[2:4] + pads[6:])


def batch_normalization(builder: Builder, node: Node) -> None:
    node.expect(training_mode=0, spatial=1)
    gamma, beta, mean, var = (node.due(index) for index in range(1, 5))
    epsilon, momentum = node.take("epsilon", 1e-5), number(node.take("momentum", 0.9))
    builder.batch_normalization(gamma, beta, mean, var, epsilon, momentum)


def dropout(builder: Builder, node: Node) -> None:
    ratio = node.take("ratio", 0.5) if node.opset < 12 else node.constant(1)
    training = node.constant(2)
    node.take("seed")
    if training is not None and np.any(training):
        builder.refuse("drops in use (training_mode)")
    builder.dropout(0.5 if ratio is None else number(ratio))


def flatten(builder: Builder, node: Node) -> None:
    node.expect(axis=1)
    builder.flatten()


def reshape(builder: Builder, node: Node) -> None:
    shape: list[int] = node.due(1).tolist()
    known: Any = builder.shape
    batch, *sample = shape
    if node.take("allowzero", 0) and 0 in shape:
        builder.refuse(f"makes the shape {shape}, of no elements")
    if batch not in (-1, 0, builder.batch):
        builder.refuse(f"makes the shape {shape}, which is not (N, ...)")
    if len(sample) != 1:
        builder.unflatten(tuple(sample))
    elif sample[0] == -1 != batch or known is not None and None not in known and sample[0] == prod(known):
        builder.flatten()
    else:
        builder.refuse(f"makes the shape {shape} of samples {known}; only those that become rows are read")


def leaky_relu(builder: Builder, node: Node) -> None:
    builder.leaky_relu(number(node.take("alpha", 0.01)))


def softmax(builder: Builder, node: Node) -> None:
    builder.softmax_at_the_end(node.take("axis", -1 if node.opset >= 13 else 1))


READERS: dict[str, Callable[[Any, Any], None]] = {
    "Gemm": gemm,
    "MatMul": matmul,
    "Add": add,
    "Mul": mul,
    "Conv": conv,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "Pad": pad,
    "BatchNormalization": batch_normalization,
    "Dropout": dropout,
    "Flatten": flatten,
    "Reshape": reshape,
    "Relu": lambda builder, node: builder.relu(),
    "LeakyRelu": leaky_relu,
    "Sigmoid": lambda builder, node: builder.sigmoid(),
    "Tanh": lambda builder, node: builder.tanh(),
    "Softmax": softmax,
    "Identity": lambda builder, node: None,
}
