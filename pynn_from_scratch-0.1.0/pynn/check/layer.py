"""What is wrong with one layer: the formula that gives its gradient, the calls before, or a pattern."""

import numpy as np

from pynn.check import dense, images, normalizing
from pynn.check.hypothesis import Diagnosis, Hypothesis, explains, place
from pynn.check.layer_subject import LayerSubject
from pynn.check.patterns import by_pattern, by_ratio, by_shape
from pynn.check.state import exchanged, of_state, one_sample, unknown

KINDS = (dense.softmax_with_loss, dense.affine, dense.arithmetic, images.convolution, images.pooling, normalizing.dropout,
         normalizing.batch_normalization, dense.elementwise)
VAGUE = ("zero", "partly-zero", "unknown")


def explain_layer(evidence):
    """The diagnoses for the wrong arrays of a layer."""
    subject = evidence.subject
    found = _explained(evidence)
    if any(h.code in VAGUE for h in found.values()) and not subject.is_loss:
        better = _elsewhere(evidence)
        found = {name: better.get(name, h) if h.code in VAGUE else h for name, h in found.items()}
    return [Diagnosis(h.code, h.says, place(subject.thing, "backward", name), h.section)
            for name, h in found.items()] + ties(subject)


def _explained(evidence):
    """A Hypothesis for each wrong array."""
    if not evidence.wrong():
        return {}
    guesses = next(filter(None, (kind(evidence.subject) for kind in KINDS)), [])
    return {name: of_state(evidence, name) or _of_layer(evidence, name, guesses) for name in evidence.wrong()}


def _elsewhere(evidence):
    """The same on another input of both signs, where more may show: an inverted mask is only zero where all x are positive."""
    subject = evidence.subject
    x = np.random.default_rng(0).standard_normal(subject.x.shape)
    try:
        probe = LayerSubject(subject.pristine, x, *(subject.inputs[1:] or (None,)))
        explained = _explained(type(evidence)(probe, evidence.tol, 100))
    except Exception:               # the layer may take numbers of another kind only
        return {}
    return {name: h for name, h in explained.items() if h.code not in VAGUE}


def _of_layer(evidence, name, guesses):
    claimed, subject = evidence.backprop[name], evidence.subject
    numerical = evidence.numerical(name)
    if claimed is None:
        return Hypothesis("missing", name, None, f"backward leaves no d{name}: set it, self.d{name} = ..." if name not in "xy"
                          else f"backward returns no d{name}", "5.6.1")
    for guess in guesses:
        if guess.key == name and explains(claimed, guess.value):
            return guess
    if claimed.shape != numerical.shape:
        return by_shape(name, claimed, numerical)
    return (by_ratio(name, claimed, numerical, subject) or _without_dout(evidence, name) or exchanged(evidence, name)
            or _damaged(evidence, name) or by_pattern(name, claimed, numerical) or one_sample(evidence, name)
            or unknown(evidence, name))


def _without_dout(evidence, name):
    subject = evidence.subject
    if subject.is_loss:
        return None
    try:
        ones = type(evidence)(subject.with_dout(np.ones_like(subject.dout)), evidence.tol, 100)
    except (RuntimeError, ValueError):
        return None
    if explains(evidence.backprop[name], ones.numerical(name)):
        return Hypothesis("dout-forgotten", name, None, f"d{name} does not depend on dout, as if that were 1; by the chain rule "
                                                        "it is "
                          "a factor", "5.2.2")
    return None


def _damaged(evidence, name):
    if "dout" in evidence.subject.damages:
        return Hypothesis("dout-damaged", name, None, "backward changes dout in place, damaged for whatever reads it afterwards; "
                                                      "work "
                          "on dout.copy()", "5.5.1")
    if evidence.subject.damages & {"x", "out"}:
        what = min(evidence.subject.damages & {"x", "out"})
        return Hypothesis("input-damaged", name, None, f"{what} is changed in place, and read again later; work on a "
                                                       "copy", "5.5.1")
    return None


def ties(subject):
    """A diagnosis if a max-pooling layer passes more back than it gets where pixels tie."""
    if subject.is_loss or images.pooling(subject) is None:
        return []
    flat = LayerSubject(subject.pristine, np.ones_like(subject.x), None, dout=np.ones_like(subject.dout))
    dx = flat.gradients()[0]["x"]
    if dx is None or dx.sum() <= flat.dout.sum() * (1 + 1e-9):
        return []
    return [Diagnosis("pool-every-tie", "max-pooling routes dout to every tie: where pixels tie for the maximum, only one of "
                                        "them gets "
                      "it, that of argmax", place(subject.thing, "backward", "x"), "7.4.4")]


def remarks(subject):
    """What is worth saying about a layer whose gradient is right."""
    found = []
    if "dout" in subject.damages:
        found.append(Diagnosis("dout-damaged", "backward changes dout in place: harmless in a chain, wrong as soon as anyone else "
                               "reads that array, as where two branches meet; work on dout.copy()",
                               place(subject.thing, "backward"), "5.5.1", False))
    if "x" in subject.damages:
        found.append(Diagnosis("input-damaged", "x is changed in place, which the layer before may have kept; work on x.copy()",
                               place(subject.thing, "forward"), "5.5.1", False))
    guesses = [] if subject.is_loss or subject.param_names or len(subject.inputs) > 1 else dense.elementwise(subject) or []
    if any(guess.section == "5.5.1" for guess in guesses):
        at_zero = LayerSubject(subject.pristine, np.zeros_like(subject.x), None, dout=np.ones_like(subject.x))
        if np.any(at_zero.gradients()[0]["x"]):
            found.append(Diagnosis("relu-at-zero", "the ReLU's mask is taken at < where the book's is at <=: at exactly 0 dout "
                                                   "passes "
                                   "back, where the book has 0; both are right", place(subject.thing, "forward"), "5.5.1", False))
    if guesses and np.any(subject.x < 0) and np.array_equal(subject.out, np.minimum(subject.x, 0)):
        found.append(Diagnosis("relu-mask-inverted", "forward keeps what is below 0, min(0, x), and backward fits that: as a "
                                                     "ReLU its mask "
                               "is inverted, which must be x <= 0", place(subject.thing, "forward"), "5.5.1", False))
    return found
