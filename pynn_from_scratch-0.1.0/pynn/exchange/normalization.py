"""What batch normalization means elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

UNDER_THE_ROOT = 10e-7          # what the book adds to the variance


def at_our_root(gamma: Any, var: Any, epsilon: float) -> tuple[Any, Any]:
    """gamma and variance that give with pynn's 1e-6 what they gave with `epsilon`.

    The variance takes up the difference; where that would make it negative, gamma takes up the rest.
    """
    root = np.asarray(var, np.float64) + epsilon
    var = np.maximum(root - UNDER_THE_ROOT, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = np.asarray(gamma, np.float64) * np.where(root < UNDER_THE_ROOT, np.sqrt(UNDER_THE_ROOT / root), 1)
    return gamma, var


def of_float32_epsilon(var: Any) -> tuple[Any, float]:
    """The variance, and pynn's 1e-6 rounded to a float32: what that leaves out is given to the variance."""
    epsilon = float(np.float32(UNDER_THE_ROOT))
    return np.asarray(var, np.float64) + (UNDER_THE_ROOT - epsilon), epsilon


def per_position(step: Any) -> bool:
    """Whether batch normalization takes every pixel of every channel for itself, as the book does with images."""
    per_channel = len(step.before) == 3 and np.shape(step.layer.gamma) == step.before[:1]
    return len(step.before) > 1 and not per_channel


def arrays(step: Any) -> list[Any]:
    """gamma, beta, mean and variance; where one number stands for all of a sample's, an array of them."""
    layer, size = step.layer, int(np.prod(step.before))
    values = layer.gamma, layer.beta, layer.running_mean, layer.running_var
    return [np.full(size, value) if np.ndim(value) == 0 else np.asarray(value) for value in values]
