"""What the convolutional networks check of their arguments."""

import numpy as np

from pynn._reading import has

_LEAST = {"filter_num": 1, "filter_size": 1, "pad": 0, "stride": 1}


def image_shape(network, input_dim):
    """``input_dim`` as (channels, height, width)."""
    if np.shape(input_dim) != (3,):
        raise ValueError(f"{network}: input_dim is {input_dim}; it must be (channels, height, width)")
    return input_dim


def convolution(network, name, param):
    """The ``filter_num``, ``filter_size``, ``pad`` and ``stride`` of the argument `name`."""
    has(network, name, param, "keys", why="it must be a dict of filter_num, filter_size, pad and stride")
    missing = [key for key in _LEAST if key not in param]
    if missing:
        raise ValueError(f"{network}: {name} is {param}, without {' and '.join(missing)}; it must have "
                         "filter_num, filter_size, pad and stride")
    for key, least in _LEAST.items():
        if not isinstance(param[key], (int, np.integer)) or param[key] < least:
            raise ValueError(f"{network}: {name}[{key!r}] is {param[key]!r}; it must be an integer of at least {least}")
    return [param[key] for key in _LEAST]


def pixels(network, input_dim, height, width):
    """How many pixels the last images have."""
    if min(height, width) < 1:
        raise ValueError(f"{network}: input_dim is {tuple(input_dim)}, of which the convolutions and poolings "
                         f"leave {height}x{width} pixels; the images must be larger")
    return height * width
