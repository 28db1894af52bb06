"""The training loop (section 4.5.2) as an object: draw a batch, descend, keep count."""

from __future__ import annotations

import math
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._reading import count, has
from pynn.networks.saving import state_of
from pynn.training import checkpoint, split, state
from pynn.training.arguments import optimizer_of, positive, random_state, rows_of, samples_of, steps_of, watchers
from pynn.training.callbacks import Checkpoint
from pynn.training.clipping import clipped
from pynn.training.divergence import DivergenceWarning, explain
from pynn.training.draws import Draws, leaves_draws_alone
from pynn.training.interrupt import between_steps
from pynn.training.progress import Progress, figures
from pynn.training.ranks import ranks_of
from pynn.training.rollback import Rollback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pynn._typing import Array, ArrayLike, Communicator, FilePath, Optimizer, Rng, Trainable


class Trainer:
    """Train a network by mini-batches, recording its loss and accuracy.

    Batches are drawn from NumPy's global state as the book draws them, so that the same seed gives the same
    curve. With `verbose`, a progress bar shows where tqdm is installed, and a line at the end says what was reached.

    A loss that is NaN or infinite ends the training with a `DivergenceWarning` that says which layer it came from;
    the network keeps the last parameters whose loss was finite.

    Parameters
    ----------
    network : object
        Has ``params``, ``gradient(x, t)``, ``loss(x, t)`` and ``accuracy(x, t)``: pynn's, or one of the reader's own.
    x_train, t_train, x_test, t_test : array_like
        Samples and their labels or targets, the same number of rows in each pair. There need be no test samples.
    epochs : int
        How many times the training set's size in samples is drawn.
    mini_batch_size : int
        Samples in a batch, of all ranks together.
    optimizer : str or object
        'SGD', 'Momentum', 'Nesterov', 'AdaGrad', 'RMSprop', 'Adam' or 'AdamW', in any case of letters; or an optimizer, to which
        `optimizer_param` does not apply.
    optimizer_param : dict
        The optimizer's keyword arguments.
    evaluate_sample_num_per_epoch : int, optional
        Measure on this many samples, the first of each set, instead of all.
    verbose : bool
    loss_after_update : bool
        Record the loss of the batch after its update, as the book does, at the price of one more forward pass.
        False records the loss that the gradient's own forward pass found before the update.
    validation_split : float, optional
        Set this share of the training samples aside, drawn at random, and measure on them.
    callbacks : sequence of Callback
        Such as `EarlyStopping`, `ReduceLROnPlateau`, `StepDecay` and `CosineDecay`.
    on_step, on_epoch : callable, optional
        Called with the trainer after each step and each epoch.
    clip_norm : float, optional
        Scale the gradients down where the norm of all of them together is larger.
    rng : numpy.random.Generator, numpy.random.RandomState or int, optional
        Draws the batches instead of NumPy's global state.
    checkpoint : path-like, optional
        Write a checkpoint there each epoch, as `save` does.
    comm : mpi4py.MPI.Intracomm, optional
        Share every batch among the ranks of this communicator, each of which builds the same trainer (docs/distributed.md).

    Attributes
    ----------
    train_loss_list : list of float
        The loss of every step.
    train_acc_list, test_acc_list : list of float
        The accuracies that the book records: one step into every epoch. Empty if the network is measured by something else.
    history : dict of list
        A row for every whole epoch: ``epoch`` from 1, ``loss`` (the mean of its steps), ``train_acc``, ``val_acc``, ``test_acc`` (or
        ``train_rmse``, ...), ``lr``, ``seconds``. Measured when the next epoch has made one step, as the book does, and for the last one
        at the end. ``pandas.DataFrame(trainer.history)`` is a table.
    latest : dict of float
        The same figures as they are now: after `train`, those of the network that you have.
    test_acc : float or None
        The network's metric on the whole test set when `train` ended.
    diverged : str or None
        Why the training had to stop.
    interrupted : bool
        Whether Ctrl-C ended `train`.
    stop : bool
        Set by a callback to end `train` after the step; on one rank it ends all.
    ranks : object
        The processes that share the batches: this one is ``ranks.rank`` of ``ranks.size``, 0 of 1 without `comm`.
    """

    def __init__(self, network: Trainable, x_train: ArrayLike, t_train: ArrayLike, x_test: ArrayLike | None = None,
                 t_test: ArrayLike | None = None, epochs: float = 20, mini_batch_size: int = 100,
                 optimizer: str | Optimizer = "SGD", optimizer_param: Mapping[str, Any] = {"lr": 0.01},
                 evaluate_sample_num_per_epoch: int | None = None, verbose: bool = True, *,
                 loss_after_update: bool = True, validation_split: float | None = None, callbacks: Iterable[object] = (),
                 on_step: Callable[[Trainer], object] | None = None, on_epoch: Callable[[Trainer], object] | None = None,
                 clip_norm: float | None = None, rng: Rng | None = None, checkpoint: FilePath | None = None,
                 comm: Communicator | None = None) -> None:
        self.network: Any = has("Trainer", "network", network, "gradient", "loss", why="it must have params, gradient, loss and accuracy")
        has("Trainer", "network.params", getattr(network, "params", None), "items", why="it must be a dict of arrays by name")
        self.rng: Any = random_state(rng)
        self.batch_size = count("Trainer", "mini_batch_size", mini_batch_size)
        self.ranks: Any = ranks_of(comm, self.batch_size)
        self.ranks.same_random_state(self.rng)
        self.x_train, self.t_train = samples_of("train", x_train, t_train)
        self.x_test, self.t_test = samples_of("test", x_test, t_test)
        self.x_val: Array | None = None
        self.t_val: Array | None = None
        self._order: Any = None         # of the training samples, those set aside first
        if validation_split is not None:
            split.set_aside(self, validation_split)
        self.epochs = epochs
        self.optimizer: Any = optimizer_of(optimizer, optimizer_param)
        self.evaluate_sample_num_per_epoch = (None if evaluate_sample_num_per_epoch is None else
                                              count("Trainer", "evaluate_sample_num_per_epoch", evaluate_sample_num_per_epoch))
        self.verbose = verbose and self.ranks.rank == 0
        self.loss_after_update = loss_after_update
        self.clip_norm = clip_norm if clip_norm is None else positive("clip_norm", clip_norm)
        self.callbacks: list[Any] = watchers(callbacks, on_step, on_epoch)
        if checkpoint is not None:
            self.callbacks.append(Checkpoint(checkpoint))

        self.train_size = len(self.x_train)
        self.iter_per_epoch = max(self.train_size / self.batch_size, 1)
        self.max_iter = steps_of(epochs, self.train_size, self.batch_size)
        self.current_iter = 0
        self.current_epoch = 0

        self.train_loss_list: list[float] = []
        self.train_acc_list: list[float] = []
        self.test_acc_list: list[float] = []
        self.history: dict[str, list[Any]] = {}
        self.latest: dict[str, float] = {}
        self.test_acc: float | None = None
        self.diverged: str | None = None
        self.interrupted = False
        self.stop = False
        self._draws = Draws()
        self._undisturbed = 0       # the step up to which only the batches draw
        self._rollback = Rollback()
        self._changed = False       # the network, since it was measured
        self._row_start = 0         # the first step of the epoch under way
        self._clock = time.perf_counter()

    # ---- the loop ----

    def train(self, *, summary: bool = True) -> float | None:
        """Train for ``epochs`` epochs and return the network's metric on the test set, an accuracy for example.

        With `verbose` and `summary`, a line in the end says what was reached.

        Ctrl-C ends the training after the step under way: the network is as trained so far, the lists are
        whole and the accuracy is measured all the same. Call `train` again to go on with what is left; after
        a complete run, again for as many epochs.
        """
        end = (self.current_iter // self.max_iter + 1) * self.max_iter
        self.stop, self.diverged = False, None
        self._rollback.forget()
        self._undisturbed = end if leaves_draws_alone(self) else 0
        self._clock = time.perf_counter()
        self._tell("on_begin")
        progress = Progress(end - self.current_iter, self.verbose)
        try:
            with between_steps() as pending:
                while self.current_iter < end and not self.ranks.any(pending or self.stop or self.diverged):
                    self.train_step()
                    progress.step(self)
            self.interrupted = self.ranks.any(pending)
            if self.current_iter == end:
                self.latest = self._figures(whole_test=True)
                self._end_epoch(self.current_epoch, self.current_iter)
            self._tell("on_end")
            self._measure_the_end()
        finally:
            self._undisturbed = 0
            self._draws.settle(self)
            progress.close(self)
        if self.diverged and self.ranks.rank == 0:
            warnings.warn(self.diverged, DivergenceWarning, stacklevel=2)
        elif self.verbose and summary:
            print(f"after {self.current_iter:,} steps: {figures(self)}")
        return self.test_acc

    def train_step(self) -> None:
        """Draw a batch, update the network, record the loss, and the accuracies where an epoch begins."""
        before = self._rollback.state_if_due(self)
        x, t, rows = self._batch()
        grads, loss = self._gradient(x, t)
        if loss is not None and not _is_finite(loss, self.network):
            self._diverge(x, rows, loss, self.current_iter - 1)
            return
        self._rollback.begin_step(self, before)
        self.optimizer.update(self.network.params, grads)
        if self.loss_after_update or loss is None:
            loss = self.ranks.loss(self.network, x, t)
            if not _is_finite(loss, self.network):
                self._diverge(x, rows, loss, self.current_iter)
                return
        self.train_loss_list.append(loss)
        self.current_iter += 1

        if self.current_iter > self.current_epoch * self.iter_per_epoch:
            self.current_epoch += 1
            self.latest = self._figures()
            for name, accuracies in ("train_acc", self.train_acc_list), ("test_acc", self.test_acc_list):
                if name in self.latest:
                    accuracies.append(self.latest[name])
            self._end_epoch(self.current_epoch - 1, self.current_iter - 1)
        self._tell("on_step")

    def gradient_of_a_batch(self) -> tuple[dict[str, Array], float]:
        """Draw a batch and return the gradients of its loss, clipped, and the loss; nothing is updated."""
        x, t, _ = self._batch()
        grads, loss = self._gradient(x, t)
        return grads, self.network.loss(x, t) if loss is None else loss

    def _batch(self):
        rows = self.ranks.rows(self._draws.rows(self, max(self._undisturbed - self.current_iter, 1)))
        return rows_of(self.x_train, rows), self.t_train.take(rows, axis=0), rows

    def _gradient(self, x, t):
        grads, loss = self.ranks.gradient(self.network, x, t)
        return (grads if self.clip_norm is None else clipped(grads, self.clip_norm)), loss

    def _tell(self, event):
        for callback in self.callbacks:
            method = getattr(callback, event, None)
            if method is not None:
                method(self)

    # ---- what it measures ----

    def _figures(self, whole_test=False):
        """The network's metric on the first samples of each set, by name."""
        n = self.evaluate_sample_num_per_epoch
        sets = (("train", self.x_train, self.t_train, n), ("val", self.x_val, self.t_val, n),
                ("test", self.x_test, self.t_test, None if whole_test else n))
        return {name: value for split, x, t, size in sets if x is not None
                for name, value in self.ranks.figure(self.network, split, x[:size], t[:size]).items()}

    def _end_epoch(self, epoch, steps):
        """Add the row of an epoch that ended after so many steps, unless it is there or the first epoch has only begun."""
        epochs = self.history.get("epoch", [0])
        if epoch <= epochs[-1]:
            return
        now = time.perf_counter()
        row = self.ranks.first(lambda: {
            "epoch": epoch, "loss": float(np.mean(self.train_loss_list[self._row_start:steps])), **self.latest,
            "lr": getattr(self.optimizer, "lr", None), "seconds": now - self._clock})
        for name, value in row.items():
            self.history.setdefault(name, []).append(value)
        self._row_start, self._clock = steps, now
        self._tell("on_epoch")

    def _measure_the_end(self):
        """The present network on the whole test set, and on the samples of the others."""
        if self._changed or self.current_iter % self.max_iter:
            self.latest = self._figures(whole_test=True)
        self._changed = False
        self.test_acc = next((value for name, value in self.latest.items() if name.startswith("test_")), None)

    # ---- where it can return to ----

    def network_state(self) -> dict[str, Array]:
        """Return the network's parameters and running statistics by name, not copied."""
        return state_of(self.network)

    def restore_network(self, arrays: Mapping[str, Array]) -> None:
        """Copy the arrays of `network_state` back into the network."""
        has("Trainer.restore_network", "arrays", arrays, "keys", why="it must be what network_state returned")
        for name, value in self.network_state().items():
            if name not in arrays.keys():
                raise ValueError(f"Trainer.restore_network: arrays has no {name}; it must be what network_state returned")
            if np.shape(arrays[name]) != np.shape(value):
                raise ValueError(f"Trainer.restore_network: {name} has shape {np.shape(arrays[name])} but the network has {np.shape(value)}; "
                                 "they must be equal")
        state.restore_network(self.network, arrays)
        self._changed = True
        self._rollback.forget()

    def save(self, path: FilePath) -> None:
        """Write a checkpoint: network, optimizer, callbacks, lists, counters, and the state of the random generators.

        Of several ranks, the first writes it; all must call.

        Parameters
        ----------
        path : path-like
            Ends in ``.npz``. The file appears whole or not at all; it holds arrays and text, no pickle.
        """
        self.ranks.first(checkpoint.save, self, path)

    def load(self, path: FilePath) -> None:
        """Go on from a checkpoint: this trainer, built with the same arguments, becomes the one that was saved.

        The losses that follow are to the bit those of a training that was never interrupted, and the samples of
        `validation_split` are those that were set aside then. NumPy's global
        random state, from which dropout draws, is set too.

        Raises
        ------
        ValueError
            If the file is no checkpoint, or of another network, optimizer or number of samples.
        """
        checkpoint.load(self, path)

    def _diverge(self, x, rows, loss, step):
        """Say why, and return to the parameters after `step` updates, the last with a finite loss."""
        self._undisturbed = 0
        self._draws.settle(self)
        self.diverged = self.ranks.first(explain, self, self.ranks.whole(x), self.ranks.whole(rows), loss)
        self._rollback.return_to(self, step)

    def __repr__(self) -> str:
        return (f"Trainer({type(self.network).__name__}, {self.train_size:,} samples, {self.epochs} epochs of batches of "
                f"{self.batch_size}, {self.optimizer!r}; {self.current_iter:,} of {self.max_iter:,} steps done)")


def _is_finite(loss, network):
    try:
        return math.isfinite(loss)
    except TypeError as error:
        raise TypeError(f"Trainer: the loss of {type(network).__name__} is a {type(loss).__name__}; it must be a number") from error
