"""The graph of a network: its layers, with shapes, ranges and norms on the lines between them."""

import copy

import numpy as np

from pynn.layers.protocol import parameter_names
from pynn.plot.computational_graph.parts import Box, Edge, extent, number, shape
from pynn.plot.computational_graph.svg import picture
from pynn.plot.passes import layers_of, loss_layer, outputs

WIDTH = 940         # pixels of a row of layers
GAP = 10
PAD = 10            # above and below the text of a line that leads to the next row
MARGIN = 16


def draw(net, x, t):
    """Draw the layers in rows; with x what passes them, with t also what comes back."""
    names = list(layers_of("graph", net).items())
    values, layers = _forward(net, x, t, names)
    boxes = [Box("input", "x"), *(_layer_box(name, layer) for name, layer in layers)]
    grads = [None] * len(values)
    last = loss_layer(net)
    if t is not None:
        loss, grads = _backward(net, values, layers, t)
        boxes += [Box("layer", type(last).__name__, "t " + shape(np.shape(t))), Box("output", "loss")]
        values, grads = [*values, loss], [*grads, 1]
    else:
        boxes.append(Box("output", "y"))
    edges = [Edge(a, b, _above(value), () if grad is None else (number(np.linalg.norm(grad)),))
             for a, b, value, grad in zip(boxes, boxes[1:], values, grads)]
    legend = ("shape for N samples" if x is None else "shape, smallest … largest value", "" if t is None else "norm of the gradient")
    return picture(boxes, edges, *_in_rows(boxes, edges), legend=legend)


def _forward(net, x, t, names):
    """What is on every line, x first, and the layers that computed it."""
    if x is None:
        return _shapes(net), names
    state = np.random.get_state()       # a pass in training draws the masks of dropout
    passed = list(outputs("graph", net, x, train_flg=t is not None))
    np.random.set_state(state)
    if t is not None and loss_layer(net) is None:
        raise TypeError(f"graph: a {type(net).__name__} has no last_layer to compare with t; give x alone")
    return [np.asarray(x), *(out for _, _, out in passed)], [(name, layer) for name, layer, _ in passed]


def _shapes(net):
    """What `Network.summary` finds for a sample of zeros."""
    from pynn.networks.network import Network
    if not isinstance(net, Network):
        raise TypeError(f"graph: a {type(net).__name__} does not tell its shapes; give some samples x as well")
    try:
        summary = net.summary()
    except ValueError as error:
        raise ValueError("graph: the layers do not tell the size of a sample; give some samples x as well") from error
    return [("N", *size) for size in (summary.input_shape, *(row.output for row in summary.rows))]


def _backward(net, values, layers, t):
    """The loss, and its gradient with respect to what is on every line."""
    last = copy.deepcopy(loss_layer(net))
    loss = last.forward(values[-1], t)
    grads = [last.backward(1)]
    for _, layer in reversed(layers):
        grads.append(layer.backward(grads[-1]))
    return loss, grads[::-1]


def _layer_box(name, layer):
    lines = [name] if name.startswith(type(layer).__name__) else [name, type(layer).__name__]
    params = [(attribute, getattr(layer, attribute)) for attribute in parameter_names(layer)]
    lines += [f"{attribute} {shape(np.shape(value))}" for attribute, value in params if value is not None]
    return Box("layer", *lines)


def _above(value):
    if isinstance(value, tuple):
        return (shape(value),)
    return (number(value),) if np.ndim(value) == 0 else (shape(value.shape), extent(value))


def _in_rows(boxes, edges):
    """From left to right, and on in the next row where the picture would be too wide; returns width and height."""
    count = len(_rows(boxes, edges, WIDTH))
    rows = next(rows for limit in range(WIDTH // 3, WIDTH + 1, 10) if len(rows := _rows(boxes, edges, limit)) == count)
    up, down = max(edge.up for edge in edges), max(edge.down for edge in edges)
    bottom = MARGIN
    for i, row in enumerate(rows):
        if i:
            edges[boxes.index(row[0]) - 1].y = bottom + PAD + up
            bottom += 2 * PAD + up + down
        half = max(box.height / 2 for box in row)
        y = bottom + max(half, up)
        bottom = y + max(half, down)
        _place_row(row, edges[boxes.index(row[0]):], MARGIN + 3 * GAP if i else MARGIN, y)
    width = max(box.x + box.width / 2 for box in boxes) + (2 * GAP if count > 1 else 0) + MARGIN
    for a, b, edge in zip(boxes, boxes[1:], edges):
        _connect(a, b, edge, width)
    return width, bottom + MARGIN


def _rows(boxes, edges, limit):
    rows, right = [[boxes[0]]], MARGIN + boxes[0].width
    for box, edge in zip(boxes[1:], edges):
        if right + edge.width + 2 * GAP + box.width > limit:
            rows.append([])
            right = MARGIN + GAP - edge.width
        rows[-1].append(box)
        right += edge.width + 2 * GAP + box.width
    return rows


def _place_row(row, edges, left, y):
    for box, edge in zip(row, edges):
        box.x, box.y = left + box.width / 2, y
        left += box.width + edge.width + 2 * GAP
    if len(edges) < len(row):       # the last box has no edge behind it
        row[-1].x, row[-1].y = left + row[-1].width / 2, y


def _connect(a, b, edge, width):
    """A level line, or one that leads round to the next row and has its text on the way."""
    start, end = a.x + a.width / 2, b.x - b.width / 2
    if a.y == b.y:
        edge.x, edge.y = (start + end) / 2, a.y
        edge.path = f"M{start:.1f} {a.y:.1f}H{end - 1:.1f}"
        return
    edge.x = width / 2
    right, left, bend = width - MARGIN, MARGIN, 8
    edge.path = (f"M{start:.1f} {a.y:.1f}H{right - bend:.1f}q{bend} 0 {bend} {bend}V{edge.y - bend:.1f}q0 {bend} {-bend} {bend}"
                 f"H{left + bend:.1f}q{-bend} 0 {-bend} {bend}V{b.y - bend:.1f}q0 {bend} {bend} {bend}H{end - 1:.1f}")
