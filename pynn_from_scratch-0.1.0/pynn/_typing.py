"""The types in pynn's annotations. Type checkers read this; at run time nothing imports it.

NumPy's stubs type ``x / 2`` and ``1 / (1 + np.exp(-x))`` of a float32 array as float64, and their float32 is no ``float``. So arrays
here are of any dtype, and one number is the `Real` that passes for a ``float``, also where it is a float32: narrower types would
refuse programs that run. Tests look at the dtypes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike as ArrayLike
from numpy.typing import DTypeLike as DTypeLike
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Real: TypeAlias = np.float64
Number: TypeAlias = float | np.number[Any] | np.bool
MaybeArray: TypeAlias = Array | Any     # None before forward or backward; Any spares a check at every use
Shape: TypeAlias = tuple[int, ...]
FilePath: TypeAlias = str | os.PathLike[str]
Rng: TypeAlias = np.random.Generator | np.random.RandomState | int
Split: TypeAlias = tuple[Array, Array]  # samples and labels


class Layer(Protocol):
    """What may stand in a network (section 5.4). `forward` may take ``train_flg``, `backward` ``needs_dx``."""

    def forward(self, x: Any, /) -> Any:
        """The output for the input x."""

    def backward(self, dout: Any, /) -> Any:
        """The gradient of the loss with respect to x."""


class Loss(Protocol):
    """The last layer of a network."""

    def forward(self, x: Any, t: Any, /) -> Any:
        """The loss of the outputs x against the targets t."""

    def backward(self, dout: Any, /) -> Any:
        """Its gradient with respect to x; `dout` is 1."""


class Optimizer(Protocol):
    """What changes the parameters of a network."""

    def update(self, params: Any, grads: Any, /) -> object:
        """Change every parameter in place by one step."""


class Trainable(Protocol):
    """A network that a `Trainer` can train: pynn's, or one of the reader's own."""

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters by name."""

    def loss(self, x: Any, t: Any, /) -> Any:
        """The loss of a batch."""

    def gradient(self, x: Any, t: Any, /) -> Mapping[str, Any]:
        """Its gradient for every parameter."""


class Communicator(Protocol):
    """What a `Trainer` asks of the processes that share its batches: a communicator of mpi4py."""

    def Get_rank(self) -> int:
        """Which of them this is."""

    def Get_size(self) -> int:
        """How many there are."""

    def Allreduce(self, sendbuf: Any, recvbuf: Any, /) -> object:
        """The sum of all arrays."""
