"""An ONNX graph as it grows, node by node."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.exchange.library import library

if TYPE_CHECKING:
    from pynn._typing import ArrayLike, Shape

OPSET, IR = 17, 8       # of 2022: old enough for every tool, and none of the operators has changed its meaning since 14


class Graph:
    """What layers write themselves into. Values are names: of the input ``x``, of arrays, of what nodes put out.

    A layer of one's own is exported if it has a method ``onnx_node(graph, x)`` that returns the name of its output:

    >>> class Scale:
    ...     def onnx_node(self, graph, x):
    ...         return graph.node("Mul", x, graph.array("gamma", self.gamma))
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.arrays: dict[str, Any] = {}
        self.begin("", {})

    def begin(self, layer: str, names: dict[str, str]) -> None:
        """The nodes from here on belong to a layer; `names` is what the network calls its arrays."""
        self.layer, self.names, self.written = layer, names, Counter[str]()

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the name of that."""
        self.written[operator] += 1
        number = self.written[operator]
        name = f"{self.layer}/{operator}{number if number > 1 else ''}"
        self.nodes.append(library("onnx.helper", "export_onnx", "onnx").make_node(operator, inputs, [name], name, **attributes))
        return name

    def array(self, attribute: str, value: ArrayLike, dtype: Any = None) -> str:
        """Add an array, in the dtype of the graph if no other is given, and return its name: that of the parameter if it is one."""
        name = self.names.get(attribute, f"{self.layer}/{attribute}")
        # ONNX has neither strides nor other byte orders: what is transposed or big-endian is laid out afresh
        self.arrays[name] = np.asarray(value).astype(np.dtype(dtype or self.dtype).newbyteorder("="), order="C")
        return name

    def model(self, x: Shape, out: str, y: Shape, doc: str, facts: dict[str, str]) -> Any:
        """The whole as a model, checked: from ``x`` to the value `out`, which becomes ``y``; shapes are of one sample."""
        onnx = library("onnx", "export_onnx", "onnx")
        from pynn._version import __version__
        self.nodes.append(onnx.helper.make_node("Identity", [out], ["y"]))
        kind = onnx.helper.np_dtype_to_tensor_dtype(self.dtype)
        ends = [onnx.helper.make_tensor_value_info(name, kind, ["N", *shape]) for name, shape in (("x", x), ("y", y))]
        arrays = [onnx.numpy_helper.from_array(value, name) for name, value in self.arrays.items()]
        graph = onnx.helper.make_graph(self.nodes, doc, ends[:1], ends[1:], arrays)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR,
                                       producer_name="pynn", producer_version=__version__)
        onnx.helper.set_model_props(model, facts)
        onnx.checker.check_model(model, full_check=True)
        return model
