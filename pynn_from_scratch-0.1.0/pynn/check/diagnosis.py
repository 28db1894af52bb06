"""From the evidence of a gradient check to what is wrong."""

import numpy as np

from pynn.check import dense
from pynn.check.hypothesis import Diagnosis, Hypothesis, explains, merged
from pynn.check.layer import explain_layer, remarks
from pynn.check.layer_subject import LayerSubject
from pynn.check.patterns import by_pattern, by_ratio
from pynn.check.state import unknown
from pynn.check.subjects import FunctionSubject, NetworkSubject
from pynn.check.wiring import diagnose_network


def diagnose_gradient(evidence):
    """The diagnoses for a gradient check, the best explanation first, remarks on right gradients last."""
    subject = evidence.subject
    if isinstance(subject, NetworkSubject):
        return diagnose_network(evidence)
    if isinstance(subject, FunctionSubject):
        guesses = [_of_function(evidence, name) for name in evidence.wrong()]
        return [Diagnosis(h.code, h.says, f"the gradient of {subject.name}", h.section) for h in guesses]
    return merged(explain_layer(evidence)) or remarks(subject)


def _of_function(evidence, name):
    claimed, numerical, subject = evidence.backprop[name], evidence.numerical(name), evidence.subject
    if claimed is None or claimed.shape != numerical.shape:
        return Hypothesis("shape", name, None, evidence.problems[name], "4.4")
    if np.shape(subject.f(subject.x.copy())) == subject.x.shape and subject.x.ndim:
        layer = LayerSubject(_AsLayer(subject.f), subject.x, None, dout=np.ones(subject.x.shape))
        for guess in dense.elementwise(layer) or ():
            if explains(claimed, guess.value):
                return guess
    return (by_ratio(name, claimed, numerical, subject) or by_pattern(name, claimed, numerical) or unknown(evidence, name))


class _AsLayer:
    """An elementwise function where a layer is due."""

    def __init__(self, f):
        self.f = f

    def forward(self, x):
        return self.f(x)

    def backward(self, dout):
        return dout
