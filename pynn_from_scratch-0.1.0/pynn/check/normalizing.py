"""The usual mistakes of batch normalization and dropout (sections 6.3 and 6.4), as `dense` has those of the other layers."""

import numpy as np

from pynn.check.hypothesis import Hypothesis


def dropout(s):
    """A random mask times x (section 6.4.3)."""
    if s.out.shape != s.x.shape or s.param_names or not s.random.needed or len(s.inputs) > 1:
        return None
    known = np.abs(s.x) > 1e-12
    kept = known & (s.out != 0)
    if not kept.any():
        return None
    scale = float(np.median(s.out[kept] / s.x[kept]))
    if not np.allclose(s.out[kept], scale * s.x[kept]):
        return None
    claimed = s.gradients()[0]["x"]
    if claimed is None or claimed.shape != s.x.shape:
        return []
    code, says = _mask(claimed / s.dout, known, kept, scale)
    return [Hypothesis(code, "x", np.where(known, claimed, np.nan), says, "6.4.3")] if code else []


def _mask(factor, known, kept, scale):
    """What backward multiplied dout by, if that was a mask of some kind or one number."""
    passed, dropped = known & (factor != 0), known & ~kept
    number = float(np.median(factor[passed])) if passed.any() else 0.0
    if not number or not np.allclose(factor[passed], number) or np.isclose(number, -scale):
        return None, None
    if np.array_equal(passed, known):
        return "mask-not-applied", (f"the dropout mask is not applied in backward: dx is dout times {number:.4g} everywhere; it is "
                                    "dout * mask")
    if np.array_equal(passed, kept):
        return "dropout-scale", (f"forward multiplies what it keeps by {scale:.4g} and backward by {number:.4g}; both must be the "
                                 "same")
    if np.array_equal(passed, dropped):
        return "mask-inverted", "the dropout mask is inverted: dx passes dout where a unit was dropped"
    return "dropout-mask-redrawn", "the dropout mask is redrawn in backward; it must be the one that forward drew and kept"


def batch_normalization(s):
    """(x - mean) / std * gamma + beta (section 6.3)."""
    gamma, beta = s.arrays.get("gamma"), s.arrays.get("beta")
    if gamma is None or s.is_loss or s.out.shape != s.x.shape or len(s.x) < 1:
        return None
    per_channel = s.x.ndim == 4 and gamma.size == s.x.shape[1] != s.x[0].size
    x, dout = _rows(s.x, per_channel), _rows(s.dout, per_channel)
    if gamma.size not in (1, x.shape[1]):
        return None
    n = len(x)
    xc = x - x.mean(axis=0)
    var = np.mean(xc**2, axis=0)
    std = _std(_rows(s.out, per_channel), xc, var, gamma, 0 if beta is None else beta)
    if std is None:
        return None
    guesses = _of_x(xc, std, gamma.ravel() * dout, dout, n)
    xn = xc / std
    guesses += [("gamma", "not-normalized", np.sum(dout * x, axis=0), "dgamma is taken with x; it must be np.sum(xn * dout, "
                                                                      "axis=0)"),
                ("gamma", "not-normalized", np.sum(dout * xc, axis=0), "dgamma is taken with xc, not divided by std; it must be "
                 "np.sum(xn * dout, axis=0)"),
                ("gamma", "bias-axis", np.full(gamma.size, np.sum(dout * xn)), "dgamma is summed over the wrong axis; it needs "
                                                                               "axis=0"),
                ("gamma", "wrong-operand", dout.sum(axis=0), "dgamma is np.sum(dout, axis=0), which is dbeta; it must be "
                 "np.sum(xn * dout, axis=0)"),
                ("beta", "wrong-operand", np.sum(dout * xn, axis=0), "dbeta is np.sum(xn * dout, axis=0), which is dgamma; it "
                                                                     "must be "
                 "np.sum(dout, axis=0)"),
                ("beta", "bias-not-summed", dout, "dbeta is not summed over the batch; it must be np.sum(dout, axis=0)"),
                ("beta", "bias-axis", dout.sum(axis=1), "dbeta is summed over the wrong axis; it must be np.sum(dout, axis=0)"),
                ("gamma", "bias-axis", np.sum(dout * xn, axis=1), "dgamma is summed over the wrong axis; it needs axis=0"),
                ("beta", "one-sample", dout[-1], "dbeta is that of the last sample alone; it must be summed over the batch")]
    return [Hypothesis(code, key, _images(value, s.x.shape, per_channel) if key == "x" else value, says, "6.3.1")
            for key, code, value, says in guesses]


def _rows(x, per_channel):
    """(N, D), or per channel (N H W, C): the mean is over the rows."""
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1]) if per_channel else x.reshape(len(x), -1)


def _images(rows, shape, per_channel):
    if not per_channel:
        return rows.reshape(shape)
    return rows.reshape(shape[0], shape[2], shape[3], shape[1]).transpose(0, 3, 1, 2)


def _std(out, xc, var, gamma, beta):
    """The standard deviation that forward divides by: with the book's epsilon or another common one."""
    for epsilon in (10e-7, 1e-7, 1e-5, 1e-8, 1e-6, 1e-3, 1e-12, 0.0):
        for std in (np.sqrt(var + epsilon), np.sqrt(var) + epsilon):
            with np.errstate(all="ignore"):
                if np.allclose(out, gamma.ravel() * xc / std + np.ravel(beta), rtol=1e-7, atol=1e-9):
                    return std
    return None


def _of_x(xc, std, dxn, dout, n):
    """Wrong formulas for dx, each with one step of the right one left out or changed."""
    def dx(dxn=dxn, variance=1.0, mean=1.0, power=2):
        dstd = -np.sum(dxn * xc / std**power, axis=0)
        dxc = dxn / std + variance * xc * dstd / std / n
        return dxc - mean * dxc.mean(axis=0)

    held = "batch norm's statistics are held constant in backward"
    return [
        ("x", "batchnorm-constant", dxn / std, f"{held}: dx is gamma * dout / std; mean and variance depend on x, too"),
        ("x", "batchnorm-constant", dout / std, f"{held}, and gamma is left out: dx is dout / std"),
        ("x", "batchnorm-constant-mean", dx(mean=0.0), f"{held}, the mean: dx lacks the mean of dxc, which x moves, too"),
        ("x", "batchnorm-constant-variance", dx(variance=0.0), f"{held}, the variance: dx lacks the part that goes through std"),
        ("x", "gamma-forgotten", dx(dxn=dout), "dx lacks gamma: it begins with dxn = gamma * dout"),
        ("x", "batch-size", dx(variance=float(n)), "the variance's part of dx is not divided by the batch size"),
        ("x", "batch-size", dx(mean=float(n)), "the mean's part of dx is not divided by the batch size"),
        ("x", "factor-2", dx(variance=0.5), "the variance's part of dx lacks the factor 2 of the square's derivative"),
        ("x", "factor-2", dx(variance=2.0), "the variance's part of dx lacks the factor 0.5 of the root's derivative"),
        ("x", "sign", dx(variance=-1.0), "the variance's part of dx has the wrong sign: dstd = -np.sum(dxn * xc / std**2, "
                                         "axis=0)"),
        ("x", "sign", dx(mean=-1.0), "the mean's part of dx has the wrong sign: it is subtracted"),
        ("x", "batchnorm-std", dx(power=1), "dstd lacks a division by std: dstd = -np.sum(dxn * xc / std**2, axis=0)"),
        ("x", "batchnorm-std", dx(power=3), "dstd is divided by std once too often: dstd = -np.sum(dxn * xc / std**2, axis=0)"),
        ("x", "batchnorm-std", dx(power=2) * std, "dx is not divided by std")]
