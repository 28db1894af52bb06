"""How good a network is, measured in batches: a whole data set needs no more memory than one of them."""

import numpy as np

import pynn._core as _core
from pynn._reading import count, real_array
from pynn.functions import softmax


def accuracy(network, x, t, batch_size):
    """The fraction of samples whose highest score is at their label."""
    func = f"{type(network).__name__}.accuracy"
    x, t = _core.as_array(func, "x", x), _core.as_array(func, "t", t)
    one_hot_classes = t.shape[1] if t.ndim == 2 and t.shape[1] > 1 else None
    if t.dtype.kind not in ("iu" if one_hot_classes is None else "biuf"):
        raise TypeError(f"{func}: t has dtype {t.dtype}; labels must be integers, or one-hot rows (section 4.2.3)")
    if one_hot_classes:
        t = t.argmax(axis=1)
    if t.ndim != 1 or t.shape != x.shape[:1] or not t.size:
        raise ValueError(f"{func}: t has shape {t.shape} for x of shape {x.shape}; "
                         "t must be labels (N,) or one-hot (N, classes) with N > 0")
    hits = 0
    for batch in _batches(func, len(t), batch_size):
        y = network.predict(x[batch])
        if y.ndim != 2:
            raise ValueError(f"{func}: the network puts out {y.shape} for x of shape {x[batch].shape}; it must be scores (N, classes)")
        _check_labels(func, t[batch], one_hot_classes, y.shape[1])
        hits += int(np.count_nonzero(y.argmax(axis=1) == t[batch]))
    return hits / len(t)


def _check_labels(func, t, one_hot_classes, classes):
    """What `loss` refuses is refused here."""
    if one_hot_classes is not None and one_hot_classes != classes:
        raise ValueError(f"{func}: t has {one_hot_classes} columns but the network has {classes} classes; "
                         "one-hot rows must have a column for each")
    wrong = (t < 0) | (t >= classes)
    if wrong.any():
        raise IndexError(f"{func}: t has the label {t[wrong][0]}; labels must be 0 to {classes - 1}, the numbers of the classes")


def rmse(network, x, t, batch_size):
    """The root of the mean squared error."""
    func = f"{type(network).__name__}.rmse"
    squares, n = 0.0, 0
    for y, want in _outputs(func, network, *_samples(func, x, t), batch_size):
        squares += float(np.sum(np.square(y - want, dtype=np.float64)))
        n += y.size
    return float(np.sqrt(squares / n))


def score(network, x, t):
    """Accuracy, or R², the mean over the outputs of 1 minus the squared errors over the squared deviations from the mean.

    Of targets that are all the same it is 1 if the network hits them all, else 0, as in scikit-learn.
    """
    if network.metric != "rmse":
        return network.accuracy(x, t)
    func = f"{type(network).__name__}.score"
    x, t = _samples(func, x, t)
    want = t.astype(np.float64).reshape(len(t), -1)
    squares = sum(np.square(y - w, dtype=np.float64).reshape(-1, want.shape[1]).sum(axis=0)
                  for y, w in _outputs(func, network, x, t, 1000))
    deviations = np.square(want - want.mean(axis=0)).sum(axis=0)
    constant = deviations == 0
    of_outputs = np.where(constant, squares == 0, 1 - squares / np.where(constant, 1, deviations))
    return float(of_outputs.mean())


def probabilities(network, x, batch_size):
    """Softmax of the scores."""
    func = f"{type(network).__name__}.predict_proba"
    if network.metric == "rmse":
        raise TypeError(f"{func}: a network for regression gives no probabilities; use predict")
    x = _core.as_array(func, "x", x)
    if x.ndim == 0:
        raise ValueError(f"{func}: x is a scalar; it must be (N, ...)")
    return np.concatenate([softmax(network.predict(x[batch])) for batch in _batches(func, len(x), batch_size)])


def _samples(func, x, t):
    """Samples and targets, as many of one as of the other."""
    x, t = _core.as_array(func, "x", x), real_array(func, "t", t)
    if not x.ndim or not t.ndim or len(x) != len(t) or not len(t):
        raise ValueError(f"{func}: x has shape {x.shape} and t has shape {t.shape}; they must have as many samples, and at least one")
    return x, t


def _outputs(func, network, x, t, batch_size):
    for batch in _batches(func, len(t), batch_size):
        y, want = network.predict(x[batch]), t[batch]
        if want.ndim == 1 and y.ndim == 2 and y.shape[1] == 1:
            want = want[:, None]
        if y.shape != want.shape:
            raise ValueError(f"{func}: the network puts out {y.shape} but t has shape {want.shape}; they must be equal")
        yield y, want


def _batches(func, n, batch_size):
    size = count(func, "batch_size", batch_size)
    return [slice(start, start + size) for start in range(0, max(n, 1), size)]
