"""The training loop (ch. 4.5.2) as an object: draw a batch, descend, keep count."""
import signal
import threading
from contextlib import contextmanager

import numpy as np

from . import optimizer as optimizers

__all__ = ["Trainer"]

_OPTIMIZERS = {name.lower(): getattr(optimizers, name) for name in optimizers.__all__}


@contextmanager
def _interrupt_between_steps():
    """Hold back the first Ctrl-C until the step under way is whole; a second acts at once.

    Yields a list that is empty until then. Only the main thread receives signals, and a handler
    of the caller's own stays in charge.
    """
    pending = []
    if (threading.current_thread() is not threading.main_thread()
            or signal.getsignal(signal.SIGINT) is not signal.default_int_handler):
        yield pending
        return

    def hold(signum, frame):
        pending.append(signum)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, hold)
    try:
        yield pending
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _progress_bar(total):
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=total, unit="step", dynamic_ncols=True)


class Trainer:
    """Train a network by mini-batches, recording its loss and accuracy.

    Batches are drawn from NumPy's global state as the book draws them, so that the same seed gives the same
    curve. Nothing is printed; with `verbose`, a progress bar shows where tqdm is installed.

    Parameters
    ----------
    network : object
        Has ``params``, ``gradient(x, t)``, ``loss(x, t)`` and ``accuracy(x, t)``.
    x_train, t_train, x_test, t_test : ndarray
        Samples and their labels, the same number of rows in each pair.
    epochs : int
        How many times the training set's size in samples is drawn.
    mini_batch_size : int
        Samples in a batch.
    optimizer : {'SGD', 'Momentum', 'Nesterov', 'AdaGrad', 'RMSprop', 'Adam'}
        In any case of letters.
    optimizer_param : dict
        The optimizer's keyword arguments.
    evaluate_sample_num_per_epoch : int, optional
        Measure the accuracy on this many samples, the first of each set, instead of all.
    verbose : bool
        Show a progress bar.
    loss_after_update : bool
        Record the loss of the batch after its update, as the book does, at the price of one more forward pass.
        False records the loss that the gradient's own forward pass found before the update.

    Attributes
    ----------
    train_loss_list : list of float
        The loss of every step.
    train_acc_list, test_acc_list : list of float
        The accuracies at the beginning of every epoch.
    test_acc : float or None
        The accuracy on the whole test set when `train` ended.
    interrupted : bool
        Whether Ctrl-C ended `train`.
    """

    def __init__(self, network, x_train, t_train, x_test, t_test, epochs=20, mini_batch_size=100,
                 optimizer="SGD", optimizer_param={"lr": 0.01}, evaluate_sample_num_per_epoch=None,
                 verbose=True, *, loss_after_update=True):
        for name, x, t in (("train", x_train, t_train), ("test", x_test, t_test)):
            if len(x) != len(t):
                raise ValueError(f"Trainer: x_{name} has {len(x)} samples but t_{name} has {len(t)} labels")
        if optimizer.lower() not in _OPTIMIZERS:
            raise ValueError(f"Trainer: optimizer is {optimizer!r}; it must be one of {optimizers.__all__}")
        self.network = network
        self.x_train, self.t_train = np.asarray(x_train), np.asarray(t_train)
        self.x_test, self.t_test = np.asarray(x_test), np.asarray(t_test)
        self.epochs = epochs
        self.batch_size = mini_batch_size
        self.optimizer = _OPTIMIZERS[optimizer.lower()](**optimizer_param)
        self.evaluate_sample_num_per_epoch = evaluate_sample_num_per_epoch
        self.verbose = verbose
        self.loss_after_update = loss_after_update

        self.train_size = len(x_train)
        self.iter_per_epoch = max(self.train_size / mini_batch_size, 1)
        self.max_iter = int(epochs * self.iter_per_epoch)
        if self.max_iter < 1:
            raise ValueError(f"Trainer: {epochs} epochs of {self.train_size} samples are no step of "
                             f"{mini_batch_size} samples; give more epochs")
        self.current_iter = 0
        self.current_epoch = 0

        self.train_loss_list = []
        self.train_acc_list = []
        self.test_acc_list = []
        self.test_acc = None
        self.interrupted = False

    def train_step(self):
        """Draw a batch, update the network, record the loss, and the accuracies where an epoch begins."""
        # what np.random.choice(train_size, batch_size) draws, in half its time
        rows = np.random.randint(self.train_size, size=self.batch_size)
        x, t = self.x_train.take(rows, axis=0), self.t_train.take(rows, axis=0)

        grads = self.network.gradient(x, t)
        self.optimizer.update(self.network.params, grads)
        self.train_loss_list.append(self.network.loss(x, t) if self.loss_after_update else self.network.last_loss)

        if self.current_iter >= self.current_epoch * self.iter_per_epoch:
            self.current_epoch += 1
            n = self.evaluate_sample_num_per_epoch
            self.train_acc_list.append(self.network.accuracy(self.x_train[:n], self.t_train[:n]))
            self.test_acc_list.append(self.network.accuracy(self.x_test[:n], self.t_test[:n]))
        self.current_iter += 1

    def train(self):
        """Train for ``epochs`` epochs and return the accuracy on the test set.

        Ctrl-C ends the training after the step under way: the network is as trained so far, the lists are
        whole and the accuracy is measured all the same. Call `train` again to go on with what is left; after
        a complete run, again for as many epochs.
        """
        end = (self.current_iter // self.max_iter + 1) * self.max_iter
        bar = _progress_bar(end - self.current_iter) if self.verbose else None
        try:
            with _interrupt_between_steps() as pending:
                while self.current_iter < end and not pending:
                    self.train_step()
                    if bar is not None:
                        self._show(bar)
        finally:
            if bar is not None:
                bar.close()
        self.interrupted = bool(pending)
        self.test_acc = self.network.accuracy(self.x_test, self.t_test)
        return self.test_acc

    def _show(self, bar):
        bar.set_postfix_str(f"epoch {self.current_epoch}, loss {self.train_loss_list[-1]:.4f}, accuracy "
                            f"{self.train_acc_list[-1]:.4f} train {self.test_acc_list[-1]:.4f} test", refresh=False)
        bar.update()
