"""Two kernels for each operation: the fast one, and the formula in plain loops that can be read beside it.

``csrc/kernels/simple*.h`` has every operation as its formula reads; ``csrc/kernels/*_tmpl.h`` has it as fast as the processor allows. Both
give the same numbers to rounding, and can be exchanged at any time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pynn._core as _core

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["kernels", "use_kernels"]


def kernels() -> str:
    """The name of the set of kernels in use: 'simple', or the instruction set of the fast one.

    Returns
    -------
    str
    """
    return _core.kernels()


def _winograd_allowed() -> bool:
    return os.environ.get("PYNN_WINOGRAD") != "0"


_core.set_winograd(_winograd_allowed())


class use_kernels:
    """Use a set of kernels from now on, or within a ``with`` block.

    Parameters
    ----------
    name : {'simple', 'fast', 'direct', 'baseline', 'avx2', 'avx512', 'neon'}
        'fast' is the best that this processor has, or what the environment variable ``PYNN_CPU`` asks for; the others are instruction sets
        by name. 'direct' is 'fast' without Winograd's way for 3x3 convolutions in float32, which needs fewer multiplications and loses
        half a decimal digit; the environment variable ``PYNN_WINOGRAD=0`` forbids it from the start. The choice holds for the process, so
        other Python threads see it too.

    Raises
    ------
    ValueError
        If this processor or this build has no such set.

    Examples
    --------
    >>> import numpy as np
    >>> import pynn
    >>> with pynn.use_kernels("simple"):
    ...     y = pynn.matmul(np.eye(2), np.ones((2, 2)))
    """

    def __init__(self, name: str) -> None:
        built = _core.build_info()["isas"]
        choices = ["simple", "fast", "direct", *(isa for isa, available in built.items() if available and isa != "simple")]
        if name not in choices:
            raise ValueError(f"use_kernels: name is {name!r}; it must be one of {choices}")
        self.before = _core.kernels()
        self.name = name
        _core.use_kernels((os.environ.get("PYNN_CPU") or None) if name in ("fast", "direct") else name)
        self.winograd_before = _core.set_winograd(name != "direct" and _winograd_allowed())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _core.use_kernels(self.before)
        _core.set_winograd(self.winograd_before)

    def __repr__(self) -> str:
        return f"use_kernels({self.name!r})"
