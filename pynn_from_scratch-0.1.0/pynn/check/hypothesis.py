"""Explanations of a wrong gradient: what is said of each, and how an explanation is put to the test."""

import re
from typing import NamedTuple

import numpy as np

MATCH = 2e-5            # of the largest derivative; what an explanation may be off


class Hypothesis(NamedTuple):
    """The gradient of `key` that a certain mistake gives."""

    code: str
    key: str
    value: np.ndarray
    says: str
    section: str


class Diagnosis(NamedTuple):
    """What is likely wrong.

    Attributes
    ----------
    code : str
        A short name, the same for the same mistake; docs/checks.md lists them.
    says : str
        The mistake in a sentence.
    where : str
        Class and method, and where the source is at hand the file and line.
    section : str
        Of the book, where the right formula is derived.
    wrong : bool
        False for a remark on a gradient that is right.
    """

    code: str
    says: str
    where: str
    section: str
    wrong: bool = True

    def __str__(self):
        kind = "diagnosis" if self.wrong else "remark"
        return f"{kind}: {self.code}: {self.says}; look at {self.where} (section {self.section})"


def explains(value, numerical):
    """Whether `value` is `numerical`, NaN there matching anything, where there is something to match."""
    if value is None or numerical is None:
        return False
    value, numerical = np.asarray(value), np.asarray(numerical)
    if value.shape != numerical.shape:
        return False
    known = np.isfinite(numerical)
    if not known.any() or not np.all(np.isfinite(value[known])):
        return False
    largest = max(np.max(np.abs(numerical[known])), np.max(np.abs(value[known])))
    return largest > 0 and float(np.max(np.abs(value[known] - numerical[known]))) <= MATCH * largest


def merged(diagnoses):
    """One of each code and place."""
    unique = {}
    for diagnosis in diagnoses:
        unique.setdefault((diagnosis.code, diagnosis.where.split(" (")[0], diagnosis.wrong), diagnosis)
    unknowns = [d for d in unique.values() if d.code == "unknown"]
    return [d for d in unique.values() if d not in unknowns] + unknowns


def place(thing, method, name=None):
    """``Affine.backward (layers.py, line 12: self.dW = ...)``, as far as the source can be had."""
    import inspect
    owner = f"{type(thing).__name__}.{method}"
    function = inspect.unwrap(getattr(type(thing), method, None) or getattr(thing, method, thing))
    try:
        lines, first = inspect.getsourcelines(function)
        file = inspect.getsourcefile(function).replace("\\", "/").rsplit("/", 1)[-1]
    except (OSError, TypeError):
        return owner
    for pattern in map(re.compile, _patterns(name)):
        for number, line in enumerate(lines):
            if pattern.search(line):
                return f"{owner} ({file}, line {first + number}: {line.strip()})"
    return f"{owner} ({file}, line {first})"


def _patterns(name):
    """What the line looks like that computes the gradient of `name`."""
    if name is None:
        return []
    if name in ("x", "y"):
        return [rf"\bd{name}\b.*=[^=]", r"\breturn\b"]
    return [rf"\bd{re.escape(name)}\b\s*(\[.*\])?\s*[-+*/]?=[^=]", rf"['\"]{re.escape(name)}['\"]\]\s*[-+*/]?=[^=]",
            rf"['\"]{re.escape(name)}['\"]"]
