"""The module of pynn's that PyTorch has not. Imports PyTorch."""

from __future__ import annotations

from typing import Any

from torch import nn


class BookDropout(nn.Dropout):
    """Dropout as in section 6.4.3: drop in training, scale by ``1 - p`` in use, where ``torch.nn.Dropout`` scales in training."""

    def forward(self, x: Any) -> Any:
        """Scaled by ``1 - p`` in both cases, which in training undoes PyTorch's own scaling."""
        return super().forward(x) * (1 - self.p)
