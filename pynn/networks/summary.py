"""A network in a table: what comes out of each layer, and what it costs."""

from __future__ import annotations

import copy
from html import escape
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pynn._reading import count
from pynn.layers import Affine, Convolution
from pynn.layers.block import ConvBlock
from pynn.layers.protocol import parameter_names, takes

if TYPE_CHECKING:
    from pynn._typing import Shape

_HEAD = ("layer", "", "output", "parameters", "multiply-adds", "memory")


class Row(NamedTuple):
    """One layer, for one sample; memory in bytes."""

    name: str
    layer: str
    output: tuple[int, ...]
    params: int
    multiply_adds: int
    memory: int


class Summary:
    """The table that `Network.summary` returns. It prints as text and shows as HTML in a notebook.

    Attributes
    ----------
    rows : list of Row
        For each layer its name, what it is, the shape of its output for one sample, how many numbers training changes,
        multiply-adds of a forward pass of one sample, and the bytes of its parameters and that output.
    params, multiply_adds, memory : int
        The sums.
    blocks : list of list of str
        Layers that are computed together, without results between them in memory.
    """

    def __init__(self, network: Any, input_shape: Shape | None) -> None:
        self.title = f"{type(network).__name__}, {network.dtype}"
        self.loss = repr(network.last_layer)
        self.input_shape: Shape = (sample_shape(network, f"{type(network).__name__}.summary") if input_shape is None
                                   else given_shape(f"{type(network).__name__}.summary", input_shape))
        self.rows: list[Row] = list(_rows(network, self.input_shape))
        self.params: int = sum(row.params for row in self.rows)
        self.multiply_adds: int = sum(row.multiply_adds for row in self.rows)
        self.memory: int = sum(row.memory for row in self.rows)
        names = {id(layer): name for name, layer in network.layers.items()}
        self.blocks: list[list[str]] = [[names[id(layer)] for layer in step.members]
                       for step, _ in network._plan() if isinstance(step, ConvBlock)]

    def _cells(self):
        lines = [(row.name, row.layer, _shape(row.output), f"{row.params:,}", f"{row.multiply_adds:,}", _bytes(row.memory))
                 for row in self.rows]
        return [("input", "", _shape(self.input_shape), "", "", ""), *lines,
                ("total", f"loss: {self.loss}", "", f"{self.params:,}", f"{self.multiply_adds:,}", _bytes(self.memory))]

    def _notes(self):
        return ["For one sample, forward; N samples take N times the multiply-adds and the memory of the outputs.",
                *(f"Computed together: {' + '.join(names)}." for names in self.blocks)]

    def __str__(self) -> str:
        table = [_HEAD, *self._cells()]
        widths = [max(len(cells[i]) for cells in table) for i in range(len(_HEAD))]
        lines = ["  ".join(cell.ljust(width) if i < 3 else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(cells, widths))).rstrip() for cells in table]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.title, lines[0], rule, *lines[1:-1], rule, lines[-1], *self._notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells, tag):
            return "<tr>" + "".join(f"<{tag} style='text-align:{'left' if i < 3 else 'right'}'>{escape(cell)}</{tag}>"
                                    for i, cell in enumerate(cells)) + "</tr>"
        *body, total = self._cells()
        return (f"<table><caption>{escape(self.title)}</caption><thead>{row(_HEAD, 'th')}</thead><tbody>"
                + "".join(row(cells, "td") for cells in body) + f"</tbody><tfoot>{row(total, 'th')}</tfoot></table><p>"
                + "<br>".join(map(escape, self._notes())) + "</p>")


def given_shape(func, shape):
    """The shape of a sample, as it was given."""
    return tuple(count(func, "a size of input_shape", size) for size in (shape if hasattr(shape, "__iter__") else (shape,)))


def _rows(network, input_shape):
    """Pass a sample of zeros through copies of the layers: the network's own go on showing what they saw."""
    x = np.zeros((1, *input_shape), network.dtype)
    counted = {}                    # by identity: an array that layers share stands in the row of the first
    for name, layer in network.layers.items():
        layer = copy.copy(layer)
        try:
            out = np.asarray(layer.forward(x, False) if takes(layer.forward, "train_flg") else layer.forward(x))
        except ValueError as error:
            raise ValueError(f"{type(network).__name__}.summary: a sample of shape {input_shape} does not pass {name}: {error}") \
                from error
        arrays = [value for attribute in parameter_names(layer) if (value := getattr(layer, attribute)) is not None]
        params = sum(np.size(array) for array in arrays if id(array) not in counted)
        counted.update((id(array), array) for array in arrays)
        yield Row(name, repr(layer) if type(layer).__repr__ is not object.__repr__ else type(layer).__name__, out.shape[1:],
                  params, _multiply_adds(layer, out), (params + out.size) * network.dtype.itemsize)
        x = out


def _multiply_adds(layer, out):
    if isinstance(layer, Affine):
        return layer.W.size
    if isinstance(layer, Convolution):
        return layer.W.size * prod(out.shape[2:])
    return 0


def sample_shape(network: Any, caller: str) -> Shape:
    """The shape of one sample: of the last one seen, or what the first layers tell."""
    for layer in network.layers.values():
        if getattr(layer, "x", None) is not None and layer is network.layers[0] and layer.x.ndim > 1:
            return tuple(getattr(layer, "original_x_shape", layer.x.shape)[1:])
        if isinstance(layer, Affine):
            return (len(layer.W),)
        if isinstance(layer, Convolution):
            break
    if hasattr(network, "input_dim"):
        return tuple(network.input_dim)
    raise ValueError(f"{caller}: the layers do not tell the size of the images; give input_shape, for example (1, 28, 28)")


def _shape(shape):
    return "x".join(map(str, shape)) or "number"


def _bytes(n):
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"
