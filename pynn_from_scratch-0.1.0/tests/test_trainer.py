"""The training loop: the book's draws, lists and epochs; Ctrl-C; silence."""

import signal
import sys
import threading

import numpy as np
import pytest

from pynn import reference
from pynn.networks import TwoLayerNet
from pynn.trainer import Trainer


@pytest.fixture
def data(rng):
    x = rng.random((130, 8))
    t = x[:, :3].argmax(axis=1)
    return x[:100], t[:100], x[100:], t[100:]


def trainer(data, seed=0, net=None, **options):
    np.random.seed(seed)
    net = net or TwoLayerNet(8, 6, 3, weight_init_std=0.3)
    return Trainer(net, *data, **{"epochs": 5, "mini_batch_size": 20, "verbose": False, **options})


def book_training(data, epochs, batch_size, seed=0):
    """The loop of section 4.5.2 with the reference's network."""
    x_train, t_train, x_test, t_test = data
    np.random.seed(seed)
    net = reference.TwoLayerNet(8, 6, 3, weight_init_std=0.3)
    losses, before, train_acc, test_acc = [], [], [], []
    for i in range(epochs * len(x_train) // batch_size):
        mask = np.random.choice(len(x_train), batch_size)
        x, t = x_train[mask], t_train[mask]
        before.append(net.loss(x, t))
        grads = net.gradient(x, t)
        for key in net.params:
            net.params[key] -= 0.01 * grads[key]
        losses.append(net.loss(x, t))
        if i % (len(x_train) // batch_size) == 0:
            train_acc.append(net.accuracy(x_train, t_train))
            test_acc.append(net.accuracy(x_test, t_test))
    return losses, before, train_acc, test_acc


def test_it_draws_and_records_what_the_book_does(data):
    got = trainer(data, epochs=40)
    got.train()
    losses, _, train_acc, test_acc = book_training(data, 40, 20)
    # 200 steps, each a few roundings of 1e-16
    np.testing.assert_allclose(got.train_loss_list, losses, rtol=1e-12)
    assert got.train_acc_list == train_acc and got.test_acc_list == test_acc
    assert (got.current_iter, got.current_epoch, got.max_iter, got.iter_per_epoch) == (200, 40, 200, 5)


def test_the_loss_before_the_update(data):
    got = trainer(data, epochs=40, loss_after_update=False)
    got.train()
    _, before, train_acc, _ = book_training(data, 40, 20)
    np.testing.assert_allclose(got.train_loss_list, before, rtol=1e-12)
    assert got.train_acc_list == train_acc


def test_it_trains_a_readers_own_network(data):
    """Anything with the book's methods will do."""
    np.random.seed(0)
    net = reference.TwoLayerNet(8, 6, 3, weight_init_std=0.3)
    got = trainer(data, net=net, optimizer="adam", optimizer_param={"lr": 0.02}, epochs=60)
    assert got.train() >= 0.8


def test_epochs_that_are_no_whole_number_of_batches(data):
    got = trainer(data, mini_batch_size=30, epochs=3)
    got.train()
    assert got.iter_per_epoch == pytest.approx(100 / 30)
    assert got.current_iter == got.max_iter == 10
    assert len(got.train_acc_list) == len(got.test_acc_list) == got.current_epoch == 3


def test_a_batch_larger_than_the_data(data):
    got = trainer(data, mini_batch_size=500, epochs=3)
    got.train()
    assert got.max_iter == len(got.train_loss_list) == len(got.test_acc_list) == 3


def test_accuracy_on_a_sample_of_each_set(data):
    got = trainer(data, evaluate_sample_num_per_epoch=10, epochs=1)
    counted = []
    accuracy = got.network.accuracy
    got.network.accuracy = lambda x, t: counted.append(len(x)) or accuracy(x, t)
    assert got.train() == got.test_acc == accuracy(*data[2:])
    assert counted == [10, 10, 10, 30]      # when the epoch begins, and the present at the end


def test_training_goes_on_when_asked_again(data):
    got, twice = trainer(data, epochs=4), trainer(data, epochs=2)
    np.random.seed(3)
    got.train()
    np.random.seed(3)
    twice.train()
    twice.train()
    assert twice.train_loss_list == got.train_loss_list
    assert twice.train_acc_list == got.train_acc_list


class Interrupted(TwoLayerNet):
    """Ctrl-C arrives in the middle of a step, between the gradient and the update."""

    calls, at, presses = 0, 7, 1

    def gradient(self, x, t):
        grads = super().gradient(x, t)
        self.calls += 1
        if self.calls == self.at:
            for _ in range(self.presses):
                signal.raise_signal(signal.SIGINT)
        return grads


def test_ctrl_c_keeps_what_was_learned(data):
    whole, cut = trainer(data, epochs=4), None
    np.random.seed(0)
    cut = trainer(data, net=Interrupted(8, 6, 3, weight_init_std=0.3), epochs=4)
    np.random.seed(3)
    whole.train()
    np.random.seed(3)
    accuracy = cut.train()
    assert cut.interrupted and not whole.interrupted
    assert cut.current_iter == 7 and cut.train_loss_list == whole.train_loss_list[:7]
    assert len(cut.train_acc_list) == len(cut.test_acc_list) == 2
    assert accuracy == cut.test_acc == cut.network.accuracy(*data[2:])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    cut.train()         # the rest, as if nothing had happened
    assert not cut.interrupted
    assert cut.train_loss_list == whole.train_loss_list
    assert cut.test_acc_list == whole.test_acc_list


def test_a_second_ctrl_c_stops_at_once(data):
    net = Interrupted(8, 6, 3)
    net.presses = 2
    got = trainer(data, net=net)
    with pytest.raises(KeyboardInterrupt):
        got.train()
    assert got.current_iter == len(got.train_loss_list) == 6
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_callers_stays(data):
    seen = []
    old = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        got = trainer(data, net=Interrupted(8, 6, 3))
        got.train()
    finally:
        signal.signal(signal.SIGINT, old)
    assert seen == [1] and got.current_iter == got.max_iter


def test_it_trains_in_another_thread(data):
    got = trainer(data)
    thread = threading.Thread(target=got.train)
    thread.start()
    thread.join()
    assert got.current_iter == got.max_iter


def test_an_error_in_the_network_is_passed_on(data):
    got = trainer(data)
    got.network.loss = lambda x, t: 1 / 0
    with pytest.raises(ZeroDivisionError):
        got.train()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_nothing_is_printed(data, capsys):
    trainer(data, verbose=False).train()
    assert capsys.readouterr() == ("", "")


def test_a_progress_bar_where_tqdm_is(data, capsys):
    pytest.importorskip("tqdm")
    trainer(data, verbose=True, epochs=2).train()
    out, err = capsys.readouterr()
    assert out.startswith("after 10 steps: loss ") and "test acc" in out
    assert "epoch 2 100%" in err and "loss" in err and "test acc" in err
    assert max(map(len, err.replace("\n", "\r").split("\r"))) <= 80


def test_one_line_where_tqdm_is_not(data, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    got = trainer(data, verbose=True)
    got.train()
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and "test acc" in out and err == "" and got.current_iter == got.max_iter


@pytest.mark.parametrize("name", ["SGD", "momentum", "Nesterov", "AdaGrad", "RMSPROP", "Adam"])
def test_optimizers_by_name(name, data):
    got = trainer(data, optimizer=name, optimizer_param={"lr": 0.003})
    assert type(got.optimizer).__name__.lower() == name.lower() and got.optimizer.lr == 0.003


def test_errors_in_words(data):
    with pytest.raises(ValueError, match="optimizer is 'adagard'; it must be one of .*'SGD'"):
        trainer(data, optimizer="adagard")
    with pytest.raises(ValueError, match="x_test has 30 samples but t_test has 29 labels"):
        trainer((*data[:3], data[3][1:]))
    with pytest.raises(ValueError, match="0 epochs of 100 samples are no step of 20 samples; give more epochs"):
        trainer(data, epochs=0)
