"""Numbers that remember how they were computed, for pictures of chapter 5."""

import copy
from functools import partial

import numpy as np

import pynn.plot.computational_graph.operations as operations

_SIGNS = {"AddLayer": "+", "MulLayer": "×"}


class Node:
    """A value of a computational graph (section 5.1): compute with it, then draw it with `pynn.plot.graph`.

    Nodes take ``+ - * / ** @`` with each other, numbers and arrays, and the functions of `numpy` named `exp`, `log`, `sqrt`,
    `square`, `maximum`, `sum`, `max` and `dot`, so that functions of the book such as ``1 / (1 + np.exp(-x))`` take a Node as it
    is. Every operation is a node of the picture.

    Parameters
    ----------
    value : number or array_like
    name : str, optional
        What the picture calls it.

    Attributes
    ----------
    value : number or ndarray
    grad : number or ndarray
        The derivative of what was drawn, or of what `backward` was called on, with respect to this node. A node that is used
        twice has the sum of both.
    operation : str
        How it was computed: "+", "×", "exp", ...; "" of one that was given.
    inputs : tuple of Node
        What it was computed from.
    input_grads : tuple
        What `backward` sent to each of them along this edge.

    Examples
    --------
    >>> apple, number, tax = Node(100, "apple"), Node(2, "number"), Node(1.1, "tax")
    >>> price = (apple * number) * tax
    >>> price.backward()
    >>> apple.grad
    2.2
    """

    def __init__(self, value, name=None):
        if isinstance(value, Node):
            raise TypeError("Node: the value is a Node; it must be a number or an array (section 5.1)")
        if not isinstance(value, (int, float)):
            value = np.asarray(value)
            if value.dtype.kind not in "biuf":
                raise TypeError(f"Node: the value has dtype {value.dtype}; it must be a number or an array of numbers")
            value = value if value.ndim else value.item()
        self.value = value
        self.name = name
        self.grad = None
        self.operation = ""
        self.inputs = ()
        self.input_grads = ()
        self._derivative = None

    @classmethod
    def of(cls, layer, *inputs):
        """What a layer makes of nodes: the chapter's `MulLayer` and `AddLayer`, any other, or a reader's own.

        A copy of the layer computes: the layer itself is left as it was.

        Parameters
        ----------
        layer : object
            ``forward(x, ...)`` takes as many arguments as there are inputs; ``backward(dout)`` returns the gradient of each, or of
            the first alone.
        *inputs : Node, number or array_like

        Examples
        --------
        >>> from pynn.layers import MulLayer
        >>> Node.of(MulLayer(), Node(100, "apple"), Node(2, "number")).value
        200
        """
        layer = copy.deepcopy(layer)
        kind = type(layer).__name__
        inputs = _nodes(inputs)
        return _result(_SIGNS.get(kind, kind), inputs, layer.forward(*(x.value for x in inputs)), layer.backward)

    @property
    def shape(self):
        """Of the value; () if it is a number."""
        return np.shape(self.value)

    @property
    def ndim(self):
        """Axes of the value; 0 if it is a number."""
        return np.ndim(self.value)

    def backward(self):
        """Set `grad` of this node, 1, and of every node before it by the chain rule (section 5.2)."""
        order = self.history()
        for node in order:
            node.grad = np.zeros_like(node.value)[()]
        self.grad = np.ones_like(self.value)[()]
        for node in reversed(order):
            if node.inputs:
                node._pass_back()

    def _pass_back(self):
        grads = self._derivative(self.grad)
        grads = grads if isinstance(grads, tuple) else (grads,)
        grads += (None,) * (len(self.inputs) - len(grads))      # a loss tells nothing about its targets
        self.input_grads = tuple(None if grad is None else operations.summed(grad, node.value)
                                 for grad, node in zip(grads, self.inputs))
        for node, grad in zip(self.inputs, self.input_grads):
            if grad is not None:
                node.grad = node.grad + grad

    def history(self):
        """This node and all that it was computed from, inputs first."""
        order, seen, waiting = [], set(), [(self, False)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                waiting.append((node, True))
                waiting.extend((source, False) for source in reversed(node.inputs))
        return order

    def sum(self, axis=None, keepdims=False):
        """The sum of the elements, along an axis or of all."""
        return _record("sum", partial(operations.total, axis=axis, keepdims=keepdims), self)

    def max(self, axis=None, keepdims=False):
        """The largest element, along an axis or of all; at a tie the first has the gradient."""
        return _record("max", partial(operations.largest, axis=axis, keepdims=keepdims), self)

    def __add__(self, other):
        return _record("+", operations.add, self, other)

    def __radd__(self, other):
        return _record("+", operations.add, other, self)

    def __sub__(self, other):
        return _record("−", operations.subtract, self, other)

    def __rsub__(self, other):
        return _record("−", operations.subtract, other, self)

    def __mul__(self, other):
        return _record("×", operations.multiply, self, other)

    def __rmul__(self, other):
        return _record("×", operations.multiply, other, self)

    def __neg__(self):
        return self * -1

    def __truediv__(self, other):
        return _record("/", operations.divide, self, other)

    def __rtruediv__(self, other):
        return _record("/", operations.divide, other, self)

    def __pow__(self, other):
        if isinstance(other, (int, float)):         # section 5.2 draws t ** 2 as one node with one input
            return _record(f"**{other}", partial(operations.fixed_power, exponent=other), self)
        return _record("**", operations.power, self, other)

    def __rpow__(self, other):
        return _record("**", operations.power, other, self)

    def __matmul__(self, other):
        return _record("dot", operations.dot, self, other)

    def __rmatmul__(self, other):
        return _record("dot", operations.dot, other, self)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method == "__call__" and ufunc in _UFUNCS and not kwargs:
            return _UFUNCS[ufunc](*inputs)
        raise _unknown(ufunc)

    def __array_function__(self, function, types, args, kwargs):
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](*args, **kwargs)
        raise _unknown(function)

    def __repr__(self):
        name = "" if self.name is None else f", {self.name!r}"
        return f"Node({self.value}{name})"


def _record(operation, function, *inputs):
    """The node of one of `operations`, which compute with floats."""
    inputs = _nodes(inputs)
    values = (x.value.astype(np.float64, copy=False) if np.ndim(x.value) else x.value for x in inputs)
    return _result(operation, inputs, *function(*values))


def _nodes(values):
    return tuple(x if isinstance(x, Node) else Node(x) for x in values)


def _result(operation, inputs, value, derivative):
    node = Node(value)
    node.operation, node.inputs, node._derivative = operation, inputs, derivative
    return node


def _maximum(x, y):
    """At a tie a number has the gradient and the Node none, as in `Relu`: so it comes second."""
    return _record("max", operations.maximum, *((x, y) if isinstance(x, Node) else (y, x)))


def _unknown(function):
    return TypeError(f"Node: np.{function.__name__} is not among the operations that a Node records; help(pynn.plot.Node) names them")


_UFUNCS = {np.add: Node.__add__, np.subtract: Node.__sub__, np.multiply: Node.__mul__, np.true_divide: Node.__truediv__,
           np.power: Node.__pow__, np.negative: Node.__neg__, np.matmul: Node.__matmul__,
           np.exp: lambda x: _record("exp", operations.exp, x), np.log: lambda x: _record("log", operations.log, x),
           np.sqrt: lambda x: x ** 0.5, np.square: lambda x: x ** 2,
           np.maximum: _maximum}
_FUNCTIONS = {np.dot: lambda a, b: _record("dot", operations.dot, a, b), np.sum: Node.sum, np.max: Node.max}
