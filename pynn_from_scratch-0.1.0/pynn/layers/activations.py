"""The activations as layers (section 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pynn._core as _core
from pynn.layers.derived import Derived

if TYPE_CHECKING:
    from pynn._typing import Array, ArrayLike, MaybeArray


class Relu:
    """``max(0, x)`` (section 5.5.1).

    Attributes
    ----------
    mask : ndarray of bool
        Where ``x <= 0``, set by `forward`; any bool array of that shape may be assigned.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    mask: MaybeArray = Derived()

    def __init__(self) -> None:
        self.mask = None

    def forward(self, x: ArrayLike) -> Array:
        """Compute ``max(0, x)`` and keep `mask`.

        Parameters
        ----------
        x : array_like

        Returns
        -------
        ndarray, shape of `x`
        """
        out, self.mask = _core.relu_forward(x)
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx: 0 where `mask`, else `dout`, which must have the shape of x and is left as it is."""
        if self.mask is None:
            raise RuntimeError("Relu.backward: call forward first; it keeps the mask")
        return _core.relu_backward(dout, self.mask)

    def __repr__(self) -> str:
        return "Relu()"


class Sigmoid:
    """``1 / (1 + exp(-x))`` (section 5.5.2).

    Attributes
    ----------
    out : ndarray
        What `forward` returned last.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.out: MaybeArray = None

    def forward(self, x: ArrayLike) -> Array:
        """Compute ``sigmoid(x)`` and keep it as `out`.

        Parameters
        ----------
        x : array_like

        Returns
        -------
        ndarray, shape of `x`
        """
        self.out = _core.sigmoid_forward(x)
        return self.out

    def backward(self, dout: ArrayLike) -> Array:
        """Return ``dx = dout (1 - out) out``; `dout` must have the shape of x."""
        if self.out is None:
            raise RuntimeError("Sigmoid.backward: call forward first; it keeps its result")
        return _core.sigmoid_backward(dout, self.out)

    def __repr__(self) -> str:
        return "Sigmoid()"


class Tanh:
    """Hyperbolic tangent (section 6.2.2 compares it with the sigmoid).

    Attributes
    ----------
    out : ndarray
        What `forward` returned last.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.out: MaybeArray = None

    def forward(self, x: ArrayLike) -> Array:
        """Compute ``tanh(x)`` and keep it as `out`.

        Parameters
        ----------
        x : array_like

        Returns
        -------
        ndarray, shape of `x`
        """
        self.out = _core.tanh_forward(x)
        return self.out

    def backward(self, dout: ArrayLike) -> Array:
        """Return ``dx = dout (1 - out^2)``; `dout` must have the shape of x."""
        if self.out is None:
            raise RuntimeError("Tanh.backward: call forward first; it keeps its result")
        return _core.tanh_backward(dout, self.out)

    def __repr__(self) -> str:
        return "Tanh()"


class LeakyRelu:
    """``x`` where it is positive, else ``slope x``: a unit that is off still has a gradient (Maas et al., 2013).

    Parameters
    ----------
    slope : float

    Attributes
    ----------
    mask : ndarray of bool
        Where ``x <= 0``, set by `forward`.
    """

    params: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope
        self.mask: MaybeArray = None

    def forward(self, x: ArrayLike) -> Array:
        """Return ``slope x`` where ``x <= 0``, else x, and keep `mask`.

        Parameters
        ----------
        x : array_like

        Returns
        -------
        ndarray, shape of `x`
        """
        out, self.mask = _core.leaky_relu_forward(x, self.slope)
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx: ``slope dout`` where `mask`, else `dout`, which must have the shape of x."""
        if self.mask is None:
            raise RuntimeError("LeakyRelu.backward: call forward first; it keeps the mask")
        return _core.leaky_relu_backward(dout, self.mask, self.slope)

    def __repr__(self) -> str:
        return f"LeakyRelu(slope={self.slope})"
