"""The activations as layers (section 5.5)."""

import pynn._core as _core
from pynn.layers.derived import Derived


class Relu:
    """``max(0, x)`` (section 5.5.1).

    Attributes
    ----------
    mask : ndarray of bool
        Where ``x <= 0``, set by `forward`; any bool array of that shape may be assigned.
    """

    params = ()
    buffers = ()
    mask = Derived()

    def __init__(self):
        self.mask = None

    def forward(self, x):
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

    def backward(self, dout):
        """Return dx: 0 where `mask`, else `dout`, which must have the shape of x and is left as it is."""
        if self.mask is None:
            raise RuntimeError("Relu.backward: call forward first; it keeps the mask")
        return _core.relu_backward(dout, self.mask)

    def __repr__(self):
        return "Relu()"


class Sigmoid:
    """``1 / (1 + exp(-x))`` (section 5.5.2).

    Attributes
    ----------
    out : ndarray
        What `forward` returned last.
    """

    params = ()
    buffers = ()

    def __init__(self):
        self.out = None

    def forward(self, x):
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

    def backward(self, dout):
        """Return ``dx = dout (1 - out) out``; `dout` must have the shape of x."""
        if self.out is None:
            raise RuntimeError("Sigmoid.backward: call forward first; it keeps its result")
        return _core.sigmoid_backward(dout, self.out)

    def __repr__(self):
        return "Sigmoid()"


class Tanh:
    """Hyperbolic tangent (section 6.2.2 compares it with the sigmoid).

    Attributes
    ----------
    out : ndarray
        What `forward` returned last.
    """

    params = ()
    buffers = ()

    def __init__(self):
        self.out = None

    def forward(self, x):
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

    def backward(self, dout):
        """Return ``dx = dout (1 - out^2)``; `dout` must have the shape of x."""
        if self.out is None:
            raise RuntimeError("Tanh.backward: call forward first; it keeps its result")
        return _core.tanh_backward(dout, self.out)

    def __repr__(self):
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

    params = ()
    buffers = ()

    def __init__(self, slope=0.01):
        self.slope = slope
        self.mask = None

    def forward(self, x):
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

    def backward(self, dout):
        """Return dx: ``slope dout`` where `mask`, else `dout`, which must have the shape of x."""
        if self.mask is None:
            raise RuntimeError("LeakyRelu.backward: call forward first; it keeps the mask")
        return _core.leaky_relu_backward(dout, self.mask, self.slope)

    def __repr__(self):
        return f"LeakyRelu(slope={self.slope})"
