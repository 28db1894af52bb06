"""The one function that draws graphs of either kind."""

from pynn.plot.computational_graph.node import Node


def graph(what, x=None, t=None):
    """Draw a computational graph: values above each line, gradients below the same line (section 5.1).

    Parameters
    ----------
    what : Node or network
        A result that was computed with `Node`: every operation becomes a node, and where a value is used several times a dot,
        at which its gradients add up. Or a network that keeps its layers in ``layers``, pynn's or a reader's own: every layer
        becomes a node.
    x : array_like, shape (N, ...), optional
        Samples for the network: the lines then tell the range of what passes. Without x they have the shapes alone.
    t : array_like, shape (N,) or (N, classes), optional
        Their labels: the lines then have the norm of the gradient of the loss below, in training as `gradient` has it.

    Returns
    -------
    Picture
        A notebook shows it; ``str(picture)`` is the text of the SVG and ``picture.save("graph.svg")`` writes it. A Node has its
        `grad` afterwards, and so has every Node before it. The network is left as it was.

    Raises
    ------
    TypeError
        If `what` is neither.
    ValueError
        If the samples do not fit the network.

    Examples
    --------
    >>> apple, number, tax = Node(100, "apple"), Node(2, "number"), Node(1.1, "tax")
    >>> picture = graph((apple * number) * tax)
    >>> apple.grad
    2.2
    """
    if isinstance(what, Node):
        if x is not None or t is not None:
            raise TypeError("graph: x and t belong to a network; a Node has its values already")
        from pynn.plot.computational_graph.expression import draw
        return draw(what)
    if not hasattr(what, "layers"):
        raise TypeError(f"graph: a {type(what).__name__} cannot be drawn; it must be a Node, pynn.plot.Node(100, 'apple'), or a "
                        "network with layers (section 5.1)")
    if t is not None and x is None:
        raise TypeError("graph: t needs x, the samples whose labels it has")
    from pynn.plot.computational_graph.network import draw
    return draw(what, x, t)
