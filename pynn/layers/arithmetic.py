"""Addition and multiplication as layers (section 5.4): the book's apples and oranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pynn._core as _core

if TYPE_CHECKING:
    from pynn._typing import ArrayLike


class AddLayer:
    """``z = x + y``."""

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()

    def forward(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Compute ``x + y``.

        Parameters
        ----------
        x, y : number or array_like
            Two Python numbers give what ``+`` gives; arrays must have one shape, or one of them be a number.
        """
        return _core.add(x, y)

    def backward(self, dout: ArrayLike) -> tuple[Any, Any]:
        """Return ``(dx, dy)``: the upstream gradient, twice."""
        return _core.multiply(dout, 1), _core.multiply(dout, 1)

    def __repr__(self) -> str:
        return "AddLayer()"


class MulLayer:
    """``z = x y``.

    Attributes
    ----------
    x, y : number or array_like
        What `forward` saw last.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.x: Any = None
        self.y: Any = None

    def forward(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Compute ``x y``; operands as in `AddLayer.forward`."""
        z = _core.multiply(x, y)
        self.x, self.y = x, y
        return z

    def backward(self, dout: ArrayLike) -> tuple[Any, Any]:
        """Return ``(dx, dy)``: dout times the other operand."""
        if self.x is None:
            raise RuntimeError("MulLayer.backward: call forward first; it keeps x and y")
        return _core.multiply(dout, self.y), _core.multiply(dout, self.x)

    def __repr__(self) -> str:
        return "MulLayer()"
