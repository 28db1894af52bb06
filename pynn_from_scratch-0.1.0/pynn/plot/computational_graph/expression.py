"""The graph of an expression built of nodes."""

from pynn.plot.computational_graph.layout import arrange
from pynn.plot.computational_graph.parts import Box, Edge, value_lines
from pynn.plot.computational_graph.svg import picture

MOST = 100


def draw(output):
    """Go backward from a Node and draw all that it was computed from."""
    order = output.history()
    if len(order) > MOST:
        raise ValueError(f"graph: the expression has {len(order):,} nodes; a picture of more than {MOST} says nothing, so draw a part of "
                         "it or use arrays")
    output.backward()
    uses = {id(node): 0 for node in order}
    for node in order:
        for source in node.inputs:
            uses[id(source)] += 1
    boxes, edges, leaving = [], [], {}
    for node in order:
        box = leaving[id(node)] = _box(node)
        boxes.append(box)
        for i, (source, grad) in enumerate(zip(node.inputs, node.input_grads)):
            edges.append(_edge(leaving[id(source)], box, source.value, grad, port=(i, len(node.inputs))))
        if uses[id(node)] > 1:      # forward the value is copied there, backward the gradients are added
            leaving[id(node)] = branch = Box("branch")
            boxes.append(branch)
            edges.append(_edge(box, branch, node.value, node.grad))
    boxes.append(Box("output", output.name or "output"))
    edges.append(_edge(leaving[id(output)], boxes[-1], output.value, output.grad))
    return picture(boxes, edges, *arrange(boxes, edges), legend=("value", "gradient of the output"))


def _box(node):
    if node.operation:
        return Box("operation", node.operation)
    return Box("constant") if node.name is None else Box("input", str(node.name))


def _edge(source, target, value, grad, port=(0, 1)):
    return Edge(source, target, value_lines(value), () if grad is None else value_lines(grad), port=port)
