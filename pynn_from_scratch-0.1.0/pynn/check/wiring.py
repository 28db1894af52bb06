"""The layer of a network in which its gradient goes wrong, or what is wrong between the layers."""

import copy

import numpy as np

from pynn.check.copies import walk
from pynn.check.hypothesis import Diagnosis, Hypothesis, explains, merged, place
from pynn.check.layer import explain_layer, ties
from pynn.check.layer_subject import LayerSubject
from pynn.check.patterns import by_pattern, by_ratio, by_shape
from pynn.check.perceptron import explain_perceptron
from pynn.check.state import exchanged, of_state, one_sample, unknown
from pynn.layers.protocol import takes


def diagnose_network(evidence):
    """The diagnoses for a network."""
    parts = recorded_layers(evidence.subject)
    if evidence.wrong() and not _trains(evidence.subject):
        return [Diagnosis("training-flag", "gradient runs forward with train_flg=False, that is with the running statistics and "
                                           "without "
                          "dropout; it must call loss(x, t, train_flg=True)", place(evidence.subject.thing, "gradient"), "6.3.1")]
    found = _in_layers(parts, type(evidence) if evidence.wrong() else None, evidence.tol)
    if evidence.wrong() and not found:
        found = merged(_between_layers(evidence, parts))
    return merged(found)


class Part:
    """A layer of a network with what it was given in a forward pass."""

    def __init__(self, label, layer, inputs):
        self.label, self.layer, self.inputs = label, layer, inputs


def recorded_layers(subject):
    """The layers in the order in which the loss calls them, those within others before them."""
    twins, parts, calls = {}, {}, {}
    net = copy.deepcopy(subject.pristine, twins)
    for number, (label, layer) in enumerate(labelled_layers(subject.pristine)):
        parts[number] = label, layer
        if id(layer) in twins:
            listen(twins[id(layer)], lambda inputs, out, number=number: _note(calls, number, inputs))
    subject.random.restore(net)
    net.loss(subject.x.copy(), subject.t.copy(), **subject.training)
    return [Part(*parts[number], inputs) for number, inputs in calls.items()]


def labelled_layers(net):
    """(label, layer) for every object in the network with a forward and a backward method."""
    found = {}
    for owner, key, value in walk(net):
        if callable(getattr(value, "forward", None)) and callable(getattr(value, "backward", None)) and value is not net:
            label = f"layers[{key!r}]" if isinstance(owner, (dict, list)) else str(key)
            if id(value) not in found or "['" in label:         # by its name rather than by a number
                found[id(value)] = label, value
    return list(found.values())


def _note(calls, number, inputs):
    calls.pop(number, None)             # a layer called twice counts where it was last
    calls[number] = [np.array(value) for value in inputs if isinstance(value, np.ndarray)]


def listen(layer, hear):
    """Have ``hear(inputs, out)`` called after each forward pass of a layer."""
    forward = layer.forward

    def heard(*args):
        out = forward(*args)
        hear(args, out)
        return out

    def heard_in_training(x, train_flg=True):
        out = forward(x, train_flg)
        hear((x,), out)
        return out

    layer.forward = heard_in_training if takes(forward, "train_flg") else heard


def _trains(subject):
    """Whether `gradient` tells every layer that asks for it that this is training."""
    net, flags = copy.deepcopy(subject.pristine), []
    for _, layer in labelled_layers(net):
        if takes(layer.forward, "train_flg"):
            _note_flag(layer, flags)
    subject.random.restore(net)
    try:
        net.gradient(subject.x.copy(), subject.t.copy())
    except Exception:           # backward may well fail without what forward keeps in training
        pass
    return all(flags)


def _note_flag(layer, flags):
    forward = layer.forward

    def noting(x, train_flg=True):
        flags.append(train_flg)
        return forward(x, train_flg)

    layer.forward = noting


def diagnose_layers(subject, evidence_of, tol):
    """The diagnoses for the layers of a network alone; `evidence_of` is the class of the evidence."""
    return merged(_in_layers(recorded_layers(subject), evidence_of, tol))


def _in_layers(parts, evidence_of, tol):
    """The diagnoses of each layer with what it was given, the last layer's first; without `evidence_of` only ties in pooling."""
    found = []
    for part in reversed(parts):
        if evidence_of is None and not hasattr(part.layer, "pool_h"):
            continue
        try:
            subject = _alone(part)
            checked = evidence_of and evidence_of(subject, tol, 200)
        except (TypeError, ValueError, RuntimeError, AttributeError, IndexError):
            continue            # it needs its network; what is wrong between the layers is looked at all the same
        if checked and part is parts[0] and checked.backprop.get("x", 0) is None:
            checked.problems.pop("x")       # nobody needs the gradient of the network's input
            checked.errors["x"] = np.zeros(subject.x.shape)
        diagnoses = explain_layer(checked) if checked else ties(subject)
        found += [d._replace(where=f"{part.label}: {d.where}") for d in diagnoses]
    return found


def _alone(part):
    if not part.inputs:
        raise TypeError("no array was given")
    return LayerSubject(part.layer, *part.inputs[:2], *([None] if len(part.inputs) == 1 else []))


def _between_layers(evidence, parts):
    subject, found = evidence.subject, []
    whole = _skipped(evidence, parts) or explain_perceptron(evidence)
    for name in evidence.wrong():
        claimed, numerical = evidence.backprop[name], evidence.numerical(name)
        state = of_state(evidence, name) or _only_after(evidence, name)
        if state is not None:
            h = (state.code, state.says, state.section)
        elif claimed is None:
            h = ("missing", f"gradient returns nothing for {name!r}; every key of params needs its gradient", "5.7.2")
        elif claimed.shape != numerical.shape:
            h = _three(by_shape(name, claimed, numerical))
        else:
            h = (_three(exchanged(evidence, name)) or _detached(name, claimed, numerical) or _decay(evidence, name) or whole
                 or _three(by_ratio(name, claimed, numerical, subject))
                 or _damaged(parts) or _three(by_pattern(name, claimed, numerical)) or _three(one_sample(evidence, name))
                 or _three(unknown(evidence, name)))
        found.append(Diagnosis(h[0], h[1], place(subject.thing, "gradient", name), h[2]))
    return found


def _three(h):
    return h and (h.code, h.says, h.section)


def _only_after(evidence, name):
    """A gradient that needs an earlier forward pass, or that of the call before."""
    missing = evidence.first is None or evidence.first[name] is None
    if missing and evidence.after[name] is not None:
        return Hypothesis("stale", name, None, f"the gradient of {name} is stale, from the previous call; run the forward pass "
                                               "first, then "
                          "backward, and only then read dW and db", "5.7.2")
    return None


def _detached(name, claimed, numerical):
    if np.any(claimed) and not np.any(np.nan_to_num(numerical)):
        return ("detached", f"the loss does not depend on params[{name!r}]: the layers hold another array; change it in place, "
                f"params[{name!r}][...] = new", "5.7.2")
    return None


def _decay(evidence, name):
    param = evidence.subject.arrays[name]
    difference = evidence.backprop[name] - evidence.numerical(name)
    known = np.isfinite(difference)
    if param.ndim < 2 or not known.any() or not np.any(param[known]):
        return None
    strength = float(difference[known] @ param[known] / (param[known] @ param[known]))
    if not explains(np.where(known, strength * param, 0), np.where(known, difference, np.nan)):
        return None
    rate = f"{abs(strength):.4g} * {name}"
    if strength < 0:
        return ("weight-decay-missing", f"the gradient of {name} lacks {rate}: weight decay is in the loss and missing in the "
                                        "gradient, "
                "which needs + weight_decay_lambda * W", "6.4.2")
    return ("weight-decay-extra", f"the gradient of {name} has {rate} too much: weight decay is added twice, or is missing in "
                                  "the loss, "
            "or there lacks its 1/2", "6.4.2")


def _damaged(parts):
    for part in parts:
        subject = _try_alone(part)
        if subject is not None and subject.damages:
            what = min(subject.damages)
            return ("dout-damaged" if what == "dout" else "input-damaged", f"{part.label} changes {what} in place, damaged for "
                                                                           "whatever reads "
                    f"it afterwards; work on {what}.copy()", "5.5.1")
    return None


def _try_alone(part):
    try:
        return _alone(part)
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError):
        return None


def _skipped(evidence, parts):
    """What backward would give with a layer left out, or with the layers in the order of forward."""
    subject = evidence.subject
    wrong = [name for name in evidence.wrong() if name not in evidence.problems]
    if len(parts) < 3 or not wrong:
        return None
    numbers = list(range(len(parts) - 1))
    whole = _backward_through(subject, parts, numbers[::-1])
    if whole is None or all(explains(evidence.backprop[name], whole.get(name)) for name in wrong):
        return None             # that is what gradient does
    trials = [([n for n in reversed(numbers) if n != left_out],
               ("layer-skipped", f"gradient leaves out backward of {parts[left_out].label}", "5.7.2")) for left_out in numbers]
    trials.append((numbers, ("order", "gradient goes through the layers in the order of forward; it must begin with the last, "
                             "reversed(layers)", "5.7.2")))
    for order, h in trials:
        grads = _backward_through(subject, parts, order)
        if grads and all(name in grads and explains(evidence.backprop[name], grads[name]) for name in wrong):
            return h
    return None


def _backward_through(subject, parts, order):
    """The gradients that the layers hold after backward passes in an order of one's own, by the names of params."""
    twins = {}
    net = copy.deepcopy(subject.pristine, twins)
    chain = [twins[id(part.layer)] for part in parts]
    subject.random.restore(net)
    try:
        net.loss(subject.x.copy(), subject.t.copy(), **subject.training)
        dout = chain[-1].backward(1)
        for number in order:
            dout = chain[number].backward(dout)
    except Exception:           # an order that does not work at all is no explanation
        return None
    owners = {id(value): (layer, key) for layer in chain for key, value in vars(layer).items() if isinstance(value, np.ndarray)}
    grads = {}
    for name, param in net.params.items():
        layer, key = owners.get(id(param), (None, None))
        grad = getattr(layer, f"d{key}", None)
        if grad is not None:
            grads[name] = np.array(grad)
    return grads
