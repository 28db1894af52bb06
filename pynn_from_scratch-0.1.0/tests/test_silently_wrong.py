"""What went wrong without a word: lost statistics, attributes that lie, labels, float64, divergence."""

import copy
import warnings

import numpy as np
import pytest

import pynn


@pytest.fixture
def data(rng):
    x = rng.random((60, 6)) + 3
    return x, (x[:, 0] > x[:, 1]).astype(int)


@pytest.fixture
def net(data):
    np.random.seed(0)
    net = pynn.MultiLayerNetExtend(6, [8, 8], 2, use_batchnorm=True)
    pynn.Trainer(net, *data, epochs=20, mini_batch_size=20, optimizer="Adam", optimizer_param={"lr": 0.01}, verbose=False).train()
    return net


# ---- state ----

@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pkl"])
def test_a_saved_network_predicts_what_it_predicted(suffix, net, data, tmp_path):
    net.save_params(tmp_path / f"net{suffix}")
    again = pynn.MultiLayerNetExtend(6, [8, 8], 2, use_batchnorm=True)
    again.load_params(tmp_path / f"net{suffix}")
    np.testing.assert_array_equal(again.predict(data[0]), net.predict(data[0]))
    assert {"running_mean1", "running_var1", "running_mean2", "running_var2"} <= set(pynn.load_params(tmp_path / f"net{suffix}"))


def test_a_file_without_statistics_says_so(net, tmp_path):
    pynn.save_params(dict(net.params), tmp_path / "book.pkl")
    with pytest.warns(UserWarning, match="book.pkl has no running_mean1, running_var1, .* predict uses them"):
        pynn.MultiLayerNetExtend(6, [8, 8], 2, use_batchnorm=True).load_params(tmp_path / "book.pkl")


def test_statistics_of_another_size(net, tmp_path):
    state = {**net.params, **{name: np.ones(3) for name in net.buffers()}}
    pynn.save_params(state, tmp_path / "net.npz")
    before = {name: param.copy() for name, param in net.params.items()}
    with pytest.raises(ValueError, match=r"running_mean1 in .* has shape \(3,\) but the network has \(8,\)"):
        net.load_params(tmp_path / "net.npz")
    assert all((net.params[name] == before[name]).all() for name in before)


def test_complex_weights_are_refused(net, tmp_path):
    np.savez(tmp_path / "net.npz", **{name: param * 1j for name, param in net.params.items()})
    with pytest.raises((TypeError, ValueError), match="complex128"):
        net.load_params(tmp_path / "net.npz")


# ---- attributes ----

@pytest.fixture
def conv():
    np.random.seed(0)
    small = {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}
    return pynn.SimpleConvNet((1, 8, 8), small, hidden_size=5, output_size=3, weight_init_std=0.5)


@pytest.fixture
def images(rng):
    return rng.standard_normal((4, 1, 8, 8)), np.array([0, 1, 2, 1])


def one_by_one(net, x):
    for layer in net.layers.values():
        x = layer.forward(x)
    return x


def test_what_a_layer_shows_is_what_it_saw(conv, images):
    x = images[0]
    twin = copy.deepcopy(conv)
    one_by_one(twin, x.copy())
    conv.predict(x)
    x *= -1
    conv.params["W1"][...] = 0
    np.testing.assert_array_equal(conv.layers["Relu1"].mask, twin.layers["Relu1"].mask)
    np.testing.assert_allclose(conv.layers["Pool1"].x, twin.layers["Pool1"].x, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(conv.layers["Pool1"].arg_max, twin.layers["Pool1"].arg_max)


class Doubling(pynn.Relu):
    """A reader's ReLU."""

    def forward(self, x):
        return 2 * super().forward(x)

    def backward(self, dout):
        return 2 * super().backward(dout)


def test_a_layer_of_the_readers_is_never_fused_away(conv, images):
    before = conv.predict(images[0])
    conv.layers["Relu1"] = Doubling()
    replaced = conv.predict(images[0])
    assert not np.allclose(before, replaced)
    np.testing.assert_allclose(replaced, one_by_one(conv, images[0]), rtol=1e-12)


@pytest.mark.parametrize("name", ["Conv1", "Relu1", "Pool1"])
def test_a_method_replaced_on_the_instance_is_called(name, conv, images):
    conv.gradient(*images)          # once in a block
    calls = []
    layer = conv.layers[name]
    forward, backward = layer.forward, layer.backward
    layer.forward = lambda x: calls.append("forward") or forward(x)
    conv.predict(images[0])
    layer.backward = lambda dout: calls.append("backward") or backward(dout)
    conv.gradient(*images)
    assert calls == ["forward", "forward", "backward"]


def test_a_method_replaced_in_the_class_is_called(conv, images, monkeypatch):
    calls = []
    forward = pynn.Relu.forward
    monkeypatch.setattr(pynn.Relu, "forward", lambda self, x: calls.append(1) or forward(self, x))
    conv.predict(images[0])
    assert len(calls) == 2


def test_layers_called_one_by_one_after_a_block(conv, images):
    """Their backward belongs to their own forward, not to the block's."""
    conv.loss(*images)
    x = images[0][::-1].copy()
    conv.last_layer.forward(one_by_one(conv, x), images[1])
    dout = conv.last_layer.backward(1)
    got = conv._backward(needs_dx=True)
    for layer in reversed(conv.layers.values()):
        dout = layer.backward(dout)
    np.testing.assert_allclose(got, dout, rtol=1e-12, atol=1e-15)


def test_an_assignment_to_a_layer_counts(data):
    net = pynn.TwoLayerNet(6, 4, 2)
    net.layers["Affine2"].W = np.ones((4, 2))
    assert net.params["W2"] is net.layers["Affine2"].W
    np.testing.assert_array_equal(net.predict(data[0])[:, 0], net.predict(data[0])[:, 1])
    net.params["W2"] = np.zeros((4, 2))
    assert not net.predict(data[0]).any() and net.layers["Affine2"].W is net.params["W2"]


def test_a_new_layer_brings_its_parameters(data):
    np.random.seed(0)
    net = pynn.TwoLayerNet(6, 4, 2, weight_init_std=0.1, activation="sigmoid")
    net.layers["Affine3"] = pynn.Affine.of(2, 2)
    assert list(net.params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    numerical, backprop = net.numerical_gradient(*data), net.gradient(*data)
    for name in net.params:
        np.testing.assert_allclose(backprop[name], numerical[name], atol=1e-6)
    net.layers["Affine3"] = pynn.Affine.of(2, 3, bias=False)
    assert list(net.params) == ["W1", "b1", "W2", "b2", "W3"] and net.predict(data[0]).shape == (60, 3)
    del net.layers["Affine3"]
    assert list(net.params) == ["W1", "b1", "W2", "b2"]


@pytest.mark.parametrize("make", [
    lambda: pynn.TwoLayerNet(6, 5, 2, 0.5), lambda: pynn.TwoLayerNet(6, 5, 2, 0.5, activation="tanh"),
    lambda: pynn.MultiLayerNetExtend(6, [5], 2, use_dropout=True)])
def test_the_gradient_of_the_input(make, data):
    """A loop over the layers, as in the book, and by name."""
    np.random.seed(0)
    net, (x, t) = make(), (data[0][:5].copy(), data[1][:5])
    net.loss(x, t)
    dout = net.last_layer.backward(1)
    for layer in reversed(list(net.layers.values())):
        dout = layer.backward(dout)
    numerical = pynn.numerical_gradient(lambda _: net.loss(x, t), x)
    np.testing.assert_allclose(dout, numerical, atol=1e-6)
    np.testing.assert_allclose(net.input_gradient(x, t), numerical, atol=1e-6)


def test_the_gradient_of_the_input_through_running_statistics(net, data):
    """Outside of training batch normalization is an affine map of constants."""
    x, t = data[0][:5].copy(), data[1][:5]
    scale = np.abs(net.input_gradient(x, t)).max()
    numerical = pynn.numerical_gradient(lambda _: net.loss(x, t), x)
    np.testing.assert_allclose(net.input_gradient(x, t), numerical, atol=1e-5 * scale)
    net.loss(x, t)
    net._backward(needs_dx=True)
    for name in ("gamma1", "beta2"):
        layer, attribute = net.places()[name]
        numerical = pynn.numerical_gradient(lambda _: net.loss(x, t), getattr(layer, attribute))
        np.testing.assert_allclose(getattr(layer, "d" + attribute), numerical, atol=1e-6)


def test_the_gradient_of_an_image(conv, images):
    x, t = images
    numerical = pynn.numerical_gradient(lambda _: conv.loss(x, t), x)
    # the 1e-7 inside the logarithm, which backprop leaves out, is 1e-5 of the smallest probability here
    np.testing.assert_allclose(conv.input_gradient(x, t), numerical, atol=1e-5)


# ---- labels ----

@pytest.mark.parametrize("t, error", [
    (["0", "1", "1"], TypeError), ([1, 2, 3], IndexError), ([0, -1, 1], IndexError), ([0.0, 1.0, 1.0], TypeError),
    ([False, True, True], TypeError),
    (np.eye(4)[:3], ValueError)])
def test_accuracy_refuses_what_loss_refuses(t, error):
    net, x = pynn.TwoLayerNet(4, 5, 3), np.ones((3, 4))
    with pytest.raises((TypeError, IndexError, ValueError)):
        net.loss(x, np.asarray(t))
    with pytest.raises(error, match="TwoLayerNet.accuracy: t has"):
        net.accuracy(x, t)


# ---- dtype ----

class Half:
    """A reader's layer that computes in float64 whatever comes."""

    def forward(self, x):
        return x * np.float64(0.5) + np.zeros(1)

    def backward(self, dout):
        return (dout * np.float64(0.5) + np.zeros(1)).tolist()


def test_a_layer_that_returns_float64_stays_a_float32_network(data):
    np.random.seed(0)
    net = pynn.Sequential([pynn.Affine.of(6, 4), Half(), pynn.Affine.of(4, 2)], dtype=np.float32)
    assert net.predict(data[0]).dtype == np.float32
    grads = net.gradient(*data)
    assert {grad.dtype for grad in grads.values()} == {np.dtype(np.float32)} and net.last_loss.dtype == np.float32


# ---- divergence ----

@pytest.mark.parametrize("loss_after_update", [True, False])
@pytest.mark.parametrize("optimizer, lr", [("SGD", 1e300), ("SGD", 60.0), ("Adam", 1e200)])
def test_a_diverged_training_stops_and_says_so(optimizer, lr, loss_after_update, rng):
    np.random.seed(0)
    x, t = rng.random((60, 4)) * 10, np.arange(60) % 3
    net = pynn.TwoLayerNet(4, 8, 3, 0.5)
    net.last_layer = pynn.IdentityWithLoss()
    trainer = pynn.Trainer(net, x, np.eye(3)[t], None, None, 200, 20, optimizer, {"lr": lr}, verbose=False,
                           loss_after_update=loss_after_update)
    with np.errstate(all="ignore"), pytest.warns(pynn.DivergenceWarning, match="the loss is (nan|inf) at step"):
        trainer.train()
    assert trainer.current_iter < trainer.max_iter and trainer.diverged
    assert trainer.current_iter == len(trainer.train_loss_list)
    assert all(np.isfinite(loss) for loss in trainer.train_loss_list)
    assert all(np.isfinite(param).all() for param in net.params.values())
    assert f"lr is {lr:g}" in trainer.diverged
    assert "The output of Affine" in trainer.diverged or "IdentityWithLoss overflowed: the outputs reach" in trainer.diverged


def test_the_parameters_kept_are_the_last_with_a_finite_loss(rng):
    """Those of a training that was told to stop one step earlier."""
    x, t = rng.random((60, 4)), rng.random((60, 1))

    def trained(epochs, **options):
        np.random.seed(0)
        net = pynn.Sequential([pynn.Affine.of(4, 8), pynn.Dropout(0.2), pynn.Affine.of(8, 1)], pynn.IdentityWithLoss())
        return pynn.Trainer(net, x, t, epochs=epochs, mini_batch_size=20, optimizer="Momentum", optimizer_param={"lr": 1.0},
                            verbose=False, callbacks=[pynn.StepDecay(5, 1.001)], **options)

    diverged = trained(400)
    with np.errstate(all="ignore"), pytest.warns(pynn.DivergenceWarning):
        diverged.train()
    steps = diverged.current_iter
    assert 2 < steps < 1200
    exact = trained(400, on_step=lambda trainer: setattr(trainer, "stop", trainer.current_iter == steps))
    with np.errstate(all="ignore"):
        exact.train()
    assert exact.train_loss_list == diverged.train_loss_list
    for name, param in exact.network.params.items():
        np.testing.assert_array_equal(diverged.network.params[name], param)


def test_nan_in_the_data_is_named(data):
    x, t = data[0].copy(), data[1]
    x[17, 3] = np.nan
    with pytest.warns(pynn.DivergenceWarning, match="x_train itself has NaN or infinity, for example in row 17"):
        pynn.Trainer(pynn.TwoLayerNet(6, 4, 2), x, t, epochs=10, mini_batch_size=20, verbose=False).train()


# ---- what is shown ----

def test_the_present_is_shown_beside_the_books_lists(data):
    np.random.seed(0)
    net = pynn.TwoLayerNet(6, 8, 2, 0.5)
    trainer = pynn.Trainer(net, *data, *data, epochs=4, mini_batch_size=20, optimizer="Adam", optimizer_param={"lr": 0.01},
                           verbose=False)
    assert trainer.train() == net.accuracy(*data) == trainer.latest["test_acc"] == trainer.history["test_acc"][-1]
    assert trainer.history["test_acc"][:-1] == trainer.test_acc_list[1:]
    assert trainer.history["epoch"] == [1, 2, 3, 4] and {len(column) for column in trainer.history.values()} == {4}
    assert trainer.history["loss"][1] == pytest.approx(np.mean(trainer.train_loss_list[3:6]))


def test_no_warning_in_a_training_that_goes_well(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pynn.TwoLayerNet(6, 8, 2).fit(*data, epochs=2)
