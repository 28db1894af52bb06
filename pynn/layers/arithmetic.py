"""Addition and multiplication as layers (section 5.4): the book's apples and oranges."""

import pynn._core as _core


class AddLayer:
    """``z = x + y``."""

    params = ()
    buffers = ()

    def forward(self, x, y):
        """Compute ``x + y``.

        Parameters
        ----------
        x, y : number or array_like
            Two Python numbers give what ``+`` gives; arrays must have one shape, or one of them be a number.
        """
        return _core.add(x, y)

    def backward(self, dout):
        """Return ``(dx, dy)``: the upstream gradient, twice."""
        return _core.multiply(dout, 1), _core.multiply(dout, 1)

    def __repr__(self):
        return "AddLayer()"


class MulLayer:
    """``z = x y``.

    Attributes
    ----------
    x, y : number or array_like
        What `forward` saw last.
    """

    params = ()
    buffers = ()

    def __init__(self):
        self.x = None
        self.y = None

    def forward(self, x, y):
        """Compute ``x y``; operands as in `AddLayer.forward`."""
        self.x = x
        self.y = y
        return _core.multiply(x, y)

    def backward(self, dout):
        """Return ``(dx, dy)``: dout times the other operand."""
        if self.x is None:
            raise RuntimeError("MulLayer.backward: call forward first; it keeps x and y")
        return _core.multiply(dout, self.y), _core.multiply(dout, self.x)

    def __repr__(self):
        return "MulLayer()"
