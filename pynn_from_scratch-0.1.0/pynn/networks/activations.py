"""The activations that networks take by name."""

from pynn.layers import LeakyRelu, Relu, Sigmoid, Tanh

ACTIVATIONS = {"relu": Relu, "sigmoid": Sigmoid, "tanh": Tanh, "leaky_relu": LeakyRelu}


def activation_layer(network, name):
    """A new layer for the argument ``activation`` of a network; upper case counts as lower case."""
    try:
        return ACTIVATIONS[name.lower()]()
    except (AttributeError, KeyError):
        raise ValueError(f"{network}: activation is {name!r}; it must be one of {list(ACTIVATIONS)}") from None
