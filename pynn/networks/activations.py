"""The activations that networks take by name."""

from pynn.layers import Relu, Sigmoid

ACTIVATIONS = {"relu": Relu, "sigmoid": Sigmoid}


def activation_layer(network, name):
    """A new layer for the argument ``activation`` of a network; upper case counts as lower case."""
    try:
        return ACTIVATIONS[name.lower()]()
    except (AttributeError, KeyError):
        raise ValueError(f"{network}: activation is {name!r}; it must be one of {list(ACTIVATIONS)}") from None
