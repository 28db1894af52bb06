"""Networks written without layers, as in chapter 4: the same mistakes, sought in layers that compute the same loss."""

import re

import numpy as np

from pynn.check import dense
from pynn.check.hypothesis import Hypothesis, explains
from pynn.check.layer_subject import LayerSubject


def explain_perceptron(evidence):
    """(code, says, section) of the mistake that gives all the wrong gradients at once, or None.

    The parameters W1, b1, W2, b2, ... are put into the reference's layers with one activation between them. If these compute
    the network's loss, each usual mistake of each of them is made in turn and passed down to the layers below.
    """
    subject = evidence.subject
    wrong = [name for name in evidence.wrong() if name not in evidence.problems]
    chain = _same_loss(subject)
    if chain is None or not wrong:
        return None
    douts = _douts(subject, chain)
    for number, (layer, x) in reversed(list(enumerate(chain))):
        last = number == len(chain) - 1
        alone = LayerSubject(layer, x, subject.t if last else None, dout=None if last else douts[number])
        kind = dense.softmax_with_loss if last else dense.affine if hasattr(layer, "W") else dense.elementwise
        for guess in [*(kind(alone) or ()), *_before_activation(chain, douts, number)]:
            grads = _with_mistake(chain, douts, number, guess)
            if all(explains(evidence.backprop[name], grads.get(name)) for name in wrong):
                return guess.code, f"{_called(chain, number)}: {guess.says}", guess.section
    return None


def _before_activation(chain, douts, number):
    """A dW taken with what came before the activation, and not after it."""
    if number == 0 or not hasattr(chain[number][0], "W"):
        return []
    return [Hypothesis("wrong-operand", "W", chain[number - 1][1].T @ douts[number], "dW is taken with the input of the "
                                                                                     "activation "
                       "before it; it must be with the output: z.T @ dout", "5.6.2")]


def _cross_entropy(y, t):
    chosen = y[np.arange(len(y)), t] if t.ndim == 1 else np.sum(y * t, axis=1)
    return -np.mean(np.log(chosen + 1e-7))


def _called(chain, number):
    layer = chain[number][0]
    if hasattr(layer, "names"):
        return f"the layer of {min(layer.names)}"
    return "the loss" if number == len(chain) - 1 else f"the activation after layer {number // 2 + 1}"


def _same_loss(subject):
    """[(layer, its input), ...] of layers that give the network's loss, or None."""
    from pynn import reference
    numbers = sorted(int(name[1:]) for name in subject.arrays if re.fullmatch(r"W\d+", name))
    weights = [subject.arrays.get(f"W{n}") for n in numbers]
    if not numbers or subject.x.ndim != 2 or any(W.ndim != 2 for W in weights):
        return None
    for kind in (reference.Sigmoid, reference.Relu, dense.Tanh):
        layers = []
        for n, W in zip(numbers, weights):
            layers.append(reference.Affine(W, subject.arrays.get(f"b{n}", np.zeros(W.shape[1]))))
            layers[-1].names = {f"W{n}": "dW", f"b{n}": "db"}
            layers.append(kind())
        layers[-1] = reference.SoftmaxWithLoss()
        try:
            inputs = [subject.x]
            for layer in layers[:-1]:
                inputs.append(layer.forward(inputs[-1]))
            loss = layers[-1].forward(inputs[-1], subject.t)
        except (ValueError, IndexError, TypeError):
            return None
        others = (_cross_entropy(dense.softmax(inputs[-1], axis), subject.t) for axis in (0, None))
        if any(np.isclose(value, subject.loss(), rtol=1e-9) for value in (loss, *others)):
            return list(zip(layers, inputs))
    return None


def _douts(subject, chain):
    """The right dout of each layer."""
    dout, douts = chain[-1][0].backward(1), [1]
    for layer, _ in reversed(chain[:-1]):
        douts.insert(0, dout)
        dout = layer.backward(dout)
    return douts


def _with_mistake(chain, douts, number, guess):
    """The gradients of all parameters if layer `number` makes the mistake."""
    grads = {}
    for layer, _ in chain[:-1]:
        grads.update((name, getattr(layer, attribute)) for name, attribute in getattr(layer, "names", {}).items())
    layer = chain[number][0]
    if guess.key != "x":
        return {**grads, **{name: guess.value for name, attribute in layer.names.items() if attribute == f"d{guess.key}"}}
    dout = guess.value
    for below, _ in reversed(chain[:number]):
        saved = {name: getattr(below, name) for name in ("dW", "db") if hasattr(below, name)}
        dout = below.backward(dout)
        grads.update((name, getattr(below, attribute)) for name, attribute in getattr(below, "names", {}).items())
        for name, value in saved.items():
            setattr(below, name, value)
    return grads
