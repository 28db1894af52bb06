"""Mistakes that show in more than one call: in what is left over, in another batch, under another name."""

import numpy as np

from pynn.check.hypothesis import Hypothesis, explains


def of_state(evidence, name):
    """A gradient that depends on the calls before: a Hypothesis, or None."""
    first, after, again = (None if grads is None else grads[name] for grads in (evidence.first, evidence.after, evidence.again))
    numerical = evidence.numerical(name)
    if after is None or again is None or after.shape != numerical.shape:
        return None
    if evidence.subject.trained:
        changed = ", ".join(sorted(evidence.subject.trained))
        return Hypothesis("params-changed", name, after, f"computing the gradient changes {changed}; leave that to the "
                                                         "optimizer's update", "6.1.2")
    first_right = evidence.agrees(first, name)
    if not np.array_equal(after, again) and explains(again - after, numerical) and not evidence.agrees(again, name):
        return Hypothesis("accumulates", name, again, f"d{name} accumulates between calls: the second is the sum of both; begin "
                                                      "each "
                          "backward pass from zero, with = and not +=", "5.7.2")
    if evidence.agrees(again, name) and not evidence.agrees(after, name) or first_right and not evidence.agrees(after, name):
        return Hypothesis("stale", name, after, f"d{name} is stale, from the previous call: after another batch it is not that "
                                                "of the "
                          "batch at hand; run forward first, keep what this very pass saw, and read the gradient after "
                          "backward", "5.7.2")
    return None


def exchanged(evidence, name):
    """A gradient filed under another name: a Hypothesis, or None."""
    for other in evidence.subject.arrays:
        if other != name and explains(evidence.backprop[name], evidence.numerical(other)):
            return Hypothesis("exchanged", name, None, f"d{name} holds the gradient of {other}", "5.7.2")
    return None


def one_sample(evidence, name):
    """A gradient of the first or the last sample alone: a Hypothesis, or None."""
    subject = evidence.subject
    count = len(subject.x) if np.ndim(subject.x) else 0
    for row, which in ((count - 1, "last"), (0, "first")) if count > 1 and name not in ("x", "y") else ():
        try:
            alone = type(evidence)(subject.with_rows(np.array([row])), evidence.tol, evidence.entries)
        except (RuntimeError, ValueError):
            return None
        for factor in (1, 1 / count):
            if explains(evidence.backprop[name], factor * alone.numerical(name)):
                return Hypothesis("one-sample", name, None, f"d{name} is that of the {which} sample alone; sum over the batch, "
                                                            "with += "
                                  "in a loop over samples", "5.6.2")
    return None


def unknown(evidence, name):
    wrong = evidence.errors[name] > evidence.tol
    return Hypothesis("unknown", name, None, f"d{name} is wrong in {int(wrong.sum())} of {wrong.size} entries, in no way known "
                                             "here; "
                      "compare it with the formula, on one sample at first", "5.7.3")
