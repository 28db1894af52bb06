"""Mistakes that show in the ratio and the shape of the two gradients alone, whatever the layer."""

import numpy as np

from pynn.check.differences import Differences
from pynn.check.hypothesis import Hypothesis, explains


def by_shape(name, claimed, numerical):
    """A gradient of another shape than its parameter: a Hypothesis."""
    def says(code, text, section="5.6.2"):
        return Hypothesis(code, name, claimed, text, section)

    if claimed.ndim == numerical.ndim == 2 and claimed.shape == numerical.shape[::-1]:
        return says("transposed", f"d{name} is transposed: of shape {claimed.shape} where {name} is {numerical.shape}; "
                    "the factors of the product, x.T and dout, are in the wrong order")
    if claimed.ndim > numerical.ndim and claimed.size != numerical.size:
        return says("bias-not-summed", f"d{name} is not summed over the batch: of shape {claimed.shape} where {name} is "
                    f"{numerical.shape}; sum over every axis but the neurons', np.sum(dout, axis=0), or axis=(0, 2, 3) for "
                    "images")
    if numerical.size == 1 and claimed.ndim == 1:
        return says("bias-length", f"{name} has length 1 and NumPy adds it to all {claimed.size} neurons; give each its own, "
                    f"{name} = np.zeros({claimed.size})")
    if claimed.size == 1:
        return says("bias-axis", f"d{name} is summed over every axis, the wrong ones too, to one number where {name} is "
                    f"{numerical.shape}; it needs axis=0")
    if claimed.size == numerical.size:
        if claimed.ndim == numerical.ndim + 1 and 1 in claimed.shape:
            return says("kept-axis", f"d{name} has shape {claimed.shape} where {name} is {numerical.shape}; leave out "
                        f"keepdims=True, or {name} changes its shape in the first update")
        if explains(claimed.reshape(numerical.shape), numerical):
            return says("not-reshaped", f"d{name} has the right numbers in shape {claimed.shape}; it must be reshaped to "
                        f"{numerical.shape}")
    if numerical.ndim == 1 and claimed.ndim == 1:
        return says("bias-axis", f"d{name} is summed over the wrong axis: of shape {claimed.shape} where {name} is "
                    f"{numerical.shape}; it needs np.sum(dout, axis=0)")
    return says("shape", f"d{name} has shape {claimed.shape} where {name} is {numerical.shape}", "5.6.1")


def by_ratio(name, claimed, numerical, subject):
    """A gradient that is the right one times a number: a Hypothesis, or None if it is not."""
    def says(code, text, section="5.7.3"):
        return Hypothesis(code, name, claimed, text, section)

    known = np.isfinite(numerical)
    if not np.all(np.isfinite(claimed)):
        return says("not-finite", f"d{name} has NaN or infinite entries: a division by 0, a log of 0 or an overflow", "3.5.2")
    if not np.any(claimed[known]):
        return says("zero", f"d{name} is zero everywhere; the gradient is not passed on, or a product is with zeros", "5.2.1")
    ratio = _constant_ratio(claimed, numerical)
    if ratio is not None:
        return _by_factor(name, claimed, ratio, subject, says)
    return None


def by_pattern(name, claimed, numerical):
    """A gradient that is right up to its order, its signs or its zeros: a Hypothesis, or None."""
    def says(code, text, section="5.7.3"):
        return Hypothesis(code, name, claimed, text, section)

    known = np.isfinite(numerical)
    for axes in _exchanged_axes(numerical):
        if explains(claimed, np.transpose(numerical, axes)):
            return says("transposed", f"d{name} is transposed: entry [i, j] holds the derivative of [j, i]", "5.6.1")
    if numerical.ndim == 4 and explains(claimed, numerical[:, :, ::-1, ::-1]):
        return says("flipped", f"d{name} has its rows and columns turned round within each filter", "7.4.3")
    if explains(np.abs(claimed), np.abs(numerical)):
        return says("sign", f"d{name} has the right size and the wrong sign in some entries", "5.2.1")
    part = known & (claimed != 0)
    if part.any() and explains(np.where(part, claimed, 0), np.where(part, numerical, np.where(known, 0, np.nan))):
        lost = int(np.sum(known & (claimed == 0) & (np.abs(numerical) > 0)))
        return says("partly-zero", f"{lost} of {int(known.sum())} entries of d{name} are zero and should not be; the others "
                    "are right", "5.2.1")
    return None


def _constant_ratio(claimed, numerical):
    large = np.isfinite(numerical) & (np.abs(numerical) > 0.1 * np.nanmax(np.abs(numerical), initial=0))
    if not large.any():
        return None
    ratio = float(np.median(claimed[large] / numerical[large]))
    return ratio if explains(claimed, ratio * numerical) and large.sum() > (numerical.size > 1) else None


def _exchanged_axes(numerical):
    shape = numerical.shape
    if numerical.ndim == 2 and shape[0] == shape[1] > 1:
        yield (1, 0)
    if numerical.ndim == 4 and shape[2] == shape[3] > 1:
        yield (0, 1, 3, 2)
    if numerical.ndim == 4 and shape[0] == shape[1] > 1:
        yield (1, 0, 2, 3)


def _by_factor(name, claimed, ratio, subject, says):
    size, sign = abs(ratio), "and of the wrong sign " if ratio < 0 else ""
    power = _power_of_batch_size(subject, name, ratio)
    rest = size / len(subject.x) ** power if power else size
    if power:
        what = "is not divided by the batch size" if power > 0 else "is divided by the batch size once too often"
        more = "" if np.isclose(rest, 1, rtol=1e-4) else f", and further off by the factor {rest:.4g}"
        return says("batch-size", f"d{name} is {ratio:.6g} times the right one {sign}for a batch of {len(subject.x)}: off by the "
                                  "batch "
                    f"size, it {what}{more}", "5.6.3")
    if np.isclose(ratio, -1, rtol=1e-4):
        return says("sign", f"d{name} has the wrong sign everywhere: (y - t) was taken as (t - y), or a minus is "
                            "missing", "5.6.3")
    if np.isclose(size, 2, rtol=1e-4) or np.isclose(size, 0.5, rtol=1e-4):
        return says("factor-2", f"d{name} is {ratio:.6g} times the right one: off by the factor 2; a square was derived without "
                                "its 2, "
                    "or a 1/2 of the loss is missing", "4.2.1")
    return says("factor", f"d{name} is {ratio:.6g} times the right one, in every entry, whatever the batch size", "5.2.1")


def _power_of_batch_size(subject, name, ratio):
    """1 if the ratio grows like the batch size, -1 if it falls so, else 0: found with other batches."""
    with_rows = getattr(subject, "with_rows", None)
    count = len(subject.x) if np.ndim(subject.x) else 0
    if with_rows is None or count == 0:
        return 0
    larger = with_rows(np.resize(np.arange(count), count + 1))
    if name not in larger.arrays:
        return 0
    difference = Differences(larger, name, 60)
    claimed = larger.gradients()[0][name]
    numerical = difference.numerical
    if name in ("x", "y"):              # the row that was repeated is in both batches
        claimed, numerical = claimed[:count], numerical[:count]
    now = _constant_ratio(claimed, numerical)
    if now is None:
        return 0
    for power in (1, -1):
        if np.isclose(now / ratio, ((count + 1) / count) ** power, rtol=1e-3):
            return power
    return 0
