"""The Python layer reads its arguments as the C layer does: no mask is ignored, and what is refused is refused in words."""

import random
from decimal import Decimal

import numpy as np
import pytest
from test_errors import refuses

import pynn
from pynn import datasets, layers
from pynn.tour import tour
from pynn.util import conv_output_size

X, T = np.random.default_rng(0).normal(size=(6, 4)), np.array([0, 1, 2, 0, 1, 2])
MASKED = np.ma.masked_array(X, X > 1)
HUGE = 10**5000


@pytest.fixture(scope="module")
def net():
    return pynn.TwoLayerNet(4, 5, 3)


def train(net, x=X, t=T, **options):
    return pynn.Trainer(net, x, t, **{"epochs": 1, "mini_batch_size": 3, "verbose": False, **options}).train()


# ---- arrays ----

READERS = {
    "predict": lambda net, x: net.predict(x), "loss": lambda net, x: net.loss(x, T), "gradient": lambda net, x: net.gradient(x, T),
    "input_gradient": lambda net, x: net.input_gradient(x, T), "accuracy": lambda net, x: net.accuracy(x, T),
    "rmse": lambda net, x: net.rmse(x, X[:, :3]), "targets": lambda net, x: net.rmse(X[:4], x[:4, :3]),
    "predict_proba": lambda net, x: net.predict_proba(x), "numerical_gradient": lambda net, x: net.numerical_gradient(x, T),
    "train": train, "fit": lambda net, x: net.fit(x, T, epochs=1), "weights": lambda net, x: pynn.Network([layers.Affine(x, None)]),
    "gradient_descent": lambda net, x: pynn.gradient_descent(np.sum, x), "numerical_diff": lambda net, x: pynn.numerical_diff(np.sin, x),
    "smooth_curve": lambda net, x: pynn.smooth_curve(x[0]), "Perceptron": lambda net, x: pynn.Perceptron(x[0], 0.0),
    "gradient_check": lambda net, x: pynn.gradient_check(net, x, T), "diagnose": lambda net, x: pynn.diagnose(net, x, T),
    "load_image": lambda net, x: pynn.load_image(x),
}
TAKE_ANYTHING = {
    "labels": lambda net, t: net.accuracy(X, t), "trained labels": lambda net, t: train(net, t=t),
    "checked labels": lambda net, t: pynn.gradient_check(net, X, t), "shuffle": lambda net, t: pynn.shuffle_dataset(X, t),
    "AND": lambda net, t: pynn.AND(t, 1),
}


@pytest.mark.parametrize("name", [*READERS, *TAKE_ANYTHING])
def test_masked_arrays_are_refused_by_all(net, name):
    f, masked = (READERS[name], MASKED) if name in READERS else (TAKE_ANYTHING[name], np.ma.masked_array(T, T > 1))
    with pytest.raises(TypeError, match=r"^[\w.]+: \w+ is a masked array"):
        f(net, masked)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("bad", [X + 1j, X.astype(str), X.astype("M8[s]")], ids=lambda bad: bad.dtype.kind)
def test_what_holds_no_real_numbers_is_refused(net, name, bad):
    with pytest.raises((TypeError, ValueError), match=r"^[\w.]+: .*dtype "):
        READERS[name](net, bad)


@pytest.mark.parametrize("name", ["predict", "accuracy", "predict_proba", "train", "gradient_descent", "numerical_diff", "gradient_check", "diagnose"])
def test_rows_of_different_lengths_are_named(net, name):
    with pytest.raises(TypeError, match=r"^[\w.]+: \w+ is a list that cannot be read"):
        READERS[name](net, [[1.0], [2.0, 3.0]])


class Foreign:
    """A layer of the reader's own that returns what is no array of numbers."""

    def forward(self, x):
        return x

    def backward(self, dout):
        return dout * 1j


def test_what_a_layer_returned_is_named():
    net = pynn.Network([layers.Affine(np.ones((4, 3)), None), Foreign()])
    with pytest.raises(TypeError, match=r"^Network.gradient: what Foreign.backward returned has dtype complex128"):
        net.gradient(X, T)


def test_probabilities_of_no_samples(net):
    assert net.predict_proba(X[:0]).shape == (0, 3)


# ---- numbers, lists, objects ----

@pytest.mark.parametrize("error, says, f", [
    (ValueError, "TwoLayerNet.predict_proba x scalar", lambda net: net.predict_proba(3)),
    (ValueError, "TwoLayerNet.accuracy t shape () N", lambda net: net.accuracy(3.0, 1)),
    (ValueError, "TwoLayerNet.accuracy puts out (3,) (4,)", lambda net: net.accuracy(X[0], T[:4])),
    (TypeError, "TwoLayerNet.accuracy batch_size 2.5 whole", lambda net: net.accuracy(X, T, 2.5)),
    (ValueError, "TwoLayerNet.accuracy batch_size too large", lambda net: net.accuracy(X, T, HUGE)),
    (ValueError, "TwoLayerNet.accuracy batch_size too small", lambda net: net.accuracy(X, T, -HUGE)),
    (ValueError, "TwoLayerNet.rmse x () t (6,) samples", lambda net: net.rmse(3, T)),
    (TypeError, "TwoLayerNet params int dict", lambda net: setattr(net, "params", 3)),
    (IndexError, "layers[99] 3 layers", lambda net: net.layers[99]),
    (TypeError, "TwoLayerNet.summary input_shape 'a' whole", lambda net: net.summary("a")),
    (TypeError, "Trainer epochs 'a' number", lambda net: train(net, epochs="a")),
    (ValueError, "Trainer epochs inf finite", lambda net: train(net, epochs=np.inf)),
    (ValueError, "Trainer epochs nan finite", lambda net: train(net, epochs=np.nan)),
    (OverflowError, "Trainer epochs too large", lambda net: train(net, epochs=HUGE)),
    (TypeError, "Trainer mini_batch_size 2.5 whole", lambda net: train(net, mini_batch_size=2.5)),
    (ValueError, "Trainer mini_batch_size too large", lambda net: train(net, mini_batch_size=HUGE)),
    (ValueError, "Trainer evaluate_sample_num_per_epoch -1", lambda net: train(net, evaluate_sample_num_per_epoch=-1)),
    (TypeError, "Trainer evaluate_sample_num_per_epoch 'a'", lambda net: train(net, evaluate_sample_num_per_epoch="a")),
    (TypeError, "Trainer validation_split 'a'", lambda net: train(net, validation_split="a")),
    (TypeError, "Trainer callbacks int list", lambda net: train(net, callbacks=3)),
    (TypeError, "Trainer callback int on_epoch", lambda net: train(net, callbacks=[3])),
    (TypeError, "Trainer on_step int function", lambda net: train(net, on_step=3)),
    (TypeError, "Trainer rng 'a' whole", lambda net: train(net, rng="a")),
    (ValueError, "Trainer rng -1 at least 0", lambda net: train(net, rng=-1)),
    (TypeError, "Trainer optimizer_param int dict", lambda net: train(net, optimizer_param=3)),
    (TypeError, "Trainer network NoneType gradient", lambda net: train(None)),
    (TypeError, "TwoLayerNet dtype 'x' float32", lambda net: pynn.TwoLayerNet(4, 5, 3, dtype="x")),
    (TypeError, "Network loss int forward", lambda net: pynn.Network([], loss=3)),
    (TypeError, "layers int list", lambda net: pynn.Network(3)),
    (TypeError, "Affine inputs 'a' whole", lambda net: pynn.TwoLayerNet("a", 5, 3)),
    (ValueError, "Affine outputs -1", lambda net: pynn.TwoLayerNet(4, -1, 3)),
    (TypeError, "Affine weight_init_std None number", lambda net: pynn.TwoLayerNet(4, 5, 3, weight_init_std=None)),
    (TypeError, "Affine dtype int64 float32", lambda net: pynn.Affine.of(3, 3, dtype=int)),
    (TypeError, "Convolution dtype int64 float32", lambda net: pynn.Convolution.of(1, 2, 3, dtype=int)),
    (ValueError, "Convolution size 0", lambda net: pynn.Convolution.of(1, 2, 0)),
    (TypeError, "BatchNormalization dtype int64 float32", lambda net: pynn.BatchNormalization.of(3, dtype=int)),
    (TypeError, "BatchNormalization gamma dtype", lambda net: pynn.BatchNormalization("a", "b")),
    (TypeError, "Dropout rng int random", lambda net: pynn.Dropout(rng=3)),
    (TypeError, "MultiLayerNet hidden_size_list int list", lambda net: pynn.MultiLayerNet(4, 5, 3)),
    (ValueError, "Affine outputs 0", lambda net: pynn.MultiLayerNet(4, [0], 3)),
    (ValueError, "MultiLayerNet inputs 0", lambda net: pynn.MultiLayerNet(0, [3], 3)),
    (TypeError, "MultiLayerNet weight_decay_lambda 'x'", lambda net: pynn.MultiLayerNet(4, [5], 3, weight_decay_lambda="x")),
    (TypeError, "IdentityWithLoss.backward dout None", lambda net: regression().backward(None)),
    (TypeError, "EarlyStopping patience 'a'", lambda net: pynn.EarlyStopping(patience="a")),
    (TypeError, "EarlyStopping min_delta 'a'", lambda net: pynn.EarlyStopping(min_delta="a")),
    (TypeError, "StepDecay step_size 'a'", lambda net: pynn.StepDecay("a")),
    (TypeError, "CosineDecay min_factor 'a'", lambda net: pynn.CosineDecay("a")),
    (TypeError, "ReduceLROnPlateau factor 'a'", lambda net: pynn.ReduceLROnPlateau("a")),
    (TypeError, "find_lr low 'a'", lambda net: pynn.find_lr(net, X, T, low="a")),
    (TypeError, "find_lr steps 20.5 whole", lambda net: pynn.find_lr(net, X, T, steps=20.5)),
    (TypeError, "gradient_descent lr 'a'", lambda net: pynn.gradient_descent(np.sum, X, lr="a")),
    (TypeError, "gradient_descent step_num 1.5 whole", lambda net: pynn.gradient_descent(np.sum, X, step_num=1.5)),
    (TypeError, "numerical_diff f int function", lambda net: pynn.numerical_diff(3, 2.0)),
    (ValueError, "conv_output_size stride 0", lambda net: conv_output_size(3, 3, 0)),
    (TypeError, "conv_output_size input_size 'a'", lambda net: conv_output_size("a", 3)),
    (ValueError, "AND x1 (2,) x2 (3,)", lambda net: pynn.AND([0, 1], [0, 1, 0])),
    (TypeError, "Perceptron b 'a'", lambda net: pynn.Perceptron([1, 2], "a")),
    (TypeError, "diagnose lr 'a' number", lambda net: pynn.diagnose(net, X, T, lr="a")),
    (TypeError, "gradient_check tol 'a' number", lambda net: pynn.gradient_check(net, X, T, tol="a")),
    (ValueError, "gradient_check tol 0.0 above 0", lambda net: pynn.gradient_check(net, X, T, tol=0)),
    (ValueError, "gradient_check tol nan above 0", lambda net: pynn.gradient_check(net, X, T, tol=np.nan)),
    (ValueError, "gradient_check tol inf finite", lambda net: pynn.gradient_check(net, X, T, tol=np.inf)),
    (ValueError, "diagnose t scalar", lambda net: pynn.diagnose(net, X, "a")),
    (TypeError, "diagnose net class TwoLayerNet", lambda net: pynn.diagnose(pynn.TwoLayerNet, X, T)),
    (TypeError, "data_home path int str", lambda net: datasets.load_mnist(data_home=5, download=False)),
    (ValueError, "gradient_check entries 0", lambda net: pynn.gradient_check(net, X, T, entries=0)),
    (TypeError, "read_idx path int str", lambda net: datasets.read_idx(0)),
    (TypeError, "map_idx path int str", lambda net: datasets.map_idx(0)),
    (TypeError, "map_idx path int str", lambda net: datasets.map_images(0)),
    (TypeError, "load_folder path int str", lambda net: pynn.load_folder(0)),
    (TypeError, "ripple_carry_adder a int sequence", lambda net: pynn.ripple_carry_adder(3, 4)),
    (TypeError, "ripple_carry_adder a ndarray sequence", lambda net: pynn.ripple_carry_adder(np.array(1), np.array(1))),
    (TypeError, "numerical_diff f NoneType", lambda net: pynn.numerical_diff(lambda x: None, 1.0)),
    (TypeError, "tour n 'a' whole", lambda net: tour("a")),
    (TypeError, "tour n 2.5 whole", lambda net: tour(2.5)),
    (TypeError, "tour threads 'a' whole", lambda net: tour(1, "a")),
    (TypeError, "layers class Relu object", lambda net: pynn.Network([layers.Relu])),
    (TypeError, "layers class Relu object", lambda net: pynn.Network([layers.Relu()]).layers.insert(0, layers.Relu)),
    (TypeError, "layers.insert index str", lambda net: pynn.Network([]).layers.insert("a", layers.Relu())),
    (TypeError, "layers 1 name", lambda net: pynn.Network({1: layers.Relu()})),
    (TypeError, "Network loss class SoftmaxWithLoss", lambda net: pynn.Network([], loss=pynn.SoftmaxWithLoss)),
    (TypeError, "Trainer network class TwoLayerNet object", lambda net: train(pynn.TwoLayerNet)),
    (TypeError, "Trainer optimizer class SGD object", lambda net: train(net, optimizer=pynn.SGD)),
    (TypeError, "Trainer callback class EarlyStopping object", lambda net: train(net, callbacks=[pynn.EarlyStopping])),
    (TypeError, "Trainer optimizer_param 'learning_rate' SGD", lambda net: train(net, optimizer_param={"learning_rate": 1})),
    (TypeError, "Trainer optimizer_param 1 SGD", lambda net: train(net, optimizer_param={1: 1})),
    (TypeError, "Trainer rng module whole", lambda net: train(net, rng=random)),
    (TypeError, "Trainer network.params list dict", lambda net: train(Own(params=[X]))),
    (TypeError, "Trainer loss Own NoneType number", lambda net: train(Own(loss=None))),
    (TypeError, "Trainer loss Own ndarray number", lambda net: train(Own(loss=X))),
    (TypeError, "Trainer path int str", lambda net: train(net, checkpoint=3)),
    (TypeError, "StepDecay NoRate lr", lambda net: train(net, optimizer=NoRate(), callbacks=[pynn.StepDecay()])),
    (TypeError, "ReduceLROnPlateau NoRate lr", lambda net: train(net, optimizer=NoRate(), callbacks=[pynn.ReduceLROnPlateau()])),
    (ValueError, "find_lr high inf finite", lambda net: pynn.find_lr(net, X, T, high=np.inf)),
    (ValueError, "Trainer.restore_network W1", lambda net: trainer_of(net).restore_network({})),
    (TypeError, "Trainer.restore_network arrays int", lambda net: trainer_of(net).restore_network(3)),
    (ValueError, "Trainer.restore_network W1 (2, 2) (4, 5)", lambda net: trainer_of(net).restore_network({"W1": np.ones((2, 2))})),
    (TypeError, "Dropout rng module permutation", lambda net: pynn.Dropout(rng=random)),
    (TypeError, "ThreeLayerNet params int dict", lambda net: pynn.ThreeLayerNet(5)),
    (TypeError, "SimpleConvNet conv_param int dict", lambda net: pynn.SimpleConvNet(conv_param=5)),
    (TypeError, "TwoLayerNet.params dtype <U3", lambda net: net.params.update(W1="abc")),
    (TypeError, "TwoLayerNet.params masked", lambda net: net.params.update(W1=np.ma.masked_array(np.ones((4, 5), int), True))),
    (TypeError, "TwoLayerNet.params list", lambda net: net.params.update(W1=[[1, 2], [3]])),
    (ValueError, "BatchNormalization.backward dout (1, 4)", lambda net: in_use().backward(X[:1])),
    (TypeError, "BatchNormalization.backward dout <U1", lambda net: in_use().backward("a")),
])
def test_refused_in_words(net, error, says, f):
    refuses(error, says, f, net)


class Own:
    """A network of the reader's own that gives what it was told to."""

    def __init__(self, params=None, loss=1.0):
        self.params = {"W": X.copy()} if params is None else params
        self.found = loss

    def gradient(self, x, t):
        return {name: np.ones_like(W) for name, W in self.params.items()}

    def loss(self, x, t):
        return self.found

    def accuracy(self, x, t):
        return 1.0


class NoRate:
    """An optimizer without a learning rate, and without a __dict__."""

    __slots__ = ()

    def update(self, params, grads):
        pass


def trainer_of(net):
    return pynn.Trainer(net, X, T, verbose=False)


def in_use():
    layer = pynn.BatchNormalization.of(4)
    layer.forward(X, train_flg=False)
    return layer


def test_layers_are_as_they_were_after_an_insertion_that_failed():
    net = pynn.Network([layers.Relu()])
    with pytest.raises(TypeError):
        net.layers.insert(None, layers.Tanh())
    assert list(net.layers.keys()) == ["Relu1"]


D = Decimal("0.5")


@pytest.mark.parametrize("f", [
    lambda x: pynn.gradient_descent(lambda x: float(np.sum(x ** 2)), [1.0], lr=x, step_num=1)[0], lambda x: pynn.Perceptron([1.0], x)([1.0]),
    lambda x: conv_output_size(4, 2, x), lambda x: pynn.Network([pynn.Affine(np.ones((4, 3)), None)], weight_decay_lambda=x).loss(X, T),
    lambda x: pynn.Affine.of(2, 2, 0 * x).W, lambda x: pynn.StepDecay(2, x).factor(0.0, 4.0), lambda x: pynn.StepDecay(x).factor(0.0, 4.0),
    lambda x: pynn.CosineDecay(x, x).factor(0.7, 1.0), lambda x: pynn.ReduceLROnPlateau(x, min_lr=x).factor * 1.0,
    lambda x: pynn.EarlyStopping(min_delta=x).min_delta * 1.0,
], ids=["gradient_descent", "Perceptron", "conv_output_size", "weight_decay_lambda", "weight_init_std", "gamma", "step_size", "CosineDecay",
        "ReduceLROnPlateau", "min_delta"])
def test_a_number_that_is_accepted_is_computed_with(f):
    """What counts as a number but is no float to Python's operators."""
    np.testing.assert_array_equal(f(D), f(float(D)))


def regression():
    layer = layers.IdentityWithLoss()
    layer.forward(X, X)
    return layer


@pytest.mark.parametrize("rule", [pynn.Momentum, pynn.Nesterov, pynn.AdaGrad, pynn.RMSprop, pynn.Adam, pynn.AdamW])
def test_an_optimizer_that_has_served_another_network(rule):
    optimizer = rule()
    optimizer.update({"W1": X.copy()}, {"W1": X})
    params = {"W1": X.copy(), "W2": X.copy()}
    with pytest.raises(KeyError, match=rf"{rule.__name__}.update: \w has nothing for \['W2'\]"):
        optimizer.update(params, {"W1": X, "W2": X})
    assert (params["W1"] == X).all() and getattr(optimizer, "iter", 1) == 1       # nothing half done


RULES = [pynn.SGD, pynn.Momentum, pynn.Nesterov, pynn.AdaGrad, pynn.RMSprop, pynn.Adam, pynn.AdamW]


@pytest.mark.parametrize("b, grad, error", [
    (np.zeros(4), np.zeros(3), ValueError), (np.zeros(4), None, TypeError), (np.zeros(4, int), np.zeros(4), TypeError),
    (np.broadcast_to(0.0, 4), np.zeros(4), TypeError), ([0.0] * 4, np.zeros(4), TypeError), (np.zeros(4), np.ma.masked_array(X[0]), TypeError)])
@pytest.mark.parametrize("rule", RULES)
def test_a_first_update_that_is_refused_changes_nothing(rule, b, grad, error):
    """The second of two parameters is the wrong one: the first has not taken its step, and the optimizer serves other parameters."""
    optimizer, W = rule(), X.copy()
    before = dict(vars(optimizer))
    with pytest.raises(error, match=rf"^{rule.__name__}.update: "):
        optimizer.update({"W": W, "b": b}, {"W": X, "b": grad})
    assert (W == X).all() and vars(optimizer) == before
    optimizer.update({"other": W}, {"other": X})
    assert not (W == X).all()


@pytest.mark.parametrize("name, value, error", [
    ("iter", "a", TypeError), ("iter", None, TypeError), ("iter", -1, ValueError), ("iter", HUGE, ValueError), ("m", 5, TypeError),
    ("v", 5, TypeError)], ids=lambda value: "huge" if value == HUGE else None)
def test_what_adam_remembers_put_to_something_else(name, value, error):
    adam, W = pynn.Adam(), X.copy()
    adam.update({"W": W}, {"W": X})
    setattr(adam, name, value)
    with pytest.raises(error, match=rf"^Adam.update: {name} "):
        adam.update({"W": W}, {"W": X})


@pytest.mark.parametrize("layer", [layers.Affine(3, None), layers.Convolution(3, None)])
def test_a_layer_that_is_wrong_can_be_shown(layer):
    assert "W of shape ()" in repr(layer)
