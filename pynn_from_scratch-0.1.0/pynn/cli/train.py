"""``pynn train``: train a network and draw its curves."""

import os
import time
from pathlib import Path

import numpy as np

from pynn.cli import architecture, data, runs
from pynn.cli.options import (ACTIVATIONS, CONVNET_RATES, CONVOLUTIONAL, RATES, REGRESSION_RATES, SIZES, assignment, each, name_of,
                              number, number_or_name)


def add_parser(commands):
    """Add the command and its options."""
    train = commands.add_parser(
        "train", help="train a network and draw its curves",
        description="Train a network of the book; print what it reaches, and write its curves, parameters, history and options into a "
                    "new folder below runs/. Ctrl-C ends the training early and keeps what was learned.")
    train.set_defaults(run=run)
    _add_network(train)
    _add_training(train)
    files = train.add_argument_group("files")
    files.add_argument("--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="where runs go (default: %(default)s)")
    files.add_argument("--output", type=Path, metavar="PNG", help="the curves, instead of a folder of the run")
    files.add_argument("--save", type=Path, metavar="FILE", help="write the trained network there too: .npz, .safetensors or .pkl")


def _add_network(train):
    group = train.add_argument_group("data and network")
    group.add_argument("--data", default="digits", metavar="NAME|FOLDER|CSV",
                       help="digits (scikit-learn's, 8x8, no download), mnist, fashion-mnist, a folder of image files, or a table "
                            "of numbers whose last column is to be learned (default: %(default)s)")
    group.add_argument("--network", default="two-layer", choices=SIZES, type=name_of(*SIZES),
                       help="the architecture (default: %(default)s)")
    group.add_argument("--hidden", type=number(int, 1), nargs="+", metavar="N",
                       help="neurons in the hidden layers (default: 100; 100 100 multi-layer; 50 deep-convnet)")
    group.add_argument("--activation", default="relu", choices=ACTIVATIONS, type=name_of(*ACTIVATIONS),
                       help="of the hidden layers (default: %(default)s)")
    group.add_argument("--init-std", type=number_or_name, metavar="STD|NAME",
                       help="standard deviation of the first weights, or he or xavier (default: He's sqrt(2/n) for relu, Xavier's "
                            "sqrt(1/n) for the others, n the inputs; 0.01 simple-convnet; always He's in deep-convnet)")
    group.add_argument("--batchnorm", action="store_true", help="batch normalization, in multi-layer-extend")
    group.add_argument("--dropout", type=number(float, 0, 0.99), default=0, metavar="RATIO",
                       help="share of neurons to drop, in multi-layer-extend")
    group.add_argument("--loss", choices=["softmax", "identity"], type=name_of("softmax", "identity"),
                       help="softmax with cross-entropy for labels, identity with squared error for numbers (default: what the "
                            "data has)")
    group.add_argument("--dtype", default="float32", choices=["float32", "float64"], help="what to compute in (default: %(default)s)")


def _add_training(train):
    group = train.add_argument_group("training")
    group.add_argument("--optimizer", default="adam", choices=RATES, type=name_of(*RATES), help="(default: %(default)s)")
    group.add_argument("--lr", type=number(float, 0), metavar="RATE",
                       help=f"learning rate (default: {each(RATES)}; convolutional networks {each(CONVNET_RATES)})")
    group.add_argument("--optimizer-param", type=assignment, action="append", default=[], metavar="NAME=NUMBER",
                       help="another setting of the optimizer, such as momentum=0.8 or beta1=0.95; may be given again")
    group.add_argument("--epochs", type=number(float, 0), metavar="N",
                       help="passes over the training data (default: 40 for digits and tables, else 17; convolutional networks 20)")
    group.add_argument("--batch-size", type=number(int, 1), metavar="N",
                       help="samples in a step (default: 50; convolutional networks 100, but 50 for digits)")
    group.add_argument("--weight-decay", type=number(float, 0), default=0, metavar="LAMBDA", help="strength of the L2 penalty")
    group.add_argument("--clip-norm", type=number(float, 0), metavar="NORM", help="largest norm of the gradients")
    group.add_argument("--schedule", choices=["cosine", "step"], type=name_of("cosine", "step"),
                       help="let the rate fall: along half a cosine, or to a tenth after each third of the epochs")
    group.add_argument("--early-stopping", type=number(int, 1), metavar="EPOCHS",
                       help="set a tenth aside, and stop when so many epochs brought no improvement on it")
    group.add_argument("--mpi", action="store_true",
                       help="share every batch among the processes that mpiexec has started: mpiexec -n 4 pynn train --mpi")
    group.add_argument("--seed", type=number(int, 0, 2**32 - 1), default=0, metavar="N",
                       help="of the first weights and the batches (default: %(default)s)")


def run(args):
    """Train, and say where everything is; of the processes that MPI has started, the first does."""
    if not args.mpi:
        return _train_and_report(args)
    from pynn.cli import mpi
    return mpi.run(args, _train_and_report, _follow)


def _train_and_report(args, comm=None):
    from pynn.io import weights

    np.random.seed(args.seed)
    sets = data.load(args.data, flatten=args.network not in CONVOLUTIONAL)
    (x_train, t_train), (x_test, t_test) = sets
    name = Path(args.data).resolve().stem
    options = _options(args, x_train.shape[1:], t_train, t_test)
    # what may fail later does so now, before there is a training to lose
    folder = None if args.output else runs.new_folder(args.runs, f"{name}-{args.network}")
    output = args.output or folder / "curves.png"
    try:
        axes = _axes(output)
        if args.save:
            weights.format_of(args.save, "--save")
            _writable(args.save)
        if comm is not None:
            comm.Barrier()          # from here on the others come along
        trainer = _trainer(args, options, sets, comm)
    except BaseException:
        if folder is not None:
            output.unlink(missing_ok=True)
            folder.rmdir()
        raise

    noun = "rows" if args.data.lower().endswith(".csv") else "images"
    print(f"{name}: {len(x_train):,} {noun} to learn from, {len(x_test):,} to test on")
    print(f"{args.network} {'x'.join(map(str, x_train.shape[1:]))}-{'-'.join(map(str, options['hidden']))}-{options['outputs']}, "
          f"{args.activation}, {args.dtype}; {args.optimizer} at {options['lr']:g}, {trainer.max_iter:,} steps of "
          f"{options['batch_size']} {noun}{f', on {comm.Get_size()} ranks' if comm else ''}", flush=True)
    seconds = _train(trainer)
    return _report(trainer, name, axes, output, folder, options, args.save, seconds)


def _follow(args, comm):
    """Do as the first process does, without a word."""
    np.random.seed(args.seed)
    sets = data.load(args.data, flatten=args.network not in CONVOLUTIONAL)
    trainer = _trainer(args, _options(args, sets[0][0].shape[1:], sets[0][1], sets[1][1]), sets, comm)
    _train(trainer)
    return _status(trainer)


def _trainer(args, options, sets, comm):
    from pynn.training.trainer import Trainer
    np.random.seed(args.seed)
    network = architecture.build(options)
    (x_train, t_train), (x_test, t_test) = sets
    return Trainer(network, x_train, t_train, x_test, t_test, options["epochs"], options["batch_size"], args.optimizer,
                   {"lr": options["lr"], **dict(args.optimizer_param)}, comm=comm, **_more(args, options))


def _options(args, shape, t_train, t_test):
    """Every setting of the run, defaults filled in."""
    from pynn.layers.protocol import takes
    from pynn.training.arguments import OPTIMIZERS
    labels = t_train.dtype.kind in "iu"
    loss = args.loss or ("softmax" if labels else "identity")
    if loss == "softmax" and not labels:
        raise ValueError(f"--loss softmax: {args.data} has numbers to estimate, not the labels 0, 1, 2, ...; leave --loss out")
    for setting, _ in args.optimizer_param:
        if setting == "lr":
            raise ValueError("--optimizer-param lr: the learning rate is set by --lr")
        if not takes(OPTIMIZERS[args.optimizer].__init__, setting):
            raise ValueError(f"--optimizer-param {setting}: {args.optimizer} has no such setting")
    hidden, batch_size, epochs = SIZES[args.network]
    if args.data == "digits" or args.data.lower().endswith(".csv"):         # so few that they pass more often
        batch_size, epochs = 50, 40
    rates = CONVNET_RATES if args.network in CONVOLUTIONAL else RATES if loss == "softmax" else REGRESSION_RATES
    return {"data": args.data, "network": args.network, "input": list(shape), "hidden": args.hidden or hidden,
            "outputs": int(max(t_train.max(), t_test.max())) + 1 if loss == "softmax" else 1,
            "activation": args.activation, "init_std": args.init_std, "batchnorm": args.batchnorm, "dropout": args.dropout,
            "loss": loss, "dtype": args.dtype, "weight_decay": args.weight_decay, "optimizer": args.optimizer,
            "lr": args.lr or rates[args.optimizer], "optimizer_param": dict(args.optimizer_param),
            "epochs": args.epochs or epochs, "batch_size": args.batch_size or batch_size, "clip_norm": args.clip_norm,
            "schedule": args.schedule, "early_stopping": args.early_stopping, "seed": args.seed}


def _more(args, options):
    """The trainer's keyword arguments that come from options."""
    from pynn.training import CosineDecay, EarlyStopping, StepDecay
    callbacks = []
    if args.schedule == "cosine":
        callbacks.append(CosineDecay())
    elif args.schedule == "step":
        callbacks.append(StepDecay(options["epochs"] / 3))
    if args.early_stopping:
        callbacks.append(EarlyStopping(args.early_stopping))
    return {"callbacks": callbacks, "clip_norm": args.clip_norm, "validation_split": 0.1 if args.early_stopping else None,
            "evaluate_sample_num_per_epoch": 1000 if args.network in CONVOLUTIONAL else 10_000, "loss_after_update": False}


def _train(trainer):
    """Train, and return the seconds; what would warn is said in the report."""
    import warnings

    from pynn.training.divergence import DivergenceWarning
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        trainer.train(summary=False)
    return time.perf_counter() - start


def _report(trainer, name, axes, output, folder, options, save, seconds):
    from pynn.plot import plot_history
    metric, value = next((key, value) for key, value in trainer.latest.items() if key.startswith("test_")) \
        if trainer.test_acc is not None else ("test_acc", float("nan"))
    accuracy = metric == "test_acc"
    if folder is not None:              # what was learned first, then its picture
        runs.write(folder, trainer.network, trainer, options)
    if save:
        trainer.network.save_params(save)
    plot_history(trainer, axes)
    reached = f"{value:.2%} of the test images right" if accuracy else f"an error of {value:.4g} on the test samples"
    axes[0].figure.suptitle(f"{name}: {reached} after {trainer.current_iter:,} steps")
    axes[0].figure.savefig(output, dpi=150)

    if trainer.diverged:
        import sys
        print(f"pynn: {trainer.diverged}", file=sys.stderr)
    print(f"{'interrupted: ' if trainer.interrupted else ''}test {'accuracy' if accuracy else 'rmse'} {value:.4f} "
          f"after {trainer.current_iter:,} steps in {seconds:.2f} s")
    if save:
        print(f"parameters: {save.resolve()}")
    print(f"curves: {output.resolve()}")
    if folder is not None:
        print(f"the run: {folder.resolve()}")
    return _status(trainer)


def _status(trainer):
    return 1 if trainer.diverged else 130 if trainer.interrupted else 0


def _writable(save):
    """Refuse a file that could not be written when the training is over."""
    save.parent.mkdir(parents=True, exist_ok=True)
    if save.is_dir():
        raise ValueError(f"--save {save} is a folder; it must be a file")
    if not os.access(save.parent, os.W_OK):
        raise ValueError(f"--save {save}: {save.parent} cannot be written to")


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
