"""The first weights of a layer (section 6.2)."""

import numpy as np

from pynn._reading import count, number

SCALES = {"relu": 2.0, "he": 2.0, "sigmoid": 1.0, "tanh": 1.0, "xavier": 1.0}


def standard_deviation(owner, weight_init_std, inputs):
    """The standard deviation of the first weights of a layer.

    Parameters
    ----------
    owner : str
        Who asks, for the error.
    weight_init_std : float or {'relu', 'he', 'sigmoid', 'tanh', 'xavier'}
        A number, or ``sqrt(2 / n)`` after He for 'relu' and 'he', or ``sqrt(1 / n)`` after Xavier for the others.
    inputs : int
        n, the inputs of a neuron.
    """
    inputs = count(owner, "inputs", inputs)
    if not isinstance(weight_init_std, str):
        return number(owner, "weight_init_std", weight_init_std)
    if weight_init_std.lower() not in SCALES:
        raise ValueError(f"{owner}: weight_init_std is {weight_init_std!r}; it must be a number or one of {list(SCALES)}")
    return np.sqrt(SCALES[weight_init_std.lower()] / inputs)


def draw_weights(scale, shape, dtype):
    """Normally distributed numbers of that standard deviation from NumPy's global state, as the book draws them."""
    return (scale * np.random.randn(*shape)).astype(dtype)
