"""What readers' own scripts ask of the book's classes: kinds that were met in public, in words of this project."""

import numpy as np
import pytest
from scripts import chapter as chapter
from scripts import run

from pynn import BatchNormalization, DeepConvNet, SimpleConvNet, TwoLayerNet
from pynn.book.contents import SOURCES, fingerprints, pynns


@pytest.mark.parametrize("network", [lambda: TwoLayerNet(6, 4, 3), SimpleConvNet, DeepConvNet])
def test_a_parameter_file_by_the_books_argument_name_and_by_its_default(network, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second, third = network(), network(), network()
    first.save_params(file_name="mine.pkl")
    second.load_params(file_name="mine.pkl")
    first.save_params()
    third.load_params()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.pkl", "params.pkl"]
    for name, param in first.params.items():
        assert np.array_equal(second.params[name], param) and np.array_equal(third.params[name], param)


@pytest.mark.parametrize("shape", [(5, 6), (5, 2, 3, 4)])
def test_batch_normalization_with_one_number_for_all_values(shape):
    """A reader begins with gamma 1.0 and beta 0.0 and takes the arrays that the first update makes of them."""
    rng = np.random.default_rng(3)
    x, dout, size = rng.normal(size=shape), rng.normal(size=shape), int(np.prod(shape[1:]))
    one, many = BatchNormalization(1.5, -0.25), BatchNormalization(np.full(size, 1.5), np.full(size, -0.25))
    for train_flg in (True, False):
        assert np.array_equal(one.forward(x, train_flg), many.forward(x, train_flg))
        assert np.array_equal(one.backward(dout), many.backward(dout))
        assert one.dgamma.shape == one.dbeta.shape == (size,)
        assert np.array_equal(one.dgamma, many.dgamma) and np.array_equal(one.dbeta, many.dbeta)
    assert np.array_equal(one.running_mean, many.running_mean) and one.gamma == 1.5
    one.gamma = one.gamma - 0.1 * one.dgamma
    many.gamma = many.gamma - 0.1 * many.dgamma
    assert np.array_equal(one.forward(x), many.forward(x))


def test_batch_normalization_with_one_number_before_any_training():
    x = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(BatchNormalization(2.0, 1.0).forward(x, train_flg=False),
                          BatchNormalization(np.full(4, 2.0), np.ones(4)).forward(x, train_flg=False))


def test_every_definition_that_is_known_as_the_books_is_pynns_too():
    private = {(module, name) for module in SOURCES for name in fingerprints(module) if pynns(module, name) is None}
    assert private == {("common.gradient", "_numerical_gradient_1d"), ("common.gradient", "numerical_gradient_2d"),
                       *(("dataset.mnist", name) for name in (
                           "_download", "download_mnist", "_load_label", "_load_img", "_convert_numpy", "init_mnist",
                           "_change_one_hot_label", "_change_ont_hot_label"))}
    earlier = {"step_function": "common.functions", "Trainer": "common.trainer", "DeepConvNet": "deep_convnet",
               "MultiLayerNetExtend": "common.multi_layer_net_extend"}
    assert all(len(fingerprints(module)[name]) == 2 for name, module in earlier.items())


def test_layers_one_by_one_with_the_loss_left_out(chapter):
    """Label smoothing and class maps: the reader sets what the loss layer has seen, and goes backward from a gradient of their own."""
    (chapter / "smooth.py").write_text('''\
import os, sys
sys.path.append(os.pardir)
from common.multi_layer_net_extend import MultiLayerNetExtend
from common.functions import softmax
from common.optimizer import *
np.random.seed(2)
x, t = np.random.rand(8, 5), np.arange(8) % 3
net, step = MultiLayerNetExtend(5, [7, 6], 3, use_batchnorm=True), Momentum(lr=0.1)
wanted = np.full((8, 3), 0.05)
wanted[np.arange(8), t] = 0.9
losses = []
for _ in range(30):
    y = softmax(net.predict(x, train_flg=True))
    losses.append(-np.sum(wanted * np.log(y)) / 8)
    net.last_layer.y, net.last_layer.t = y, t
    dout = (y - wanted) / 8
    for layer in reversed(list(net.layers.values())):
        dout = layer.backward(dout)
    grads = {'%s%d' % (name, i): getattr(net.layers['Affine%d' % i], 'd' + name) for i in (1, 2, 3) for name in 'Wb'}
    for i in (1, 2):
        norm = net.layers['BatchNorm%d' % i]
        grads['gamma%d' % i], grads['beta%d' % i] = norm.dgamma, norm.dbeta
    step.update(net.params, grads)
print(dout.shape, losses[-1] < losses[0] / 2, np.array_equal(net.last_layer.backward(), (y - np.eye(3)[t]) / 8))
''')
    assert run(chapter / "smooth.py") == ["(8, 5) True True"]
