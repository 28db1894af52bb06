"""Networks and trainers made of the reader's own layers and optimizers.

The book's network takes ``Relu`` from ``common.layers``. Where the reader's own stands there, because it was
written in that file or put there before the network was imported, the network must be made of it.
"""

from inspect import signature

import pynn.layers as layers
import pynn.optimizer as optimizers

# What the book makes its layers from.
_ARGUMENTS = {"Affine": ("W", "b"), "BatchNormalization": ("gamma", "beta"), "Convolution": ("W", "b", "stride", "pad"),
              "Dropout": ("dropout_ratio",), "Pooling": ("pool_h", "pool_w", "stride"), "Relu": (), "Sigmoid": (),
              "SoftmaxWithLoss": ()}
_OPTIMIZERS = ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam")


def of_the_readers(kind, names):
    """`kind`, a class of pynn's networks or its trainer, or a subclass made of the reader's own parts where `names` has any.

    Parameters
    ----------
    kind : type
    names : dict
        The names of the module that `kind` is served in.
    """
    if kind.__name__ == "Trainer":
        own, init = _others(_OPTIMIZERS, optimizers, names), _trainer_init
    else:
        own, init = _others(_ARGUMENTS, layers, names), _network_init
    if not own:
        return kind
    return type(kind.__name__, (kind,), {"__doc__": kind.__doc__, "__module__": names["__name__"], "__init__": init(kind, own)})


def _others(parts, module, names):
    """The parts that are others in `names` than in pynn."""
    return {part: names[part] for part in parts if part in names and names[part] is not getattr(module, part)}


def _network_init(kind, own):
    def replacement(layer):
        name = type(layer).__name__
        return own[name](*(getattr(layer, argument) for argument in _ARGUMENTS[name])) if name in own else layer

    def __init__(self, *args, **kwargs):
        kind.__init__(self, *args, **kwargs)
        for key, layer in list(self.layers.items()):
            if type(layer).__name__ in own:
                self.layers[key] = replacement(layer)
        self.last_layer = replacement(self.last_layer)

    return __init__


def _trainer_init(kind, own):
    by_name = {name.lower(): optimizer for name, optimizer in own.items()}

    def __init__(self, *args, **kwargs):
        call = signature(kind.__init__).bind(self, *args, **kwargs)
        call.apply_defaults()
        optimizer = by_name.get(str(call.arguments["optimizer"]).lower())
        if optimizer is not None:
            call.arguments["optimizer"] = optimizer(**call.arguments["optimizer_param"])
        kind.__init__(*call.args, **call.kwargs)

    return __init__
