"""Networks from options and from files: what ``pynn train`` builds, ``pynn predict`` builds again."""

import json
import sys
from pathlib import Path

import numpy as np

from pynn.cli.options import CONVOLUTIONAL

OPTIONS = "options.json"        # beside the parameters in the folder of a run


def build(options):
    """The network that the options describe.

    Parameters
    ----------
    options : dict
        ``network``, ``input`` (the shape of a sample), ``hidden``, ``outputs``, ``activation``, ``init_std``, ``weight_decay``,
        ``batchnorm``, ``dropout``, ``loss`` and ``dtype``.
    """
    import pynn.networks as networks
    from pynn.layers import IdentityWithLoss

    kind, shape = options["network"], tuple(options["input"])
    _check(options)
    if kind in CONVOLUTIONAL:
        sizes = {"input_dim": shape, "hidden_size": options["hidden"][0], "output_size": options["outputs"],
                 "dtype": options["dtype"]}
        if kind == "simple-convnet":
            network = networks.SimpleConvNet(weight_init_std=options["init_std"] or 0.01, **sizes)
        else:
            network = networks.DeepConvNet(**sizes)
    else:
        inputs = int(np.prod(shape))
        std = options["init_std"] or options["activation"].removeprefix("leaky_")
        if kind == "two-layer":
            from pynn.layers.initial import standard_deviation
            network = networks.TwoLayerNet(inputs, options["hidden"][0], options["outputs"],
                                           standard_deviation("--init-std", std, inputs), dtype=options["dtype"],
                                           activation=options["activation"])
        else:
            extra = {} if kind == "multi-layer" else {"use_batchnorm": options["batchnorm"], "use_dropout": bool(options["dropout"]),
                                                      "dropout_ration": options["dropout"] or 0.5}
            make = networks.MultiLayerNet if kind == "multi-layer" else networks.MultiLayerNetExtend
            network = make(inputs, options["hidden"], options["outputs"], options["activation"], std,
                           options["weight_decay"], dtype=options["dtype"], **extra)
    network.weight_decay_lambda = options["weight_decay"]
    if options["loss"] == "identity":
        network.last_layer = IdentityWithLoss(mean=True)
    return network


def _check(options):
    kind = options["network"]
    if kind in CONVOLUTIONAL and options["activation"] != "relu":
        raise ValueError(f"--activation {options['activation']}: {kind} has relu and no other")
    if kind == "deep-convnet" and options["init_std"]:
        raise ValueError("--init-std: deep-convnet has He's standard deviations and no other")
    if not kind.startswith("multi-layer") and len(options["hidden"]) > 1:
        raise ValueError(f"--hidden {' '.join(map(str, options['hidden']))}: {kind} has one hidden layer of affine neurons; "
                         "multi-layer has as many as you name")
    if kind != "multi-layer-extend" and (options["batchnorm"] or options["dropout"]):
        raise ValueError(f"--{'batchnorm' if options['batchnorm'] else 'dropout'}: {kind} has none; multi-layer-extend has")


def load(path, activation=None):
    """The network of a run's folder, or of a file of parameters, and its options.

    A file with no options beside it tells the architecture by the shapes of its arrays, all but its `activation`; without one
    it is taken for relu, with a note.
    """
    path = Path(path)
    weights = path / "weights.npz" if path.is_dir() else path
    beside = weights.parent / OPTIONS
    if not weights.is_file():
        raise FileNotFoundError(f"{path}: no such file of parameters, and no folder of a run")
    if beside.is_file():
        return _of_run(weights, beside)
    from pynn.io import load_params
    options = _options_of(load_params(weights), weights)
    if options["network"] not in CONVOLUTIONAL:
        if activation is None:
            print(f"pynn: {path} does not say its activation; taken for relu, and --activation names another", file=sys.stderr)
        options["activation"] = activation or "relu"
    network = build(options)
    network.load_params(weights)
    return network, options


def _of_run(weights, beside):
    """The network of a run by its options; a damaged file can hold anything under any name."""
    try:
        options = json.loads(beside.read_text(encoding="utf-8"))
        network = build(options)
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(f"{beside} is damaged, or no options of a run: {type(error).__name__}: {error}") from error
    network.load_params(weights)
    return network, options


def _options_of(params, path):
    weights = [params[name].shape for name in sorted((n for n in params if n[0] == "W" and n[1:].isdecimal()), key=lambda n: int(n[1:]))]
    kinds = [len(shape) for shape in weights]
    options = {"activation": "relu", "init_std": None, "weight_decay": 0, "batchnorm": "gamma1" in params, "dropout": 0,
               "loss": "softmax", "dtype": "float32"}
    if not all(all(shape) for shape in weights):
        raise ValueError(f"{path}: a weight has no elements: {weights}")
    if kinds and set(kinds) == {2}:
        network = "multi-layer-extend" if options["batchnorm"] else "two-layer" if len(kinds) == 2 else "multi-layer"
        shape = weights[0][:1]
    elif kinds == [4, 2, 2]:
        network, shape = "simple-convnet", _image(weights[0], weights[1][0], 2, weights[0][2] - 1)
    elif kinds == [4] * 6 + [2, 2]:
        network, shape = "deep-convnet", (weights[0][1], 28, 28)
    else:
        raise ValueError(f"{path}: no network of the book has the parameters {list(params)}, and there is no {OPTIONS} beside it")
    return {**options, "network": network, "input": shape, "hidden": [w[1] for w in weights if len(w) == 2][:-1],
            "outputs": weights[-1][1]}


def _image(filters, inputs, pool, lost):
    """The shape of the images of which a convolution and a pooling leave `inputs` pixels."""
    side = round((inputs / filters[0]) ** 0.5) * pool + lost
    return filters[1], side, side
