"""What watches and steers a training: checkpoints, callbacks, schedules, validation, clipping, a search for the rate."""

import os
import types

import numpy as np
import pytest

import pynn
from pynn.io.state import read_state, write_state


@pytest.fixture
def data(rng):
    x = rng.random((90, 6))
    return x, (x[:, 0] > x[:, 1]).astype(int)


def network(**options):
    return pynn.MultiLayerNetExtend(6, [8, 8], 2, use_dropout=True, dropout_ration=0.2, use_batchnorm=True, **options)


def trainer(data, seed=0, **options):
    np.random.seed(seed)
    options = {"epochs": 6, "mini_batch_size": 20, "optimizer": "Adam", "optimizer_param": {"lr": 0.01}, "verbose": False, **options}
    return pynn.Trainer(network(), *data, data[0][:30], data[1][:30], **options)


# ---- checkpoints ----

@pytest.mark.parametrize("optimizer", ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW"])
@pytest.mark.parametrize("generator", [None, 7])
def test_a_training_goes_on_from_its_checkpoint_to_the_bit(optimizer, generator, data, tmp_path):
    whole = trainer(data, optimizer=optimizer, rng=generator)
    whole.train()
    cut = trainer(data, optimizer=optimizer, rng=generator, on_step=lambda t: setattr(t, "stop", t.current_iter == 14))
    cut.train()
    cut.save(tmp_path / "run.npz")
    np.random.seed(99)
    again = trainer(data, seed=5, optimizer=optimizer, rng=generator, on_step=lambda t: None)
    again.load(tmp_path / "run.npz")
    assert again.current_iter == 14 and again.train_loss_list == whole.train_loss_list[:14]
    again.train()
    assert again.train_loss_list == whole.train_loss_list
    assert again.train_acc_list == whole.train_acc_list and again.test_acc_list == whole.test_acc_list
    assert {name: column for name, column in again.history.items() if name != "seconds"} \
        == {name: column for name, column in whole.history.items() if name != "seconds"}
    for name, value in whole.network_state().items():
        np.testing.assert_array_equal(again.network_state()[name], value)


def test_a_checkpoint_each_epoch(data, tmp_path):
    path = tmp_path / "run.npz"
    written = []
    got = trainer(data, checkpoint=path, on_epoch=lambda t: written.append(path.exists()))
    got.train()
    assert written == [False, True, True, True, True, True] and path.exists()
    again = trainer(data, seed=3, checkpoint=path, on_epoch=lambda t: None)
    again.load(path)
    assert again.current_iter == 27 and again.history["epoch"] == [1, 2, 3, 4, 5, 6]


def test_early_stopping_and_schedules_go_on_too(data, tmp_path):
    def callbacks():
        return [pynn.EarlyStopping(2, restore_best=False), pynn.CosineDecay(warmup=0.2), pynn.ReduceLROnPlateau(patience=1)]
    got = trainer(data, callbacks=callbacks(), epochs=3)
    got.train()
    got.save(tmp_path / "run.npz")
    again = trainer(data, callbacks=callbacks(), epochs=3)
    again.load(tmp_path / "run.npz")
    for before, after in zip(got.callbacks, again.callbacks):
        assert {k: v for k, v in vars(before).items() if k[0] != "_"} == {k: v for k, v in vars(after).items() if k[0] != "_"}
    assert again.optimizer.lr == got.optimizer.lr


@pytest.mark.parametrize("change, words", [
    ({"optimizer": "SGD"}, r"saved with the optimizer and callbacks \['Adam'\] but this trainer has \['SGD'\]"),
    ({"mini_batch_size": 10}, "saved with batch_size 20 but this trainer has 10"), ({"rng": 1}, "saved without an rng")])
def test_a_checkpoint_of_another_training(change, words, data, tmp_path):
    trainer(data).save(tmp_path / "run.npz")
    other = trainer(data, **change)
    before = {name: value.copy() for name, value in other.network_state().items()}
    with pytest.raises(ValueError, match="Trainer.load: .*run.npz was " + words):
        other.load(tmp_path / "run.npz")
    assert all((before[name] == value).all() for name, value in other.network_state().items())


def test_a_checkpoint_of_another_network(data, tmp_path):
    trainer(data).save(tmp_path / "run.npz")
    other = pynn.Trainer(pynn.TwoLayerNet(6, 5, 2), *data, mini_batch_size=20, optimizer="Adam", verbose=False)
    with pytest.raises(ValueError, match=r"W1 in .* has shape \(6, 8\) but the network has \(6, 5\)"):
        other.load(tmp_path / "run.npz")
    pynn.save_params({"W1": np.ones(3)}, tmp_path / "params.npz")
    with pytest.raises(ValueError, match="params.npz"):
        other.load(tmp_path / "params.npz")


def test_a_readers_own_network_has_checkpoints(data, tmp_path):
    from pynn import reference

    def own():
        np.random.seed(0)
        net = reference.MultiLayerNetExtend(6, [5], 2, use_batchnorm=True)
        return pynn.Trainer(net, *data, *data, epochs=4, mini_batch_size=30, verbose=False)
    whole, cut = own(), own()
    whole.train()
    cut = own()
    cut.callbacks.append(pynn.Callback(on_step=lambda t: setattr(t, "stop", t.current_iter == 5)))
    cut.train()
    cut.save(tmp_path / "run.npz")
    again = own()
    again.callbacks.append(pynn.Callback())
    again.load(tmp_path / "run.npz")
    again.train()
    assert again.train_loss_list == whole.train_loss_list and again.test_acc_list == whole.test_acc_list


# ---- callbacks ----

class Names(pynn.Callback):
    def __init__(self):
        super().__init__()
        self.called = []

    def on_begin(self, trainer):
        self.called.append("begin")

    def on_step(self, trainer):
        self.called.append(trainer.current_iter)

    def on_epoch(self, trainer):
        self.called.append(f"epoch {trainer.history['epoch'][-1]}")

    def on_end(self, trainer):
        self.called.append("end")


def test_when_callbacks_are_called(data):
    watch = Names()
    trainer((data[0][:40], data[1][:40]), callbacks=[watch], epochs=2).train()
    assert watch.called == ["begin", 1, 2, "epoch 1", 3, 4, "epoch 2", "end"]


def test_early_stopping_restores_the_best(data):
    states = {}

    def remember(t):
        states[t.history["epoch"][-1]] = {name: value.copy() for name, value in t.network_state().items()}

    watch = pynn.EarlyStopping(patience=3, monitor="test_acc")
    got = trainer(data, epochs=100, callbacks=[watch], on_epoch=remember)
    accuracy = got.train()
    assert got.current_iter < got.max_iter and watch.waited == 3
    column = got.history["test_acc"]
    assert watch.best == max(column) == column[watch.best_epoch - 1] and len(column) == watch.best_epoch + 3
    for name, value in got.network_state().items():
        np.testing.assert_array_equal(value, states[watch.best_epoch][name])
    assert accuracy == got.latest["test_acc"] == got.network.accuracy(data[0][:30], data[1][:30])


def test_what_is_monitored_by_default(data):
    watch = pynn.EarlyStopping(patience=2)
    got = trainer(data, callbacks=[watch], validation_split=0.3)
    got.train()
    assert watch.best in got.history["val_acc"]
    with pytest.raises(ValueError, match=r"EarlyStopping: monitor is 'accuracy'; the history has \['loss', 'train_acc', 'test_acc'\]"):
        trainer(data, callbacks=[pynn.EarlyStopping(monitor="accuracy")]).train()


def test_step_decay(data):
    rates = []
    trainer((data[0][:40], data[1][:40]), epochs=6, optimizer="SGD", optimizer_param={"lr": 0.8},
            callbacks=[pynn.StepDecay(2, 0.5)], on_step=lambda t: rates.append(t.optimizer.lr)).train()
    assert rates == [0.8] * 3 + [0.4] * 4 + [0.2] * 4 + [0.1]


def test_cosine_decay(data):
    used = []

    class Watched(pynn.SGD):
        def update(self, params, grads):
            used.append(self.lr)
            super().update(params, grads)

    trainer((data[0][:40], data[1][:40]), epochs=10, optimizer=Watched(1.0),
            callbacks=[pynn.CosineDecay(0.1, warmup=0.25)]).train()
    assert used[0] == 0 and max(used) == pytest.approx(used[5]) == pytest.approx(1.0)
    assert used[:6] == sorted(used[:6]) and used[5:] == sorted(used[5:], reverse=True) and used[-1] > 0.1


def test_reduce_lr_on_plateau(data):
    got = trainer(data, epochs=8, optimizer="SGD", optimizer_param={"lr": 1e-9},
                  callbacks=[pynn.ReduceLROnPlateau(0.5, patience=2, min_delta=0.01, min_lr=2e-10, monitor="test_acc")])
    got.network.layers["Affine1"].W[...] = 0            # nothing changes much
    got.train()
    assert got.history["lr"][:5] == [1e-9, 1e-9, 1e-9, 5e-10, 5e-10] or min(got.history["lr"]) >= 2e-10
    assert got.optimizer.lr >= 2e-10 and got.optimizer.lr < 1e-9


@pytest.mark.parametrize("make, words", [
    (lambda: pynn.EarlyStopping(0), "EarlyStopping: patience is 0"), (lambda: pynn.StepDecay(0), "StepDecay: step_size is 0"),
    (lambda: pynn.CosineDecay(warmup=1), "CosineDecay: warmup is 1"), (lambda: pynn.ReduceLROnPlateau(2), "factor is 2")])
def test_settings_that_make_no_sense(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# ---- the trainer's own options ----

def test_an_optimizer_of_ones_own(data):
    class Own:
        def __init__(self):
            self.seen = 0

        def update(self, params, grads):
            self.seen += 1
            for name in params.keys():
                params[name] -= 0.5 * grads[name]

    got = trainer(data, optimizer=Own())
    got.train()
    assert got.optimizer.seen == got.max_iter and got.history["lr"] == [None] * 6


def test_without_test_samples(data):
    np.random.seed(0)
    got = pynn.Trainer(network(), *data, epochs=3, mini_batch_size=30, verbose=False)
    assert got.train() is None and got.test_acc_list == [] and len(got.train_acc_list) == 3
    assert list(got.history) == ["epoch", "loss", "train_acc", "lr", "seconds"]


def test_validation_samples_are_set_aside(data):
    x = np.arange(540.0).reshape(90, 6)
    got = trainer((x, data[1]), validation_split=0.2)
    assert (len(got.x_train), len(got.x_val), got.train_size) == (72, 18, 72)
    together = np.concatenate([got.x_train, got.x_val])
    np.testing.assert_array_equal(np.sort(together[:, 0]), x[:, 0])
    np.testing.assert_array_equal(got.t_val, data[1][(got.x_val[:, 0] / 6).astype(int)])
    assert sorted(got.x_val[:, 0]) != list(x[-18:, 0])
    got.train()
    assert len(got.history["val_acc"]) == 6


@pytest.mark.parametrize("share", [0, 1, -0.1, 0.001, 0.999])
def test_validation_splits_of_nothing(share, data):
    with pytest.raises(ValueError, match="validation_split is .* leaves some on both sides"):
        trainer(data, validation_split=share)


@pytest.mark.parametrize("generator", [3, np.random.default_rng(3), np.random.RandomState(3)])
def test_batches_of_a_generator(generator, data):
    np.random.seed(1)
    net = pynn.TwoLayerNet(6, 5, 2)
    before = np.random.get_state()[1].copy()
    pynn.Trainer(net, *data, epochs=2, mini_batch_size=20, verbose=False, rng=generator).train()
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_clipping(data):
    seen = []

    class Seen(pynn.SGD):
        def update(self, params, grads):
            seen.append(np.sqrt(sum(np.sum(g * g) for g in grads.values())))
            super().update(params, grads)

    plain = trainer(data, optimizer=Seen(0.1))
    plain.train()
    norms, seen[:] = seen.copy(), []
    clipped = trainer(data, optimizer=Seen(0.1), clip_norm=float(np.median(norms)))
    clipped.train()
    assert max(seen) <= np.median(norms) * (1 + 1e-12) < max(norms)
    assert seen[0] == pytest.approx(min(norms[0], np.median(norms)))
    # what the layers show is the gradient itself
    assert clipped.network.layers["Affine1"].dW is not None


def test_regression(rng):
    x = rng.random((100, 3))
    t = x @ [1.0, -2.0, 0.5] + 0.3
    np.random.seed(0)
    net = pynn.Sequential([pynn.Affine.of(3, 16), pynn.Tanh(), pynn.Affine.of(16, 1)], loss=pynn.IdentityWithLoss(mean=True))
    got = pynn.Trainer(net, x[:80], t[:80], x[80:], t[80:], epochs=200, mini_batch_size=20, optimizer="adam",
                       optimizer_param={"lr": 0.01}, verbose=False)
    assert got.train() == got.history["test_rmse"][-1] == net.rmse(x[80:], t[80:]) < 0.05
    assert got.train_acc_list == got.test_acc_list == [] and net.metric == "rmse"
    assert net.score(x[80:], t[80:]) > 0.99
    want = np.sqrt(np.mean((net.predict(x[80:])[:, 0] - t[80:]) ** 2))
    assert net.rmse(x[80:], t[80:], batch_size=7) == pytest.approx(want)


@pytest.mark.parametrize("change, words", [
    ({"mini_batch_size": 0}, "mini_batch_size is 0; it must be at least 1"), ({"optimizer": None}, "optimizer is None"),
    ({"clip_norm": -1}, "clip_norm is -1")])
def test_errors_in_words(change, words, data):
    with pytest.raises(ValueError, match=f"Trainer: {words}"):
        trainer(data, **change)


def test_samples_without_labels(data):
    with pytest.raises(ValueError, match="t_test is None; samples and their labels come together"):
        pynn.Trainer(network(), *data, data[0])
    with pytest.raises(ValueError, match="x_train has no axis of samples"):
        pynn.Trainer(network(), 3, 4)


def test_repr(data):
    assert repr(trainer(data)).startswith("Trainer(MultiLayerNetExtend, 90 samples, 6 epochs of batches of 20, Adam(lr=0.01")


# ---- a rate by trial ----

def test_find_lr(data):
    np.random.seed(0)
    net = network()
    before = {name: param.copy() for name, param in net.params.items()}
    state = np.random.get_state()[1].copy()
    found = pynn.find_lr(net, *data, mini_batch_size=30)
    assert found.lr[0] == 1e-6 and 1e-4 < found.suggestion < 10
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    for name, param in net.params.items():
        np.testing.assert_array_equal(param, before[name])
    assert f"suggestion={found.suggestion:.2g}" in repr(found)
    pytest.importorskip("matplotlib").use("agg")
    assert found.plot().get_xscale() == "log"


def test_find_lr_in_words(data):
    with pytest.raises(ValueError, match="low is 1 and high is 0.1"):
        pynn.find_lr(network(), *data, low=1, high=0.1)
    with pytest.raises(ValueError, match="the loss was not finite"):
        pynn.find_lr(network(), data[0] * np.nan, data[1])


def test_a_full_disk_loses_no_checkpoint(data, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    got = trainer(data)
    got.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="run.npz"):
        got.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["run.npz"]


# ---- what a file must not do, and what it must bring back ----

def test_a_checkpoint_does_not_say_where_the_next_one_goes(data, tmp_path):
    """A branch of a training writes its own file and not over the one that it began from."""
    first = trainer(data, checkpoint=tmp_path / "first.npz")
    first.train()
    before = (tmp_path / "first.npz").read_bytes()
    for path in (tmp_path / "second.npz", str(tmp_path / "second.npz")):
        second = trainer(data, checkpoint=path)
        second.load(tmp_path / "first.npz")
        second.train()
        assert (tmp_path / "first.npz").read_bytes() == before and (tmp_path / "second.npz").is_file()
        (tmp_path / "second.npz").unlink()


def test_a_file_puts_nothing_in_the_place_of_what_is_no_state(data, tmp_path):
    trainer(data, checkpoint=tmp_path / "first.npz").save(tmp_path / "first.npz")
    arrays, facts = read_state(tmp_path / "first.npz")
    facts["objects"][1]["plain"] |= {"path": str(tmp_path / "elsewhere.npz"), "_functions": 5}
    write_state(tmp_path / "damaged.npz", arrays, facts)
    other = trainer(data, checkpoint=tmp_path / "second.npz")
    before = dict(vars(other.callbacks[0]))
    other.load(tmp_path / "damaged.npz")
    assert vars(other.callbacks[0]) == before


class Keeper(pynn.Callback):
    def __init__(self):
        super().__init__()
        self.losses, self.by_step, self.named, self.words, self.arrays, self.none = [], {}, {"best": 1.5, "at": 3}, ["a", None], {}, []

    def on_step(self, trainer):
        self.losses.append(float(trainer.train_loss_list[-1]))
        self.by_step[trainer.current_iter] = np.array([1.0, 2.0])
        self.arrays["W1"] = trainer.network.params["W1"].copy()


def test_what_a_callback_keeps_comes_back_as_it_was(data, tmp_path):
    first = trainer(data, callbacks=[Keeper()])
    first.train()
    first.save(tmp_path / "run.npz")
    second = trainer(data, callbacks=[Keeper()])
    second.load(tmp_path / "run.npz")
    kept, again = vars(first.callbacks[0]), vars(second.callbacks[0])
    for name in ("losses", "named", "words", "none"):
        assert again[name] == kept[name] and type(again[name]) is type(kept[name])
    assert all(type(loss) is float for loss in again["losses"])
    for name in ("by_step", "arrays"):
        assert list(again[name]) == list(kept[name])
        assert all((again[name][key] == kept[name][key]).all() for key in kept[name])


def test_a_network_of_another_class_is_refused(data, tmp_path):
    pynn.Trainer(pynn.TwoLayerNet(6, 8, 2), *data, mini_batch_size=20, verbose=False).save(tmp_path / "run.npz")
    same_shapes = pynn.Trainer(pynn.MultiLayerNet(6, [8], 2), *data, mini_batch_size=20, verbose=False)
    with pytest.raises(ValueError, match="saved with a TwoLayerNet but this trainer has a MultiLayerNet"):
        same_shapes.load(tmp_path / "run.npz")


class NoRate:
    """An optimizer without a rate, and without attributes at all."""

    __slots__ = ()

    def update(self, params, grads):
        for name, grad in grads.items():
            params[name] -= 0.1 * grad


class Slots:
    __slots__ = ()

    def on_step(self, trainer):
        pass


def test_an_optimizer_and_a_callback_without_attributes(data, tmp_path):
    first, second = (trainer(data, optimizer=NoRate(), callbacks=[Slots()]) for _ in range(2))
    first.train()
    first.save(tmp_path / "run.npz")
    second.load(tmp_path / "run.npz")
    assert second.history["lr"] == first.history["lr"] and set(second.history["lr"]) == {None}


class Numbered:
    """A network whose parameters have numbers for names."""

    def __init__(self):
        self.params = {0: np.ones(3)}

    def gradient(self, x, t):
        return {0: np.ones(3)}

    def loss(self, x, t):
        return float(self.params[0].sum()) if self.params[0].sum() > -5 else np.nan


def test_parameters_with_numbers_for_names(data, tmp_path):
    """A file would make text of them: that is said when it is written, not when it is needed. A divergence is survived."""
    numbered = pynn.Trainer(Numbered(), *data, mini_batch_size=20, optimizer="Momentum", optimizer_param={"lr": 0.1}, verbose=False)
    with pytest.warns(pynn.DivergenceWarning):
        numbered.train()
    assert np.isfinite(numbered.network.loss(None, None)) and list(numbered.optimizer.v) == [0]
    with pytest.raises(TypeError, match="Trainer.save: the network has a parameter 0; in a file names must be str"):
        numbered.save(tmp_path / "run.npz")
    assert not list(tmp_path.iterdir())


def test_numpys_global_state_by_its_module(data):
    np.random.seed(3)
    first = trainer(data, rng=np.random)
    first.train()
    np.random.seed(3)
    second = trainer(data)
    second.train()
    assert first.train_loss_list == second.train_loss_list


def test_find_lr_leaves_an_optimizer_as_it_is(data):
    adam = pynn.Adam(lr=0.5)
    x, t = data[:2]
    pynn.find_lr(pynn.TwoLayerNet(6, 8, 2), x, t, optimizer=adam, mini_batch_size=20)
    assert (adam.lr, adam.iter, adam.m) == (0.5, 0, None)


def test_find_lr_of_a_network_that_keeps_no_loss(data):
    class Own(Numbered):
        def loss(self, x, t):
            return float(np.square(self.params[0]).sum())

    x, t = data[:2]
    assert np.isfinite(pynn.find_lr(Own(), x, t, mini_batch_size=20).loss).all()


def test_an_epoch_of_nan_is_not_the_best(data):
    watcher = pynn.EarlyStopping(patience=2, monitor="val_acc")
    seen = types.SimpleNamespace(history={"val_acc": [], "epoch": []}, network_state=dict, stop=False)
    for epoch, value in enumerate([np.nan, 0.5, np.nan, 0.6], 1):
        seen.history["val_acc"].append(value)
        seen.history["epoch"].append(epoch)
        watcher.on_epoch(seen)
    assert (watcher.best, watcher.best_epoch, watcher.waited) == (0.6, 4, 0)
