"""``pynn train``: train a network of the book and draw its curves."""

import argparse
import time
from pathlib import Path

import numpy as np

# Hidden neurons, images in a batch and epochs: those of the book for the convolutional networks (chapters 7 and 8).
SIZES = {"two-layer": (100, 50, 17), "simple-convnet": (100, 100, 20), "deep-convnet": (50, 100, 20)}
# Rates at which the optimizers train the networks well.
RATES = {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.05, "rmsprop": 0.003, "adam": 0.003}
CONVNET_RATES = {"sgd": 0.2, "momentum": 0.03, "nesterov": 0.03, "adagrad": 0.01, "rmsprop": 0.001, "adam": 0.001}


def _each(values):
    return ", ".join(f"{values[name]} {name}" for name in values)


def _number(kind, low, high=float("inf")):
    def parse(text):
        value = kind(text)
        if not low <= value <= high or value == 0.0 and kind is float:
            raise argparse.ArgumentTypeError(f"{text} is out of range")
        return value
    parse.__name__ = kind.__name__      # argparse words "invalid int value" from it
    return parse


def add_parser(commands):
    """Add the command and its options."""
    train = commands.add_parser(
        "train", help="train a network and draw its curves",
        description="Train one of the book's networks; print its accuracy and draw its loss and accuracy curves. "
                    "Ctrl-C ends the training early and keeps what was learned.")
    train.set_defaults(run=run)
    train.add_argument("--data", default="digits", metavar="NAME|FOLDER",
                       help="digits (scikit-learn's, 8x8, no download), mnist, fashion-mnist, or a folder of IDX "
                            "files named as MNIST's (default: %(default)s)")
    train.add_argument("--network", default="two-layer", choices=SIZES,
                       help="the architecture (default: %(default)s)")
    train.add_argument("--hidden", type=_number(int, 1), metavar="N",
                       help="neurons in the hidden layer (default: 100; 50 deep-convnet)")
    train.add_argument("--activation", default="relu", choices=["relu", "sigmoid"],
                       help="of the hidden layer, in two-layer (default: %(default)s)")
    train.add_argument("--init-std", type=_number(float, 0), metavar="STD",
                       help="standard deviation of the first weights (default: He's sqrt(2/n) for relu, Xavier's "
                            "sqrt(1/n) for sigmoid, n the pixels of an image; 0.01 simple-convnet; always He's in "
                            "deep-convnet)")
    train.add_argument("--optimizer", default="adam", choices=RATES, help="(default: %(default)s)")
    train.add_argument("--lr", type=_number(float, 0), metavar="RATE",
                       help=f"learning rate (default: {_each(RATES)}; convolutional networks {_each(CONVNET_RATES)})")
    train.add_argument("--epochs", type=_number(float, 0), metavar="N",
                       help="passes over the training images (default: 40 for digits, else 17; convolutional networks 20)")
    train.add_argument("--batch-size", type=_number(int, 1), metavar="N",
                       help="images in a step (default: 50; convolutional networks 100, but 50 for digits)")
    train.add_argument("--dtype", default="float32", choices=["float32", "float64"],
                       help="what to compute in (default: %(default)s)")
    train.add_argument("--seed", type=_number(int, 0, 2**32 - 1), default=0, metavar="N",
                       help="of the first weights and the batches (default: %(default)s)")
    train.add_argument("--output", type=Path, metavar="PNG", help="the curves (default: runs/DATA-NETWORK.png)")
    train.add_argument("--save", type=Path, metavar="FILE",
                       help="write the trained parameters: .npz, .safetensors or .pkl")


def _load(data, flatten):
    import pynn.datasets as datasets
    loaders = {"digits": datasets.load_digits, "mnist": datasets.load_mnist,
               "fashion-mnist": datasets.load_fashion_mnist}
    if data in loaders:
        return loaders[data](flatten=flatten)
    if not Path(data).is_dir():
        raise FileNotFoundError(f"--data {data}: no such folder, and no data set of that name; "
                                f"the names are {', '.join(loaders)}")
    return datasets.load_idx_folder(data, flatten=flatten)


def _network(args, image, classes):
    from pynn.networks import DeepConvNet, SimpleConvNet, TwoLayerNet
    if args.network == "two-layer":
        std = args.init_std or np.sqrt((2 if args.activation == "relu" else 1) / image[0])
        return TwoLayerNet(*image, args.hidden, classes, std, dtype=args.dtype, activation=args.activation)
    if args.activation != "relu":
        raise ValueError(f"--activation {args.activation}: {args.network} has relu and no other")
    sizes = {"input_dim": image, "hidden_size": args.hidden, "output_size": classes, "dtype": args.dtype}
    if args.network == "simple-convnet":
        return SimpleConvNet(weight_init_std=args.init_std or 0.01, **sizes)
    if args.init_std:
        raise ValueError("--init-std: deep-convnet has He's standard deviations and no other")
    return DeepConvNet(**sizes)


def run(args):
    """Train, and say where the curves and the parameters are."""
    from pynn.io import weights
    from pynn.plot import plot_history
    from pynn.training.trainer import Trainer

    two_layer = args.network == "two-layer"
    (x_train, t_train), (x_test, t_test) = _load(args.data, flatten=two_layer)
    name = Path(args.data).resolve().name
    output = args.output or Path("runs", f"{name}-{args.network}.png")
    # what may fail later does so now, before there is a training to lose
    axes = _axes(output)
    if args.save:
        weights.format_of(args.save, "--save")
        args.save.parent.mkdir(parents=True, exist_ok=True)

    hidden, batch_size, epochs = SIZES[args.network]
    if args.data == "digits":           # so few that they pass more often
        batch_size, epochs = 50, 40
    args.hidden = args.hidden or hidden
    batch_size, epochs = args.batch_size or batch_size, args.epochs or epochs
    lr = args.lr or (RATES if two_layer else CONVNET_RATES)[args.optimizer]
    image, classes = x_train.shape[1:], int(max(t_train.max(), t_test.max())) + 1
    np.random.seed(args.seed)
    network = _network(args, image, classes)
    trainer = Trainer(network, x_train, t_train, x_test, t_test, epochs, batch_size, args.optimizer, {"lr": lr},
                      evaluate_sample_num_per_epoch=10_000 if two_layer else 1000, loss_after_update=False)

    print(f"{name}: {len(x_train):,} images to learn from, {len(x_test):,} to test on")
    print(f"{args.network} {'x'.join(map(str, image))}-{args.hidden}-{classes}, {args.activation}, {args.dtype}; "
          f"{args.optimizer} at {lr:g}, {trainer.max_iter:,} steps of {batch_size} images", flush=True)
    start = time.perf_counter()
    accuracy = trainer.train()
    seconds = time.perf_counter() - start

    if args.save:
        weights.save_params(network.params, args.save)
    plot_history(trainer, axes)
    axes[0].figure.suptitle(f"{name}: {accuracy:.2%} of the test images right after {trainer.current_iter:,} steps")
    axes[0].figure.savefig(output, dpi=150)

    print(f"{'interrupted: ' if trainer.interrupted else ''}test accuracy {accuracy:.4f} "
          f"after {trainer.current_iter:,} steps in {seconds:.2f} s")
    if args.save:
        print(f"parameters: {args.save.resolve()}")
    print(f"curves: {output.resolve()}")
    return 130 if trainer.interrupted else 0


def _axes(output):
    """Two axes of a figure that needs no display, once `output` is known to be a file it can be written to."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('the curves need Matplotlib; pip install "pynn-from-scratch[plot]"') from error
    figure = Figure(figsize=(10, 4), layout="constrained")
    formats = figure.canvas.get_supported_filetypes()
    if output.suffix[1:].lower() not in formats:
        raise ValueError(f"--output {output} must end in .png, or another of {', '.join(formats)}")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.open("ab").close()
    return figure.subplots(ncols=2)
