"""What the options of ``pynn train`` default to, and how their text is read."""

import argparse

# Hidden neurons, samples in a batch and epochs: those of the book for the convolutional networks (chapters 7 and 8).
SIZES = {"two-layer": ([100], 50, 17), "multi-layer": ([100, 100], 50, 17), "multi-layer-extend": ([100, 100], 50, 17),
         "simple-convnet": ([100], 100, 20), "deep-convnet": ([50], 100, 20)}
CONVOLUTIONAL = ("simple-convnet", "deep-convnet")
ACTIVATIONS = ("relu", "sigmoid", "tanh", "leaky_relu")
# Rates at which the optimizers train the networks well.
RATES = {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.05, "rmsprop": 0.003, "adam": 0.003, "adamw": 0.003}
CONVNET_RATES = {"sgd": 0.2, "momentum": 0.03, "nesterov": 0.03, "adagrad": 0.01, "rmsprop": 0.001, "adam": 0.001,
                 "adamw": 0.001}
REGRESSION_RATES = {**RATES, "sgd": 0.01, "momentum": 0.003, "nesterov": 0.003}


def each(values):
    """``0.2 sgd, 0.05 momentum, ...``"""
    return ", ".join(f"{values[name]} {name}" for name in values)


def name_of(*names):
    """The type of an argument that is one of some names, in any case of letters, dashes and underscores alike."""
    def parse(text):
        plain = text.lower().replace("-", "_")
        return next((name for name in names if name.replace("-", "_") == plain), text)
    parse.__name__ = "name"
    return parse


def number(kind, low, high=float("inf")):
    """The type of an argument that is a number in a range."""
    def parse(text):
        value = kind(text)
        if not low <= value <= high or value == 0.0 and kind is float:
            raise argparse.ArgumentTypeError(f"{text} is out of range")
        return value
    parse.__name__ = kind.__name__      # argparse words "invalid int value" from it
    return parse


def number_or_name(text):
    """The type of --init-std: a positive number, or a name such as he."""
    try:
        return number(float, 0)(text)
    except ValueError:
        return text.lower()


def assignment(text):
    """The type of an argument NAME=NUMBER."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=NUMBER")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} in {text!r} is no number") from None
