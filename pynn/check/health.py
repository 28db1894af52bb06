"""The health of a network: its loss, activations, gradients and updates, and whether it can learn twenty samples."""

import copy
import time

import numpy as np

import pynn._core as _core
from pynn._reading import has, number, real_array
from pynn.check.data import look_at_labels, look_at_samples
from pynn.check.findings import Finding, HealthReport
from pynn.check.wiring import labelled_layers, listen
from pynn.layers.protocol import takes
from pynn.optimizer import Adam

SAMPLES = 1000          # enough to see the scale of anything
FEW, STEPS, SECONDS = 20, 300, 3.0


def diagnose(net, x, t, lr):
    """What `pynn.diagnose` does."""
    x, t = real_array("diagnose", "x", x), _core.as_array("diagnose", "t", t)
    if x.ndim < 2 or not len(x):
        raise ValueError(f"diagnose: x has shape {x.shape}; it must be a batch of samples, (N, ...)")
    if t.ndim == 0:
        raise ValueError("diagnose: t is a scalar; it must be the labels or targets of the samples")
    lr = number("diagnose", "lr", lr)
    has("diagnose", "net", net, why="")
    missing = [name for name in ("predict", "loss", "gradient") if not callable(getattr(net, name, None))]
    if missing or not hasattr(net, "params"):
        raise TypeError(f"diagnose: this {type(net).__name__} has no {(missing or ['params'])[0]}; give a network with params, "
                        "predict(x), loss(x, t) and gradient(x, t)")
    state = np.random.get_state()
    try:
        return _diagnose(net, x, t, lr)
    finally:
        np.random.set_state(state)


def _diagnose(net, x, t, lr):
    name = type(net).__name__
    found = look_at_samples(x)
    if any(finding.fatal for finding in found):
        return HealthReport(name, found)
    net = copy.deepcopy(net)
    try:
        y = np.asarray(net.predict(x[:SAMPLES]))
    except Exception as error:          # of the reader's own code or in pynn's words
        return HealthReport(name, [*found, Finding("predict-raises", f"predict raised {type(error).__name__}: "
                                                                     f"{error}", "bring x into the shape "
                                                   "that the network takes", "3.6.2", fatal=True)])
    classifies = _classifies(net, y, t)
    found += look_at_labels(x, t, y.shape[-1]) if classifies else []
    if any(finding.fatal for finding in found):
        return HealthReport(name, found)
    x, t = x[:SAMPLES], t[:SAMPLES]
    found += _loss(copy.deepcopy(net), x, t) if classifies else []
    layers, of_layers = _layers(net, x, t)
    params, of_params = _params(net, x, t, lr)
    found += of_layers + of_params
    found += _twenty(net, x, t, classifies)
    return HealthReport(name, found, layers, params, lr)


def _classifies(net, y, t):
    metric = getattr(getattr(net, "last_layer", None), "metric", None)
    if metric is not None:
        return metric == "accuracy"
    targets = t.dtype.kind == "f" and t.shape == (len(t), *y.shape[1:])
    return not targets or np.isin(t, (0, 1)).all() or np.allclose(t.sum(axis=-1), 1)


def _training(net):
    return {"train_flg": True} if takes(net.loss, "train_flg") else {}


def _loss(net, x, t):
    y = np.asarray(net.predict(x, **(_training(net) if takes(net.predict, "train_flg") else {})))
    loss, chance = float(net.loss(x, t, **_training(net))), float(np.log(y.shape[-1]))
    labels = t if t.ndim == 1 else t.argmax(axis=1)
    accuracy = float(np.mean(y.argmax(axis=1) == labels))
    count = y.shape[-1]
    seen = f"the loss is {loss:.3f}, the accuracy {accuracy:.0%}; guessing among {count} classes is log({count}) = {chance:.3f}"
    if not np.isfinite(loss):
        return [Finding("loss-not-finite", f"the loss is {loss}", "look for an overflow in exp or a log of 0, or lower the "
                                                                  "learning rate", "3.5.2")]
    if loss > 1.5 * chance:
        return [Finding("loss-above-chance", seen + ", so the network is sure and wrong", "start with smaller weights and x of "
                                                                                          "about 1; in "
                        "training, lower the learning rate", "6.2.1")]
    if loss > 0.95 * chance:
        return [Finding("loss-at-chance", seen, "so it should be before training; if it stays so, raise the learning rate or "
                                                "look at the "
                        "gradients below", "4.2.2", remark=True)]
    return [Finding("loss", seen, "it has learned something", "4.2.2", remark=True)]


def _layers(net, x, t):
    """The rows of the layers' table and what is wrong with their outputs."""
    outs = {}
    net = copy.deepcopy(net)
    for label, layer in labelled_layers(net):
        name = label.split("'")[1] if "'" in label else label
        listen(layer, lambda inputs, out, name=name, layer=layer: outs.update(
            {name: (layer, np.asarray(inputs[0]), np.asarray(out))}))
    net.loss(x, t, **_training(net))
    outs = {name: seen for name, seen in outs.items() if seen[2].ndim > 1}      # the loss is one number
    rows, found = [], []
    for name, (layer, before, out) in outs.items():
        idle, finding = _activation(name, type(layer).__name__.lower(), out)
        rows.append({"name": name, "mean": float(out.mean()), "std": float(out.std()), "idle": idle})
        found += finding + _dropped_pixels(name, layer, before)
    return rows, found + _symmetry({name: out for name, (_, _, out) in outs.items()}) + _vanishing(rows[:-1])


def _dropped_pixels(name, layer, x):
    """A finding if the windows of a convolution or pooling leave out rows or columns at the far side."""
    stride, pad, W = (getattr(layer, attribute, None) for attribute in ("stride", "pad", "W"))
    sizes = W.shape[2:] if np.ndim(W) == 4 else (getattr(layer, "pool_h", None), getattr(layer, "pool_w", None))
    if x.ndim != 4 or not all(isinstance(value, (int, np.integer)) for value in (stride, pad, *sizes)):
        return []
    dropped = [max(0, (length + 2 * pad - size) % stride - pad) for length, size in zip(x.shape[2:], sizes)]
    if not any(dropped):
        return []
    return [Finding("pixels-dropped", f"{name} with stride {stride} never sees the last {dropped[0]} rows and {dropped[1]} "
                                      "columns of images of "
                    f"{x.shape[2]}x{x.shape[3]}", "choose stride and pad so that (H + 2 pad - size) / stride is whole", "7.2.4")]


def _activation(name, kind, out):
    """The share of dead units or saturated values, and a finding if it is large."""
    if "relu" in kind:
        dead = float(np.mean(np.all(out.reshape(len(out), -1) <= 0, axis=0)))
        return dead, [] if dead <= 0.4 or len(out) < 10 else [Finding(
            "dead-relus", f"{dead:.0%} of the units of {name} are 0 for every sample, and learn nothing", "lower the learning "
                                                                                                          "rate, start "
            "with He's weights and biases of 0, or put batch normalization before it", "6.2.3")]
    if "sigmoid" in kind or "tanh" in kind:
        low, high = (0.02, 0.98) if "sigmoid" in kind else (-0.96, 0.96)
        saturated = float(np.mean((out < low) | (out > high)))
        return saturated, [] if saturated <= 0.5 else [Finding(
            "saturation", f"{saturated:.0%} of the values of {name} are at an end of the curve, where its slope is almost "
                          "0", "start with "
            "Xavier's smaller weights, normalize x, or put batch normalization before it", "6.2.2")]
    return None, []


def _symmetry(outs):
    for label, out in list(outs.items())[:-1]:
        alike = out.ndim == 2 and min(out.shape) > 1 and np.ptp(out, axis=1).max() <= 1e-12 * np.abs(out).max()
        if alike and np.ptp(out) > 0:
            return [Finding("symmetric-weights", f"all units of {label} give the same, and will for ever", "start with random "
                                                                                                           "weights", "6.2.1")]
    return []


def _vanishing(rows):
    stds = [row["std"] for row in rows if row["std"] > 0]
    if len(stds) < 3 or not np.all(np.isfinite(stds)):
        return []
    if stds[-1] < 1e-2 * stds[0]:
        return [Finding("activations-vanish", f"the standard deviation of the outputs falls from {stds[0]:.2g} to {stds[-1]:.2g} "
                                              "from layer to "
                        "layer", "start with He's weights for ReLU, Xavier's for sigmoid and tanh", "6.2.2")]
    if stds[-1] > 1e3 * stds[0]:
        return [Finding("activations-explode", f"the standard deviation of the outputs grows from {stds[0]:.2g} to "
                                               f"{stds[-1]:.2g} from layer to "
                        "layer", "start with He's weights for ReLU, Xavier's for sigmoid and tanh", "6.2.2")]
    return []


def _params(net, x, t, lr):
    """The rows of the parameters' table and what is wrong with their gradients."""
    grads = copy.deepcopy(net).gradient(x, t)
    rows, found = [], []
    for name, param in net.params.items():
        if grads.get(name) is None:
            found.append(Finding("missing-gradient", f"gradient returns nothing for {name}", "pynn.gradient_check(net, x, t) "
                                                                                             "says more", "5.7.3"))
            continue
        size, gradient = _rms(param), _rms(grads[name])
        rows.append({"name": name, "size": size, "gradient": gradient, "update": lr * gradient / size if size else None})
    broken = [row["name"] for row in rows if not np.isfinite(row["gradient"])]
    if broken:
        return rows, found + [Finding("gradient-not-finite", f"the gradient of {', '.join(broken)} has NaN or infinite "
                                                             "entries", "lower the "
                                      "learning rate, start with smaller weights", "6.2.1")]
    zero = [row["name"] for row in rows if row["gradient"] == 0]
    if zero:
        found.append(Finding("zero-gradient", f"the gradient of {', '.join(zero)} is 0 everywhere, so they never "
                                              "change", "look for dead ReLUs, weights "
                             "of 0, or a backward that returns zeros", "5.7.3"))
    weights = [row for row in rows if np.ndim(net.params[row["name"]]) > 1 and row["gradient"] > 0]
    if len(weights) > 1 and weights[0]["gradient"] < 1e-4 * weights[-1]["gradient"]:
        found.append(Finding("gradients-vanish", f"the gradient of {weights[0]['name']} is "
                                                 f"{weights[-1]['gradient'] / weights[0]['gradient']:.0e} times "
                             f"smaller than that of {weights[-1]['name']}", "use ReLU with He's weights, or batch "
                                                                            "normalization", "6.2.2"))
    fast = [row["name"] for row in weights if row["update"] and row["update"] > 0.1]
    if fast:
        found.append(Finding("large-updates", f"a step of SGD with lr={lr:g} changes {', '.join(fast)} by more than a tenth of "
                                              "their size",
                             "lower the learning rate; a thousandth is usual", "6.1.2"))
    if weights and all(row["update"] is not None and row["update"] < 1e-6 for row in weights):
        found.append(Finding("small-updates", f"a step of SGD with lr={lr:g} changes the weights by less than a millionth of "
                                              "their size",
                             "raise the learning rate; a thousandth is usual", "6.1.2"))
    return rows, found


def _rms(values):
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(np.mean(np.square(np.asarray(values, np.float64)))))


def _twenty(net, x, t, classifies):
    """Whether a copy of the network learns the first twenty samples by heart."""
    x, rows = _distinct(x)
    t = t[rows]
    net = copy.deepcopy(net)
    for _, layer in labelled_layers(net):
        if hasattr(layer, "dropout_ratio"):
            layer.dropout_ratio = 0.0       # which is there to make this hard
    before, best, optimizer = float(net.loss(x, t, **_training(net))), np.inf, Adam(lr=0.01)
    began, steps = time.perf_counter(), 0
    while steps < STEPS and time.perf_counter() - began < SECONDS and best > 0.05 * before:
        grads = net.gradient(x, t)
        optimizer.update(net.params, {name: grads[name] for name in net.params if grads.get(name) is not None})
        best, steps = min(best, float(net.loss(x, t, **_training(net)))), steps + 1
    labels = t.argmax(axis=1) if t.ndim > 1 else t
    learned = best < 0.3 * before or classifies and np.array_equal(np.argmax(net.predict(x), axis=1), labels)
    seen = f"in {steps} steps of Adam on {len(x)} samples the loss went from {before:.3g} to {best:.3g}"
    if learned:
        return [Finding("overfits", seen, "the network can learn", "6.4.1", remark=True)]
    if steps < STEPS:
        return [Finding("overfits-slowly", seen, f"{SECONDS:g} seconds were not enough to tell; try fewer or smaller "
                                                 "samples", "6.4.1", remark=True)]
    return [Finding("cannot-overfit", seen + ", where it should come to 0", "check the gradient first, pynn.gradient_check(net, "
                                                                            "x, t), then the "
                    "learning rate and the first weights", "6.4.1")]


def _distinct(x):
    seen = {}
    for number, row in enumerate(x):
        seen.setdefault(row.tobytes(), number)
        if len(seen) == FEW:
            break
    rows = list(seen.values())
    return x[rows], rows
