"""The activations as layers (section 5.5)."""

from pynn import _core
from pynn.layers.derived import Derived


class Relu:
    """``max(0, x)`` (section 5.5.1).

    Attributes
    ----------
    mask : ndarray of bool
        Where ``x <= 0``, set by `forward`; any bool array of that shape may be assigned.
    """

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


class Sigmoid:
    """``1 / (1 + exp(-x))`` (section 5.5.2).

    Attributes
    ----------
    out : ndarray
        What `forward` returned last.
    """

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
