"""The usual mistakes of affine layers, activations, arithmetic nodes and the softmax with its loss.

Each function takes a `LayerSubject`. It returns None if the layer does not compute what the function is about, else the
gradients that wrong formulas would give, the likeliest mistake first.
"""

import numpy as np

from pynn.check.hypothesis import Hypothesis


def affine(s):
    """``x W + b`` (section 5.6)."""
    W, b = s.arrays.get("W"), s.arrays.get("b")
    if W is None or W.ndim != 2 or s.is_loss or not s.x.ndim or s.x[0].size != W.shape[0] and s.x.ndim > 1:
        return None
    x = s.x.reshape(-1, W.shape[0]) if s.x.size % W.shape[0] == 0 else None
    if x is None or not _is(s.out.reshape(len(x), -1), x @ W + (0 if b is None else b)):
        return None
    dout = s.dout.reshape(len(x), -1)
    square = W.shape[0] == W.shape[1]
    guesses = [("W", "transposed", dout.T @ x, "dW is dout.T @ x, which is transposed; it must be x.T @ dout"),
               ("b", "bias-not-summed", dout, "db is not summed over the batch; it must be np.sum(dout, axis=0)"),
               ("b", "bias-axis", dout.sum(axis=1), "db is summed over the wrong axis, 1 and not 0: db = np.sum(dout, axis=0)"),
               ("b", "bias-axis", np.full(dout.shape[1], dout.sum()), "db is summed over both axes, the wrong one too; it must "
                                                                      "be "
                "np.sum(dout, axis=0)"),
               ("b", "one-sample", dout[0], "db is that of the first sample alone; it must be summed over the batch, "
                "np.sum(dout, axis=0)"),
               ("b", "one-sample", dout[-1], "db is that of the last sample alone; it must be summed over the batch, "
                "np.sum(dout, axis=0)")]
    guesses += [("W", "one-sample", np.outer(row, d), f"dW is that of the {which} sample alone; x.T @ dout sums over the batch")
                for which, row, d in (("first", x[0], dout[0]), ("last", x[-1], dout[-1]))]
    if len(x) == W.shape[0]:
        guesses.append(("W", "transposed", x @ dout, "dW is x @ dout, with x not transposed; it must be x.T @ dout"))
    guesses.append(("x", "wrong-operand", (dout @ (x.T @ dout).T).reshape(s.x.shape), "dx is taken with dW; it must be dout @ "
                                                                                      "W.T"))
    if square:
        guesses += [("x", "weights-not-transposed", (dout @ W).reshape(s.x.shape), "dx is dout @ W, with W not transposed; it "
                                                                                   "must "
                     "be dout @ W.T"),
                    ("x", "weights-forgotten", dout.reshape(s.x.shape), "dx is dout itself; it must be dout @ W.T"),
                    ("W", "wrong-operand", (x @ W + (0 if b is None else b)).T @ dout, "dW is taken with the output instead of "
                                                                                       "the "
                     "input: it must be x.T @ dout")]
    return [Hypothesis(code, key, value, says, "5.6.2") for key, code, value, says in guesses]


def elementwise(s):
    """A function applied to each element: ReLU, sigmoid, tanh or any other (section 5.5)."""
    if s.out.shape != s.x.shape or len(s.inputs) > 1 or s.param_names or not _is_elementwise(s):
        return None
    x, out, dout = s.x, s.out, s.dout
    if _is(out, np.maximum(x, 0)):
        guesses, section = _relu(x, out, dout), "5.5.1"
    elif _is(out, 1 / (1 + np.exp(-np.clip(x, -500, 500)))):
        guesses, section = _sigmoid(x, out, dout), "5.5.2"
    elif _is(out, np.tanh(x)):
        guesses, section = _tanh(x, out, dout), "6.2.2"
    else:
        guesses, section = [], "5.5"
    slope = _slope(s, x)
    guesses += [("derivative-forgotten", dout, "dx is dout itself; it must be multiplied by the derivative of the function"),
                ("forward-for-derivative", dout * out, "dx is dout * out; out is the function and not its derivative"),
                ("derivative-at-output", dout * _slope(s, out), "dx takes the derivative at out, though it is a function of x; "
                                                                "it "
                 "was applied to what is the function's value already"),
                ("chain-added", dout + slope, "dx is dout plus the derivative; by the chain rule it is their product"),
                ("derivative-twice", dout * slope**2, "dx has the derivative as a factor twice"),
                ("derivative-inverse", dout * (1 - slope), "dx is dout * (1 - derivative)")]
    return [Hypothesis(code, "x", value, says, section) for code, value, says in guesses]


def _relu(x, out, dout):
    return [("relu-mask-inverted", dout * (x <= 0), "the ReLU's mask is inverted: dx passes dout where x <= 0 and is 0 where x > "
                                                    "0"),
            ("relu-mask-of-dout", np.maximum(dout, 0), "the mask is taken from dout; it must be that of x, kept by forward"),
            ("relu-mask-of-dout", dout * (x > 0) * (dout > 0), "the mask is taken from dout as well; only that of x counts"),
            ("mask-not-applied", dout, "the mask is not applied: dx is dout, also where x <= 0"),
            ("forward-for-derivative", dout * out, "dx is dout * out; it must be dout where x > 0 and 0 elsewhere"),
            ("forward-for-derivative", np.maximum(x, 0), "dx is the output again; it must be dout where x > 0 and 0 elsewhere")]


def _sigmoid(x, out, dout):
    text = "the sigmoid's derivative is (1 - out) * out"
    return [("derivative-of-input", dout * (1 - x) * x, f"dx is dout * (1 - x) * x, of the input; {text}, of the output"),
            ("derivative-incomplete", dout * (1 - out), f"dx is dout * (1 - out); {text}"),
            ("derivative-wrong-form", dout * (1 - out**2), f"dx is dout * (1 - out**2), which is that of tanh; {text}"),
            ("derivative-wrong-form", dout * (1 + out) * out, f"dx is dout * (1 + out) * out; {text}"),
            ("sign", dout * (out - 1) * out, f"dx has the wrong sign, (out - 1) * out; {text}"),
            ("derivative-wrong-form", dout * (1 - out) * out**2, f"dx has out as a factor twice; {text}"),
            ("derivative-wrong-form", dout * (1 - out)**2, f"dx is dout * (1 - out)**2; {text}")]


def _tanh(x, out, dout):
    text = "the derivative of tanh is 1 - out**2"
    return [("derivative-incomplete", dout * (1 - out), f"dx is dout * (1 - out), without the square; {text}"),
            ("derivative-of-input", dout * (1 - x**2), f"dx is dout * (1 - x**2), of the input; {text}, of the output"),
            ("derivative-wrong-form", dout * (1 + out**2), f"dx is dout * (1 + out**2); {text}"),
            ("derivative-wrong-form", dout * (1 - out)**2, f"dx is dout * (1 - out)**2; {text}"),
            ("derivative-wrong-form", dout * (1 - out) * out, "dx is dout * (1 - out) * out, which is that of the sigmoid; "
                                                              f"{text}")]


def arithmetic(s):
    """``x + y`` and ``x * y`` (section 5.4)."""
    if len(s.inputs) != 2 or s.is_loss:
        return None
    x, y = s.inputs
    if _is(s.out, x * y):
        return [Hypothesis("operands-not-exchanged", key, s.dout * value, f"d{key} is dout * {key}; a product passes back dout "
                                                                          "times "
                           "the other side", "5.4.1") for key, value in (("x", x), ("y", y))]
    if _is(s.out, x + y):
        return [Hypothesis("wrong-operand", key, s.dout * value, f"d{key} is dout times a number that came in; a sum passes dout "
                           "back as it is", "5.4.2") for key, value in (("x", x), ("y", y), ("x", y), ("y", x))]
    return None


def softmax_with_loss(s):
    """The cross-entropy of a softmax, whatever axis it is over (section 5.6.3)."""
    if not s.is_loss or s.x.ndim != 2:
        return None
    x, t, count = s.x, s.inputs[1] if len(s.inputs) > 1 else None, len(s.x)
    if t is None or t.shape not in (x.shape, (count,)):
        return None
    labels = t.ndim == 1
    if labels and (t.dtype.kind not in "iu" or t.min() < 0 or t.max() >= x.shape[1]):
        return None
    target = np.eye(x.shape[1])[t] if labels else np.asarray(t, float)
    y, columns, overall = softmax(x, 1), softmax(x, 0), softmax(x, None)
    guesses = [("softmax-axis", value, f"softmax is over the wrong axis: over {axis}; each row must sum to 1, so it needs axis=1 "
                                       "and "
                "keepdims=True") for value, axis in _of_another_axis(s, target, (columns, overall))]
    if not guesses and not any(np.isclose(s.loss(), -np.sum(target * np.log(p + 1e-7)) / n, rtol=1e-4)
                               for p in (y, columns, overall) for n in (1, count)):
        return None
    guesses.insert(0, ("batch-size", y - target, "dx is y - t, not divided by the batch size; it must be (y - t) / batch_size"))
    guesses += [("sign", (y + target) / n, "the target has the wrong sign: dx is y + t; it must be (y - t) / "
                                           "batch_size") for n in (count, 1)]
    guesses += [("labels-in-every-row", (y - target.any(axis=0)) / n, "dx[:, t] -= 1 subtracts 1 in every row; it must be "
                 "dx[np.arange(batch_size), t] -= 1") for n in (count, 1)]
    guesses += [("target-not-subtracted", y / count, "dx is y / batch_size, without the target; it must be (y - t) / batch_size"),
                ("softmax-not-derived", -target / (y + 1e-7) / count, "dx is -t / y, the derivative by y; that of the scores is "
                                                                      "y - t"),
                ("softmax-not-derived", -target / y / count, "dx is -t / y, the derivative by y; that of the scores is y - t"),
                ("softmax-not-derived", (x - target) / count, "dx is x - t, of the scores; it must be (y - t) / batch_size"),
                ("batch-size", (y - target) / x.shape[1], "dx is divided by the number of classes and not by the batch size"),
                ("batch-size", (y - target) / x.size, "dx is divided by the number of elements and not by the batch size")]
    if labels and (count == x.shape[1] or count == 1):
        guesses.append(("labels-as-numbers", (y - t) / count, "dx is y - t with labels t as they are; make them one-hot, or "
                                                              "subtract "
                        "1 at y[np.arange(batch_size), t]"))
    return [Hypothesis(code, "x", value, says, "5.6.3") for code, value, says in guesses]


def _of_another_axis(s, target, usual):
    """The claimed gradient and the axis, if adding the target gives numbers that sum to 1 down the columns or over all."""
    claimed, count = s.gradients()[0]["x"], len(s.x)
    names = ("axis 0, down the samples", "all axes, the whole batch")
    found = [((y - target) / n, name) for y, name in zip(usual, names) for n in (count, 1)]
    if claimed is None or claimed.shape != s.x.shape:
        return found
    for n in (count, 1):
        y = n * claimed + target
        if np.all(y > -1e-9) and not np.allclose(y.sum(axis=1), 1):
            found += [(claimed, name) for axis, name in zip((0, None), names) if np.allclose(y.sum(axis=axis), 1)]
    return found


def softmax(x, axis):
    """Of the book's formula over any axis."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


class Tanh:
    """tanh as a layer in NumPy."""

    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out**2)


def _is(value, formula):
    return value.shape == np.shape(formula) and np.allclose(value, formula, rtol=1e-6, atol=1e-9)


def _is_elementwise(s):
    """Whether the elements may change places before the layer or after it."""
    order = np.random.default_rng(1).permutation(s.x.size)
    moved = s.forward_of(s.x.ravel()[order].reshape(s.x.shape))
    return moved.shape == s.out.shape and np.array_equal(moved.ravel(), s.out.ravel()[order], equal_nan=True)


def _slope(s, x):
    h = 1e-5
    return (s.forward_of(x + h) - s.forward_of(x - h)) / (2 * h)
