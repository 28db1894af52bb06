"""Trainings that several processes share: what each case leaves is compared with what one process leaves.

``mpiexec -n 3 python ranks_program.py FOLDER CASE ...`` writes ``CASE-0-of-3.npz`` and so on. `run` is the same for another
communicator, or for none.
"""

import os
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

import pynn


def data(n=90):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((n, 6))
    return x, (x[:, 0] > x[:, 1]).astype(int)


def trainer(comm, network=None, **options):
    """A training that all cases vary. Without `comm`, or on rank 0, the seed is 0; other ranks begin with other weights and draws."""
    np.random.seed(0 if comm is None else comm.Get_rank())
    x, t = data()
    network = network or (lambda: pynn.MultiLayerNetExtend(6, [9, 8], 2, use_batchnorm=True, use_dropout=True, dropout_ration=0.3))
    options = {"epochs": 6, "mini_batch_size": 20, "optimizer": "Adam", "optimizer_param": {"lr": 0.01}, "verbose": False, **options}
    return pynn.Trainer(network(), x[:60], t[:60], x[60:], t[60:], comm=comm, **options)


def images(dtype=np.float64):
    """Convolution with batch normalization per channel and dropout."""
    c = pynn.Convolution.of(1, 4, 3, pad=1, dtype=dtype)
    return pynn.Sequential([c, pynn.BatchNormalization.of(4, dtype=dtype), pynn.Relu(), pynn.Pooling(2, 2, 2), pynn.Flatten(),
                            pynn.Dropout(0.2), pynn.Affine.of(64, 3, dtype=dtype)])


# ---- cases: each returns a trained Trainer ----

def plain(comm, folder):
    got = trainer(comm, lambda: pynn.TwoLayerNet(6, 10, 2))
    got.train()
    return got


def everything(comm, folder):
    """Batch normalization, dropout, weight decay, clipping, a schedule, validation; shares of 20 samples, uneven for 3 ranks."""
    got = trainer(comm, lambda: pynn.MultiLayerNetExtend(6, [9, 8], 2, use_batchnorm=True, use_dropout=True, dropout_ration=0.3,
                                                         weight_decay_lambda=0.01),
                  clip_norm=0.5, validation_split=0.2, callbacks=[pynn.CosineDecay()])
    got.train()
    return got


def uneven(comm, folder):
    """Seven samples: shares of 1 and 2 on four ranks."""
    got = trainer(comm, mini_batch_size=7, rng=3, loss_after_update=False)
    got.train()
    return got


def long(comm, folder):
    """More steps than lie between two checks for drift."""
    got = trainer(comm, epochs=90)
    got.train()
    return got


def single(comm, folder):
    got = trainer(comm, lambda: pynn.MultiLayerNet(6, [9, 8], 2, dtype=np.float32))
    got.train()
    return got


def convolution(comm, folder):
    np.random.seed(1 if comm is None else comm.Get_rank() + 1)
    rng = np.random.default_rng(2)
    x = rng.standard_normal((50, 1, 8, 8))
    t = rng.integers(0, 3, 50)
    got = pynn.Trainer(images(), x, t, x, t, epochs=4, mini_batch_size=10, verbose=False, optimizer="Momentum", comm=comm)
    got.train()
    return got


def regression(comm, folder):
    """The book's squared error is a sum, not a mean."""
    np.random.seed(0 if comm is None else comm.Get_rank())
    x, _ = data()
    t = x[:, :2] * 2
    net = pynn.Sequential([pynn.Affine.of(6, 8), pynn.Tanh(), pynn.Affine.of(8, 2)], loss=pynn.IdentityWithLoss(),
                          weight_decay_lambda=0.1)
    got = pynn.Trainer(net, x[:70], t[:70], x[70:], t[70:], mini_batch_size=10, epochs=5, verbose=False, comm=comm,
                       optimizer_param={"lr": 0.003})
    got.train()
    return got


def readers_own(comm, folder):
    """A network that knows nothing of shares: its loss is a mean over samples."""
    from pynn import reference
    got = trainer(comm, lambda: reference.MultiLayerNet(6, [9], 2, weight_decay_lambda=0.01))
    got.train()
    return got


def early_stopping(comm, folder):
    got = trainer(comm, epochs=200, validation_split=0.3, callbacks=[pynn.EarlyStopping(3), pynn.ReduceLROnPlateau(patience=1)])
    got.train()
    return got


def stopped(comm, folder):
    """One rank, the last, stops the training."""
    def stop(t):
        t.stop = t.current_iter == 8 and t.ranks.rank == t.ranks.size - 1
    got = trainer(comm, on_step=stop)
    got.train()
    return got


def interrupted(comm, folder):
    """One rank, the last, gets Ctrl-C in its fifth step."""
    def interrupt(t):
        if t.current_iter == 5 and t.ranks.rank == t.ranks.size - 1:
            os.kill(os.getpid(), signal.SIGINT)
    got = trainer(comm, on_step=interrupt)
    got.train()
    assert got.interrupted
    return got


def diverged(comm, folder):
    """The loss is NaN because of one row among thousands, which is drawn by and by and lies in one rank's share then."""
    np.random.seed(0 if comm is None else comm.Get_rank())
    x, t = data(4000)
    x[17] = np.nan
    got = pynn.Trainer(pynn.MultiLayerNetExtend(6, [9, 8], 2, use_batchnorm=True), x, t, epochs=9, mini_batch_size=20, verbose=False,
                       evaluate_sample_num_per_epoch=10, comm=comm)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got.train()
    assert got.current_iter > 120 and len(caught) == (got.ranks.rank == 0), (got.current_iter, caught)
    return got


def too_fast(comm, folder):
    """The rate is so large that the loss overflows."""
    got = trainer(comm, lambda: pynn.MultiLayerNet(6, [9], 2), optimizer="SGD", optimizer_param={"lr": 1e200})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got.train()
    return got


def whole(comm, folder):
    got = trainer(comm)
    got.train()
    return got


def first_half(comm, folder):
    got = trainer(comm, on_step=lambda t: setattr(t, "stop", t.current_iter == 11))
    got.train()
    got.save(folder / "half.npz")
    return got


def second_half(comm, folder):
    got = trainer(comm, on_step=lambda t: None)
    got.load(folder / "half.npz")
    got.train()
    return got


COMPARED = (plain, everything, uneven, long, single, convolution, regression, readers_own, early_stopping, stopped, interrupted, diverged,
            too_fast, whole)


# ---- failures: none of them returns ----

def fails(comm, folder):
    """One rank, the last, raises in its third step."""
    def fail(t):
        if t.current_iter == 3 and t.ranks.rank == t.ranks.size - 1:
            raise OSError("the disk of this rank is gone")
    trainer(comm, on_step=fail).train()


def fails_for_all(comm, folder):
    """Only rank 0 writes, and cannot; every rank raises."""
    trainer(comm, checkpoint=folder / "absent" / "each.npz").train()


def killed(comm, folder):
    def kill(t):
        if t.current_iter == 3 and t.ranks.rank == t.ranks.size - 1:
            os.kill(os.getpid(), signal.SIGKILL)
    trainer(comm, on_step=kill).train()


def drifts(comm, folder):
    """One rank, the last, changes its parameters."""
    def change(t):
        if t.current_iter == 30 and t.ranks.rank == t.ranks.size - 1:
            t.network.params["W1"] *= 1.01
    trainer(comm, epochs=60, on_step=change).train()


def other_networks(comm, folder):
    trainer(comm, lambda: pynn.TwoLayerNet(6, 10 + comm.Get_rank(), 2)).train()


def too_few(comm, folder):
    trainer(comm, mini_batch_size=comm.Get_size() - 1).train()


def result(got):
    """Everything that a training leaves, as arrays by name."""
    history = {f"history/{name}": np.array(column, np.float64) for name, column in got.history.items() if name != "seconds"}
    return {**{f"network/{name}": np.array(value) for name, value in got.network_state().items()}, **history,
            "losses": np.array(got.train_loss_list), "train_acc_list": np.array(got.train_acc_list),
            "test_acc": np.array(got.test_acc, np.float64), "said": np.array(str(got.diverged)), "random": np.random.get_state()[1]}


def run(comm, folder, cases):
    for case in cases:
        got = globals()[case](comm, Path(folder))
        np.savez(Path(folder) / f"{case}-{got.ranks.rank}-of-{got.ranks.size}.npz", **result(got))


if __name__ == "__main__":
    from mpi4py import MPI
    run(MPI.COMM_WORLD, sys.argv[1], sys.argv[2:])
