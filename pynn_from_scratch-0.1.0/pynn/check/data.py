"""What can be seen of samples and labels before any network sees them."""

import numpy as np

from pynn.check.findings import Finding


def look_at_samples(x):
    """Findings about the inputs, (N, ...)."""
    found = []
    rows = x.reshape(len(x), -1)
    bad = int(np.sum(~np.isfinite(rows)))
    if bad:
        where = np.argwhere(~np.isfinite(rows))[0]
        return [Finding("not-finite", f"{bad} values of x are NaN or infinite, the first in sample {where[0]}",
                        "leave those samples out or fill them in; one of them makes the loss NaN", "3.6.1", fatal=True)]
    largest, least = float(rows.max()), float(rows.min())
    if least >= 0 and 1.5 < largest <= 255 and np.array_equal(rows, np.round(rows)) and largest > 15:
        found.append(Finding("pixels-not-divided", f"x holds whole numbers from {least:.0f} to {largest:.0f}, pixels that were "
                                                   "not divided",
                             "divide by 255.0, or load with normalize=True", "3.6.1"))
    constant = np.ptp(rows, axis=0) == 0
    if len(rows) > 1 and constant.all():
        found.append(Finding("same-samples", f"all {len(rows)} samples of x are the same", "look at how x was read or "
                                                                                           "sliced", "3.6.1"))
    elif len(rows) >= 10 and constant.mean() > 0.9:
        found.append(Finding("constant-columns", f"{int(constant.sum())} of {constant.size} columns of x never change",
                             "look at a sample as an image: pynn.plot.show_images(x[:10])", "3.6.1"))
    return found + _scales(rows[:, ~constant], found)


def _scales(columns, before):
    if columns.shape[1] < 2 or len(columns) < 10 or before:
        return []
    spread = columns.std(axis=0)
    if columns.shape[1] <= 100 and spread.max() > 1000 * spread.min():
        return [Finding("scales-differ", f"one column of x varies {spread.max() / spread.min():.0f} times as much as another",
                        "normalize: x = (x - x.mean(axis=0)) / x.std(axis=0)", "3.6.2")]
    if np.abs(columns.mean()) > 100 * columns.std() or columns.std() > 100:
        return [Finding("large-numbers", f"x has mean {columns.mean():.4g} and standard deviation {columns.std():.4g}",
                        "normalize: x = (x - x.mean(axis=0)) / x.std(axis=0)", "3.6.2")]
    return []


def look_at_labels(x, t, classes):
    """Findings about labels (N,) or one-hot (N, classes) for a network with that many outputs."""
    if t.ndim == 2 and t.shape[1] == 1:
        return [Finding("labels-column", f"t has shape {t.shape}", f"t must be ({len(t)},); use t.ravel()", "4.2.4", fatal=True)]
    if len(t) != len(x):
        return [Finding("labels-number", f"x has {len(x)} samples but t has {len(t)} labels", "take the same rows of "
                                                                                              "both", "4.2.3",
                        fatal=True)]
    if t.ndim == 2:
        return _one_hot(t, classes)
    if t.dtype.kind == "f" and not np.all(np.isfinite(t)):
        return [Finding("labels-not-finite", "t has NaN or infinite labels", "leave those samples out", "4.2.4", fatal=True)]
    if t.dtype.kind not in "iu":
        return [Finding("labels-not-integers", f"t has dtype {t.dtype}", "labels must be integers: t = "
                                                                         "t.astype(int)", "4.2.4", fatal=True)]
    return _numbers(t, classes) + contradictions(x, t)


def _one_hot(t, classes):
    if t.shape[1] != classes:
        return [Finding("labels-outside", f"t is one-hot for {t.shape[1]} classes but the network has {classes} outputs",
                        "build the network with as many outputs as there are classes", "4.2.3", fatal=True)]
    sums = t.sum(axis=1)
    if not np.allclose(sums, 1):
        return [Finding("not-one-hot", f"row {int(np.argmax(~np.isclose(sums, 1)))} of t sums to "
                                       f"{sums[~np.isclose(sums, 1)][0]:.4g}",
                        "each row of one-hot labels has a single 1", "3.6.1")]
    return _balance(t.argmax(axis=1), classes)


def _numbers(t, classes):
    if t.min() == 1 and t.max() == classes:
        return [Finding("labels-from-1", f"labels count from 1 to {classes}, outputs from 0 to {classes - 1}", "subtract 1: t = "
                                                                                                               "t - 1",
                        "4.2.4", fatal=True)]
    outside = (t < 0) | (t >= classes)
    if outside.any():
        first = int(np.argmax(outside))
        return [Finding("labels-outside", f"{int(outside.sum())} labels are outside of 0 to {classes - 1}, the first t[{first}] "
                                          f"= {t[first]}",
                        "give the network as many outputs as there are classes, or correct the labels", "4.2.4", fatal=True)]
    return _balance(t, classes)


def _balance(labels, classes):
    counts = np.bincount(labels, minlength=classes)
    if len(labels) < 10 * classes:
        return []
    if np.count_nonzero(counts) == 1:
        return [Finding("one-class", f"all {len(labels)} labels are {int(counts.argmax())}", "shuffle before taking a part of "
                                                                                             "the data: "
                        "x, t = pynn.shuffle_dataset(x, t)", "4.2.3")]
    if (counts == 0).any():
        missing = ", ".join(map(str, np.flatnonzero(counts == 0)[:5]))
        return [Finding("missing-classes", f"no sample has label {missing}", "shuffle before taking a part of the data, or give "
                                                                             "the network "
                        "fewer outputs", "4.2.3")]
    if counts.max() > 5 * counts.min():
        most, least = int(counts.argmax()), int(counts.argmin())
        return [Finding("imbalance", f"class {most} has {counts.max()} samples, class {least} only {counts.min()}; always "
                                     f"answering {most} is "
                        f"right in {counts.max() / len(labels):.0%}", "compare the accuracy with that; draw rare classes more "
                                                                      "often", "4.2.5")]
    return []


def contradictions(x, t):
    """A finding if equal samples have different labels."""
    rows = np.ascontiguousarray(x.reshape(len(x), -1))
    seen, pairs = {}, 0
    for row, label in zip(rows, t):
        pairs += seen.setdefault(row.tobytes(), label) != label
    if not pairs:
        return []
    return [Finding("contradictions", f"{pairs} samples equal another sample that has a different label", "look at how x and t "
                                                                                                          "were put "
                    "together", "4.1.2")]
