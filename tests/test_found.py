"""Trainings and networks that went wrong without a word."""

import functools

import numpy as np
import pytest

import pynn
from pynn.training import DivergenceWarning


@pytest.fixture(autouse=True)
def seeded():
    np.random.seed(0)


@pytest.fixture(scope="module")
def digits():
    pytest.importorskip("sklearn")
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


class BinaryLoss:
    """Sigmoid and cross-entropy of one output, which says no metric."""

    def forward(self, y, t):
        self.y, self.t = pynn.sigmoid(y), np.reshape(t, y.shape)
        return -np.mean(np.log(np.where(self.t, self.y, 1 - self.y) + 1e-7))

    def backward(self, dout):
        return dout * (self.y - self.t) / len(self.t)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_network_of_one_output_and_own_loss_trains_on_labels(digits, shape):
    x, t, *_ = digits
    net = pynn.Sequential([pynn.Affine.of(64, 1)], loss=BinaryLoss())
    net.fit(x, (t > 4).astype(int).reshape(shape), epochs=20, lr=0.01)
    assert net.history["loss"][-1] < net.history["loss"][0] and "train_acc" not in net.history


class Leaky:
    """Its gradient is first set by backward."""

    def __init__(self, n):
        self.alpha = np.full(n, 0.25)

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, x * self.alpha)

    def backward(self, dout):
        self.dalpha = np.where(self.x > 0, 0, dout * self.x).sum(axis=0)
        return np.where(self.x > 0, dout, dout * self.alpha)


class MadeLate:
    """Its weights are made when it sees how wide x is."""

    def forward(self, x):
        if not hasattr(self, "W"):
            self.W = np.random.randn(x.shape[1], 20) * 0.1
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


def test_parameters_that_come_late_are_trained(digits):
    x, t, *_ = digits
    leaky, late = Leaky(20), MadeLate()
    net = pynn.Sequential([late, leaky, pynn.Affine.of(20, 10)])
    net.predict(x)
    before = late.W.copy()
    net.fit(x, t, epochs=1)
    assert set(net.params) == {"W1", "alpha1", "W2", "b2"}
    assert (leaky.alpha != 0.25).any() and (late.W != before).any()
    assert "b1" not in net.params and pynn.gradient_check(net, x[:5], t[:5])


def test_number_as_a_parameter_is_trained(digits):
    class One(Leaky):
        params = ("alpha",)

        def __init__(self):
            self.alpha = 0.25

        def backward(self, dout):
            dx = super().backward(dout)
            self.dalpha = float(self.dalpha.sum())
            return dx
    x, t, *_ = digits
    layer = One()
    pynn.Sequential([pynn.Affine.of(64, 20), layer, pynn.Affine.of(20, 10)], dtype=np.float32).fit(x, t, epochs=1)
    assert layer.alpha != 0.25


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [[0.5] * 20, np.arange(20), np.ones(20, bool)])
def test_parameters_assigned_as_lists_and_whole_numbers_train(digits, dtype, value):
    x, t, *_ = digits
    net = network(dtype=dtype)
    net.params["b1"] = value
    assert net.params["b1"].dtype == dtype and np.array_equal(net.params["b1"], value)
    net.fit(x, t, epochs=1)
    assert not np.array_equal(net.params["b1"], value)


def test_parameters_of_layers_that_the_network_lacks_are_noticed(tmp_path):
    np.random.seed(0)
    pynn.MultiLayerNetExtend(64, [20], 10, use_batchnorm=True).save_params(tmp_path / "p.npz")
    with pytest.warns(UserWarning, match="gamma1, beta1, running_mean1, running_var1, which the network has not"):
        pynn.MultiLayerNet(64, [20], 10).load_params(tmp_path / "p.npz")


def test_checkpoint_of_more_layers_is_refused(digits, tmp_path):
    extended = trainer_of(digits, pynn.MultiLayerNetExtend(64, [20], 10, use_batchnorm=True))
    extended.save(tmp_path / "c.npz")
    with pytest.raises(ValueError, match="gamma1"):
        trainer_of(digits, pynn.MultiLayerNet(64, [20], 10)).load(tmp_path / "c.npz")


def test_score_of_several_outputs_is_the_mean_of_theirs():
    x = np.random.rand(100, 3)
    t = np.c_[100 * x[:, 0], np.random.rand(100), np.random.rand(100)]
    net = pynn.Sequential([pynn.Affine.of(3, 3)], loss=pynn.IdentityWithLoss(mean=True)).fit(x, t, epochs=50, lr=0.1)
    squares = np.square(net.predict(x) - t).sum(axis=0)
    expected = np.mean(1 - squares / np.square(t - t.mean(axis=0)).sum(axis=0))
    assert net.score(x, t) == pytest.approx(expected, rel=1e-12)


def test_score_of_constant_targets():
    net = pynn.Sequential([pynn.Affine(np.zeros((3, 1)), np.ones(1))], loss=pynn.IdentityWithLoss())
    x = np.random.rand(5, 3)
    assert (net.score(x, np.ones(5)), net.score(x, np.zeros(5))) == (1.0, 0.0)


def test_inserted_layers_are_checked():
    layers = network().layers
    with pytest.raises(ValueError, match="very object"):
        layers.insert(0, layers[1])
    with pytest.raises(TypeError, match="no forward"):
        layers.insert(0, "relu")
    layers.insert(1, pynn.Tanh())
    assert list(layers.keys()) == ["Affine1", "Tanh1", "Relu1", "Affine2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("heading", [True, False])
def test_cli_reads_a_table(tmp_path, capsys, delimiter, heading):
    pytest.importorskip("matplotlib")
    from pynn.cli import main
    rows = [["a", "b", "label"]] * heading + [[str(i), str(i * i), str(i % 3)] for i in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(map(delimiter.join, rows)), encoding="utf-8")
    assert main(["train", "--data", str(tmp_path / "t.csv"), "--epochs", "1", "--output", str(tmp_path / "c.png")]) == 0
    assert "24 rows to learn from, 6 to test on" in capsys.readouterr().out


@pytest.mark.parametrize("options, said", [
    (["--optimizer-param", "momentum=0.5"], "adam has no such setting"), (["--optimizer-param", "lr=0.5"], "set by --lr"),
    (["--save", "folder.npz"], "is a folder")])
def test_cli_refuses_before_it_trains(tmp_path, monkeypatch, capsys, options, said):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    from pynn.cli import main
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.npz").mkdir()
    assert main(["train", "--epochs", "1", *options]) == 1
    out, err = capsys.readouterr()
    assert said in err and "steps" not in out
    assert not list(tmp_path.glob("runs/*"))


def test_decorated_forward_is_told_whether_it_is_training(digits):
    def logged(forward):
        @functools.wraps(forward)
        def call(*args, **options):
            return forward(*args, **options)
        return call

    class Logged(pynn.Dropout):
        forward = logged(pynn.Dropout.forward)
    x = digits[0][:4]
    net = pynn.Sequential([pynn.Affine.of(64, 10), Logged(0.5)])
    assert np.array_equal(net.predict(x), net.layers[0].forward(x) * 0.5)


def test_cli_says_which_activation_it_takes_a_file_to_have(tmp_path, capsys):
    from pynn.cli import architecture
    pynn.TwoLayerNet(64, 20, 10, activation="sigmoid").save_params(tmp_path / "w.pkl")
    assert architecture.load(tmp_path / "w.pkl")[1]["activation"] == "relu"
    assert "taken for relu" in capsys.readouterr().err
    net, _ = architecture.load(tmp_path / "w.pkl", "sigmoid")
    assert type(net.layers[1]) is pynn.Sigmoid and not capsys.readouterr().err
