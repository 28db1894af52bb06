"""What can be checked: named arrays, a loss that depends on them, and a gradient that claims to be its derivative."""

import numpy as np

import pynn._core as _core
from pynn.check.copies import Randomness


def other_batch(x):
    """Another batch of the same shape: the rows moved on by one, or where they are all equal, smaller numbers."""
    moved = np.roll(x, 1, axis=0) if x.ndim else x
    return moved if x.dtype.kind != "f" or not np.array_equal(moved, x) else 0.9 * x - 0.05


def as_float64(x, kinds="fbiu"):
    x = np.array(_core.as_array("gradient_check", "x", x))
    return x.astype(np.float64) if x.dtype.kind in kinds else x


class Subject:
    """Arrays by name, and what is claimed about them.

    Attributes
    ----------
    arrays : dict of str to ndarray
        float64, of the copy; whoever changes an element puts it back.
    thing : object
        What was given, to look up its source.
    damages : set of {'dout', 'x'}
        What its methods were seen to write into.
    trained : set of str
        The parameters that computing the gradient was seen to change.
    """

    def __init__(self, thing, held):
        self.thing = thing
        self.name = getattr(thing, "__name__", None) or type(thing).__name__
        self.held = held
        self.random = Randomness(held)
        self.damages, self.trained = set(), set()
        self.arrays = {}

    def settle(self):
        """Find out whether the loss draws random numbers, and refuse one that cannot be held still or is no number."""
        drew = self.draws_at_first()
        losses = [self.loss()]
        drew = drew or self.random.moved(self.held)
        losses.append(self.loss())
        self.random.settle(drew)
        if losses[0] != losses[1] and not np.isnan(losses[0]):
            raise ValueError(f"gradient_check: the loss of {self.name} is {losses[0]:.9g}, then {losses[1]:.9g} for the same "
                             "input; draw random numbers from np.random, and let nothing be left over between two calls")
        if not np.isfinite(losses[0]):
            raise ValueError(f"gradient_check: the loss of {self.name} is {losses[0]}, which has no derivative; look for "
                             "NaN in the input, an overflow in exp or a log of 0 (section 3.5.2)")

    def draws_at_first(self):
        """Whether the first forward pass of a fresh copy draws random numbers."""
        return False

    def refuse_float32(self, grads):
        for name, grad in grads.items():
            if isinstance(grad, np.ndarray) and grad.dtype in (np.float16, np.float32):
                raise ValueError(f"gradient_check: the gradient of {name} is {grad.dtype} even on a float64 copy of "
                                 f"{self.name}, and its rounding hides errors; let it keep the dtype of its input")
