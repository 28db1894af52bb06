"""Networks and trainers made of the reader's own layers and optimizers.

The book's network takes ``Relu`` from ``common.layers``. Where the reader's own stands there, because it was
written in that file or put there before the network was imported, the network must be made of it.
"""

# What the book's classes are made from.
_ARGUMENTS = {
    "Affine": ("W", "b"), "BatchNormalization": ("gamma", "beta"), "Convolution": ("W", "b", "stride", "pad"),
    "Dropout": ("dropout_ratio",), "Pooling": ("pool_h", "pool_w", "stride", "pad"), "Relu": (), "Sigmoid": (),
    "SoftmaxWithLoss": (),
    "SGD": ("lr",), "Momentum": ("lr", "momentum"), "Nesterov": ("lr", "momentum"), "AdaGrad": ("lr",),
    "RMSprop": ("lr", "decay_rate"), "Adam": ("lr", "beta1", "beta2"),
}


def of_the_readers(kind, names):
    """`kind`, a class of pynn's networks or its trainer, or a subclass made of the reader's own parts where `names` has any.

    Parameters
    ----------
    kind : type
    names : dict
        The names of the module that `kind` is served in.
    """
    def is_readers(name):
        home = getattr(names.get(name), "__module__", "pynn.")
        return not home.startswith("pynn.") or home.startswith("pynn.reference.")

    if not any(map(is_readers, _ARGUMENTS)):
        return kind
    replace = _in_trainer if kind.__name__ == "Trainer" else _in_network

    def __init__(self, *args, **kwargs):
        kind.__init__(self, *args, **kwargs)
        replace(self, names)

    return type(kind.__name__, (kind,), {"__doc__": kind.__doc__, "__module__": names["__name__"], "__init__": __init__})


def _in_network(network, names):
    for key, layer in list(network.layers.items()):
        own = _own(layer, names)
        if own is not layer:
            network.layers[key] = own
    network.last_layer = _own(network.last_layer, names)


def _in_trainer(trainer, names):
    trainer.optimizer = _own(trainer.optimizer, names)


def _own(part, names):
    name = type(part).__name__
    own = names.get(name)
    if name not in _ARGUMENTS or own in (None, type(part)):
        return part
    return own(*(getattr(part, argument) for argument in _ARGUMENTS[name]))
