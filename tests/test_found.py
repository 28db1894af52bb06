"""Trainings and networks that went wrong without a word."""

import numpy as np
import pytest

import pynn
from pynn.training import DivergenceWarning


@pytest.fixture(autouse=True)
def seeded():
    np.random.seed(0)


@pytest.fixture(scope="module")
def digits():
    (x, t), (x_test, t_test) = pynn.load_digits()
    return x[:200], t[:200], x_test, t_test


def network(**options):
    return pynn.Sequential([pynn.Affine.of(64, 20), pynn.Relu(), pynn.Affine.of(20, 10)], **options)


def trainer_of(digits, net=None, **options):
    x, t, x_test, t_test = digits
    options = {"epochs": 4, "mini_batch_size": 50, "verbose": False} | options
    return pynn.Trainer(net or network(), x, t, x_test, t_test, **options)


class Broken(Exception):
    pass


class BreaksAfter:
    """A computer that is switched off after an epoch, once the checkpoint is written."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch(self, trainer):
        if trainer.history["epoch"][-1] == self.epoch:
            raise Broken


@pytest.mark.parametrize("schedule", [pynn.CosineDecay, lambda: pynn.StepDecay(1), lambda: pynn.CosineDecay(warmup=0.3),
                                      lambda: pynn.ReduceLROnPlateau(patience=1)])
def test_training_goes_on_from_a_checkpoint_in_the_middle(digits, tmp_path, schedule):
    def build(name, breaks_after=None):
        np.random.seed(1)
        trainer = trainer_of(digits, optimizer="Adam", optimizer_param={"lr": 0.01}, callbacks=[schedule()], checkpoint=tmp_path / name)
        trainer.callbacks.append(BreaksAfter(breaks_after))
        return trainer
    whole = build("whole.npz")
    whole.train()
    broken = build("broken.npz", breaks_after=2)
    with pytest.raises(Broken):
        broken.train()
    again = build("broken.npz")
    again.load(tmp_path / "broken.npz")
    again.train()
    assert again.train_loss_list == whole.train_loss_list
    assert again.history["loss"] == whole.history["loss"] and again.history["lr"] == whole.history["lr"]
    assert all(np.array_equal(again.network.params[name], value) for name, value in whole.network.params.items())


def test_lists_are_whole_when_a_callback_raises(digits):
    trainer = trainer_of(digits, callbacks=[BreaksAfter(1)])
    with pytest.raises(Broken):
        trainer.train()
    assert trainer.current_iter == len(trainer.train_loss_list)


@pytest.mark.parametrize("bad_step", [99, 100, 101])
@pytest.mark.parametrize("after", [True, False])
def test_diverged_network_is_the_last_good_one_whatever_the_step(digits, bad_step, after):
    seen = {}

    def on_step(trainer):
        seen[trainer.current_iter] = trainer.network.params["W1"].copy()
        if trainer.current_iter == 40:
            trainer.optimizer.lr = 0.01         # by hand, as ReduceLROnPlateau would
        if trainer.current_iter == bad_step:
            trainer.optimizer.lr = 1e300
    trainer = trainer_of(digits, epochs=50, loss_after_update=after, optimizer_param={"lr": 0.1}, on_step=on_step)
    with pytest.warns(DivergenceWarning):
        trainer.train()
    assert trainer.current_iter == bad_step
    assert np.array_equal(trainer.network.params["W1"], seen[bad_step])


def test_divergence_does_not_bring_back_a_network_from_before_the_call(digits):
    seen = {}

    def on_step(trainer):
        seen[trainer.current_iter] = trainer.network.params["W1"].copy()
        if trainer.current_iter == 20:
            trainer.optimizer.lr = 1e300
    trainer = trainer_of(digits, on_step=on_step)
    trainer.train()
    trainer.network.params = network().params           # the reader begins with other weights
    with pytest.warns(DivergenceWarning):
        trainer.train()
    assert np.array_equal(trainer.network.params["W1"], seen[20])


def test_network_without_last_loss_records_one(digits):
    class Own:
        def __init__(self):
            self.net = network()
            self.params = dict(self.net.params)

        def __getattr__(self, name):
            if name == "last_loss":
                raise AttributeError(name)
            return getattr(self.net, name)
    trainer = trainer_of(digits, Own(), loss_after_update=False)
    trainer.train()
    assert np.isfinite(trainer.train_loss_list).all()


def test_checkpoint_brings_its_validation_samples_along(digits, tmp_path):
    first = trainer_of(digits, validation_split=0.2)
    first.train()
    first.save(tmp_path / "c.npz")
    again = trainer_of(digits, validation_split=0.2)        # the generator has moved on
    again.load(tmp_path / "c.npz")
    for name in ("x_val", "t_val", "x_train", "t_train"):
        assert np.array_equal(getattr(again, name), getattr(first, name)), name
    with pytest.raises(ValueError, match="validation_split"):
        trainer = pynn.Trainer(network(), first.x_train, first.t_train, mini_batch_size=50)
        trainer.load(tmp_path / "c.npz")


def test_early_stopping_forgets_the_training_before(digits):
    stop = pynn.EarlyStopping(patience=2)
    first = trainer_of(digits, epochs=8, optimizer="Adam", optimizer_param={"lr": 0.01}, callbacks=[stop])
    first.train()
    second = trainer_of(digits, epochs=2, optimizer_param={"lr": 1e-6}, callbacks=[stop])
    second.train()
    assert stop.best == max(second.history["test_acc"])
    assert not np.array_equal(first.network.params["W1"], second.network.params["W1"])


def test_schedule_takes_the_rate_of_each_training(digits):
    schedule = pynn.CosineDecay(warmup=0.2)
    for lr in (0.003, 0.1):
        trainer = trainer_of(digits, optimizer_param={"lr": lr}, callbacks=[schedule])
        trainer.train()
        assert schedule.initial_lr == lr
