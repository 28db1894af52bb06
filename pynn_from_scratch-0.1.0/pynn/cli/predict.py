"""``pynn predict``: name the digits in pictures of one's own."""

import sys
from pathlib import Path

import numpy as np

from pynn.cli import architecture
from pynn.cli.options import ACTIVATIONS, CONVOLUTIONAL, name_of


def add_parser(commands):
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "predict", help="name the digits in pictures of one's own",
        description="Show pictures of digits, photographs or drawings, to a trained network; print the classes that it thinks most "
                    "likely, with their probabilities.")
    parser.set_defaults(run=run)
    parser.add_argument("weights", type=Path, metavar="WEIGHTS",
                        help="the folder of a run of pynn train, or a file of parameters (.npz, .safetensors, .pkl)")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="a picture: .png, .jpg, ...")
    parser.add_argument("--activation", choices=ACTIVATIONS, type=name_of(*ACTIVATIONS),
                        help="of the hidden layers, which a file of parameters does not say: sigmoid for the book's sample_weight.pkl")
    parser.add_argument("--top", type=int, default=3, metavar="N", help="how many classes to name (default: %(default)s)")


def run(args):
    """Print a line for each picture; return 1 if one could not be read."""
    from pynn.datasets import DatasetError, load_image
    network, options = architecture.load(args.weights, args.activation)
    if options["loss"] != "softmax":
        raise ValueError(f"{args.weights}: this network estimates numbers; predict names classes")
    flatten = options["network"] not in CONVOLUTIONAL
    side = round(np.prod(options["input"]) ** 0.5)
    if side * side != np.prod(options["input"]):
        raise ValueError(f"{args.weights}: this network takes {'x'.join(map(str, options['input']))} numbers, no square grey image")
    failed = False
    for path in args.images:
        try:
            x = load_image(path, flatten=flatten, size=side)
        except (OSError, DatasetError) as error:
            print(f"pynn: {path}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
            failed = True
            continue
        y = network.predict_proba(x)[0]
        likely = np.argsort(-y, kind="stable")[:max(args.top, 1)]
        print(f"{path}: " + ", ".join(f"{digit} ({y[digit]:.1%})" for digit in likely))
    return int(failed)
