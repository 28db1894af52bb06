"""The numerical gradient of a network: differences as the book's, most of them without a forward pass for each."""

import numpy as np

from pynn.gradient import mlp_numerical_gradient, numerical_gradient
from pynn.layers import Affine, Dropout, Relu, Sigmoid, SoftmaxWithLoss
from pynn.layers.protocol import is_plain

_ACTIVATIONS = {Relu: "relu", Sigmoid: "sigmoid"}


def gradient(network, x, t):
    """The differences for every parameter.

    Those of the affine layers that end the network are computed incrementally (`mlp_numerical_gradient`); all others, and all
    of a network with dropout, whose loss is another every time, take the book's loop.
    """
    grads = _incremental(network, x, t)
    return {name: grads[name] if name in grads else numerical_gradient(lambda _: network.training_loss(x, t), param)
            for name, param in network.params.items()}


def _incremental(network, x, t):
    affine, activation = _perceptron_behind(list(network.layers.values()))
    if not affine or not _loss_is_known(network):
        return {}
    if not np.isfinite(network.training_loss(x, t)):        # the pass leaves the features in the first affine layer
        return {}
    weights = [param for layer in affine
               for param in (layer.W, np.zeros(layer.W.shape[1]) if layer.b is None else layer.b)]
    derivatives = iter(mlp_numerical_gradient(affine[0].x, t, weights, activation))
    of_layer = {(id(layer), name): next(derivatives) for layer in affine for name in ("W", "b")}
    grads = {name: of_layer[id(layer), attribute] for name, (layer, attribute) in network.places().items()
             if (id(layer), attribute) in of_layer and getattr(layer, attribute) is not None}
    network._add_weight_decay(grads)
    return grads


def _loss_is_known(network):
    """Whether the loss is softmax and cross-entropy behind the layers, with nothing of the reader's own and nothing random."""
    methods = (network.loss, network.predict, network.training_loss)
    return (type(network.last_layer) is SoftmaxWithLoss and is_plain(network.last_layer)
            and not any(isinstance(layer, Dropout) for layer in network.layers.values())
            and all(getattr(method, "__module__", "").startswith("pynn.networks.") for method in methods))


def _perceptron_behind(layers):
    """The affine layers that end the chain with one activation between them, and the activation's name."""
    affine, activation = [], None
    while layers and type(layers[-1]) is Affine and is_plain(layers[-1]):
        affine.insert(0, layers.pop())
        if not layers or type(layers[-1]) not in _ACTIVATIONS or not is_plain(layers[-1]) \
                or activation not in (None, type(layers[-1])):
            break
        activation = type(layers.pop())
    return affine, _ACTIVATIONS.get(activation, "relu")
