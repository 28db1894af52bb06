"""What a network is measured by."""

import numpy as np

SHORT = {"accuracy": "acc", "rmse": "rmse"}


def figure(network, split, x, t):
    """The network's metric on a set, by name: ``{"test_acc": 0.97}``; nothing if it cannot be measured."""
    metric = metric_of(network, x, t)
    return {} if metric is None else {f"{split}_{SHORT[metric]}": getattr(network, metric)(x, t)}


def metric_of(network, x, t):
    """What a network is measured by: what it says itself, else what its targets suggest; None if it cannot be measured."""
    metric = getattr(network, "metric", None)
    if metric is None and not hasattr(network, "rmse"):         # a reader's own network
        metric = "accuracy"
    elif metric is None:
        labels = t.dtype.kind in "biu" or t.ndim == 2 and t.shape[1] > 1 and bool(((t == 0) | (t == 1)).all())
        metric = "accuracy" if labels else "rmse"
        if labels and np.shape(network.predict(x[:1]))[1:] in ((), (1,)):      # one output is no score for each class
            metric = None
    return metric if metric is not None and hasattr(network, metric) else None
