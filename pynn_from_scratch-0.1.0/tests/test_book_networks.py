"""A reader's own files of the networks of chapters 6 to 8, unmodified under ``python -m pynn run``."""

from textwrap import dedent

import numpy as np
import pytest
from scripts import chapter as chapter
from scripts import run
from test_datasets import write_set

from pynn import reference

MULTI_LAYER_NET = '''\
# coding: utf-8
import sys, os
sys.path.append(os.pardir)  # 親ディレクトリのファイルをインポートするための設定
import numpy as np
from collections import OrderedDict
from common.layers import *
from common.gradient import numerical_gradient


class MyMultiLayerNet:
    def __init__(self, input_size, hidden_size_list, output_size, activation='relu', std='he', weight_decay_lambda=0,
                 use_dropout=False, dropout_ration=0.5, use_batchnorm=False):
        self.depth = len(hidden_size_list)
        self.weight_decay_lambda = weight_decay_lambda
        self.use_batchnorm = use_batchnorm
        sizes = [input_size] + hidden_size_list + [output_size]
        self.params = {}
        for i in range(1, len(sizes)):
            scale = np.sqrt({'he': 2.0, 'xavier': 1.0}[std] / sizes[i - 1])
            self.params['W%d' % i] = scale * np.random.randn(sizes[i - 1], sizes[i])
            self.params['b%d' % i] = np.zeros(sizes[i])
        self.layers = OrderedDict()
        for i in range(1, self.depth + 1):
            self.layers['Affine%d' % i] = Affine(self.params['W%d' % i], self.params['b%d' % i])
            if use_batchnorm:
                self.params['gamma%d' % i] = np.ones(sizes[i])
                self.params['beta%d' % i] = np.zeros(sizes[i])
                self.layers['BatchNorm%d' % i] = BatchNormalization(self.params['gamma%d' % i], self.params['beta%d' % i])
            self.layers['Activation%d' % i] = {'relu': Relu, 'sigmoid': Sigmoid}[activation]()
            if use_dropout:
                self.layers['Dropout%d' % i] = Dropout(dropout_ration)
        last = self.depth + 1
        self.layers['Affine%d' % last] = Affine(self.params['W%d' % last], self.params['b%d' % last])
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x, train_flg=False):
        for name, layer in self.layers.items():
            if 'Dropout' in name or 'BatchNorm' in name:
                x = layer.forward(x, train_flg)
            else:
                x = layer.forward(x)
        return x

    def loss(self, x, t, train_flg=False):
        y = self.predict(x, train_flg)
        penalty = 0
        for i in range(1, self.depth + 2):
            penalty += 0.5 * self.weight_decay_lambda * np.sum(self.params['W%d' % i] ** 2)
        return self.last_layer.forward(y, t) + penalty

    def accuracy(self, x, t):
        y = np.argmax(self.predict(x), axis=1)
        if t.ndim != 1 : t = np.argmax(t, axis=1)
        return np.sum(y == t) / float(x.shape[0])

    def numerical_gradient(self, x, t):
        loss_W = lambda W: self.loss(x, t, train_flg=True)
        return {name: numerical_gradient(loss_W, self.params[name]) for name in self.params}

    def gradient(self, x, t):
        self.loss(x, t, train_flg=True)
        dout = self.last_layer.backward(1)
        layers = list(self.layers.values())
        layers.reverse()
        for layer in layers:
            dout = layer.backward(dout)
        grads = {}
        for i in range(1, self.depth + 2):
            affine = self.layers['Affine%d' % i]
            grads['W%d' % i], grads['b%d' % i] = affine.dW + self.weight_decay_lambda * affine.W, affine.db
            if self.use_batchnorm and i <= self.depth:
                norm = self.layers['BatchNorm%d' % i]
                grads['gamma%d' % i], grads['beta%d' % i] = norm.dgamma, norm.dbeta
        return grads
'''

# Layers in a list, as in chapter 8, whatever the network: that of chapter 7 is a short one.
CONVNETS = '''\
import sys, os
sys.path.append(os.pardir)
import pickle
import numpy as np
from common.layers import *


class ConvNet:
    def __init__(self, layers, weighted, shapes, stds):
        self.params, self.layers, self.weighted = {}, layers, weighted
        for i, (at, shape, std) in enumerate(zip(weighted, shapes, stds), 1):
            self.params['W%d' % i] = std * np.random.randn(*shape)
            self.params['b%d' % i] = np.zeros(shape[0] if len(shape) == 4 else shape[1])
            kind, args = layers[at]
            layers[at] = kind(self.params['W%d' % i], self.params['b%d' % i], *args)
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x, train_flg=False):
        for layer in self.layers:
            x = layer.forward(x, train_flg) if isinstance(layer, Dropout) else layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x, train_flg=True), t)

    def accuracy(self, x, t, batch_size=7):
        hits = 0
        for i in range(0, x.shape[0], batch_size):
            hits += np.sum(np.argmax(self.predict(x[i:i + batch_size]), axis=1) == t[i:i + batch_size])
        return hits / x.shape[0]

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        tmp_layers = self.layers.copy()
        tmp_layers.reverse()
        for layer in tmp_layers:
            dout = layer.backward(dout)
        grads = {}
        for i, at in enumerate(self.weighted, 1):
            grads['W%d' % i], grads['b%d' % i] = self.layers[at].dW, self.layers[at].db
        return grads

    def save_params(self, file_name='params.pkl'):
        with open(file_name, 'wb') as f:
            pickle.dump({key: val for key, val in self.params.items()}, f)

    def load_params(self, file_name='params.pkl'):
        with open(file_name, 'rb') as f:
            self.params = pickle.load(f)
        for i, at in enumerate(self.weighted, 1):
            self.layers[at].W, self.layers[at].b = self.params['W%d' % i], self.params['b%d' % i]


class SimpleConvNet(ConvNet):
    def __init__(self):
        super().__init__([(Convolution, (1, 0)), Relu(), Pooling(pool_h=2, pool_w=2, stride=2), (Affine, ()), Relu(), (Affine, ())],
                         [0, 3, 5], [(30, 1, 5, 5), (30 * 12 * 12, 100), (100, 10)], [0.01] * 3)


class DeepConvNet(ConvNet):
    def __init__(self):
        layers, weighted, shapes, before = [], [], [], 1
        for filters, pad in [(16, 1), (16, 1), (32, 1), (32, 2), (64, 1), (64, 1)]:
            weighted.append(len(layers))
            shapes.append((filters, before, 3, 3))
            layers += [(Convolution, (1, pad)), Relu()]
            if filters == before:
                layers.append(Pooling(2, 2, stride=2))
            before = filters
        weighted += [len(layers), len(layers) + 3]
        layers += [(Affine, ()), Relu(), Dropout(0.5), (Affine, ()), Dropout(0.5)]
        shapes += [(64 * 4 * 4, 50), (50, 10)]
        super().__init__(layers, weighted, shapes, [np.sqrt(2.0 / np.prod(s[1:] if len(s) == 4 else s[0])) for s in shapes])
'''

TRAIN = '''\
import sys, os
sys.path.append(os.pardir)
import numpy as np
from dataset.mnist import load_mnist
from common.trainer import Trainer
from common.util import smooth_curve
from {module} import {name}

(x_train, t_train), (x_test, t_test) = load_mnist(flatten={flatten})
np.random.seed(7)
network = {name}({args})
trainer = Trainer(network, x_train, t_train, x_test, t_test, epochs={epochs}, mini_batch_size=6,
                  optimizer='Adam', optimizer_param={{'lr': 0.001}}, evaluate_sample_num_per_epoch=20, verbose=False)
trainer.train()
assert len(smooth_curve(trainer.train_loss_list)) == len(trainer.train_loss_list)
for value in trainer.train_loss_list + trainer.train_acc_list + trainer.test_acc_list:
    print(repr(float(value)))
print(repr(float(network.accuracy(x_test, t_test))))
'''


@pytest.fixture
def digits(rng):
    """30 and 20 images in which something depends on the class."""
    def draw(n):
        t = rng.integers(0, 10, n).astype(np.uint8)
        x = (rng.random((n, 28, 28)) < 0.1) * 255
        x[np.arange(n), 2 * t + 3] = 200
        return x.astype(np.uint8), t
    return *draw(30), *draw(20)


@pytest.fixture
def data_home(digits, tmp_path):
    write_set(tmp_path / "data" / "mnist", digits)
    return {"PYNN_DATA_HOME": str(tmp_path / "data"), "PYTHONWARNINGS": "ignore"}   # it is not the published MNIST


def as_loaded(digits, flatten):
    x_train, t_train, x_test, t_test = digits
    shape = (-1, 784) if flatten else (-1, 1, 28, 28)
    return [(x / np.float32(255)).reshape(shape) for x in (x_train, x_test)] + [t_train, t_test]


def trained(net, rule, x_train, t_train, x_test, t_test, epochs, batch_size=6):
    """What the book's Trainer records: losses after the update, accuracies where an epoch begins."""
    losses, train_acc, test_acc = [], [], []
    for step in range(epochs * len(x_train) // batch_size):
        mask = np.random.choice(len(x_train), batch_size)
        rule.update(net.params, net.gradient(x_train[mask], t_train[mask]))
        losses.append(net.loss(x_train[mask], t_train[mask]))
        if step % (len(x_train) // batch_size) == 0:
            train_acc.append(net.accuracy(x_train[:20], t_train[:20]))
            test_acc.append(net.accuracy(x_test[:20], t_test[:20]))
    return losses, train_acc, test_acc


EXTEND = dict(weight_decay_lambda=0.01, use_dropout=True, dropout_ration=0.2, use_batchnorm=True)


@pytest.mark.parametrize("own, module, name, args, options, epochs", [
    (MULTI_LAYER_NET, "my_net", "MyMultiLayerNet", "784, [30, 20, 20], 10", {}, 6),
    (MULTI_LAYER_NET, "my_net", "MyMultiLayerNet", "784, [30, 20], 10, 'sigmoid', 'xavier', 0.1",
     dict(activation="sigmoid", weight_init_std="xavier", weight_decay_lambda=0.1), 6),
    (MULTI_LAYER_NET, "my_net", "MyMultiLayerNet", "784, [30, 20], 10, 'relu', 'he', 0.01, True, 0.2, True", EXTEND, 6),
    (None, "common.multi_layer_net", "MultiLayerNet", "784, [30, 20], 10", {}, 6),
    (None, "common.multi_layer_net_extend", "MultiLayerNetExtend", f"784, [30, 20], 10, **{EXTEND}", EXTEND, 6),
    (CONVNETS, "simple_convnet", "SimpleConvNet", "", None, 1),
    (None, "simple_convnet", "SimpleConvNet", "", None, 1),
    (CONVNETS, "deep_convnet", "DeepConvNet", "", None, 1),
    (None, "deep_convnet", "DeepConvNet", "", None, 1)])
def test_training_gives_the_references_losses(chapter, digits, data_home, own, module, name, args, options, epochs):
    if own:
        (chapter / f"{module}.py").write_text(own)
    (chapter / "train.py").write_text(TRAIN.format(module=module, name=name, args=args, flatten=options is not None, epochs=epochs))
    lines = run(chapter / "train.py", **data_home)

    x_train, x_test, t_train, t_test = as_loaded(digits, flatten=options is not None)
    np.random.seed(7)
    if options is None:
        net = getattr(reference, name)()
    else:
        net = (reference.MultiLayerNetExtend if options is EXTEND else reference.MultiLayerNet)(
            784, [30, 20, 20] if "20, 20" in args else [30, 20], 10, **options)
    want = trained(net, reference.Adam(0.001), x_train, t_train, x_test, t_test, epochs)
    assert min(want[0]) < 0.9 * want[0][0] or epochs < 6
    # roundings of 1e-16 a step, and what Adam and some tens of steps make of them
    np.testing.assert_allclose([float(line) for line in lines], np.concatenate([*want, [net.accuracy(x_test, t_test)]]), rtol=1e-11)


def test_a_readers_numerical_gradient_weights_and_names(chapter):
    """Gradient check, weights as the book stores them, and the names that a star brings."""
    (chapter / "my_net.py").write_text(MULTI_LAYER_NET)
    (chapter / "simple_convnet.py").write_text(CONVNETS)
    (chapter / "check.py").write_text(dedent("""\
        from my_net import *
        from simple_convnet import SimpleConvNet
        from two_layer_net import TwoLayerNet
        from deep_convnet import DeepConvNet
        from common.functions import *
        from common.util import smooth_curve, shuffle_dataset, im2col, col2im
        from common.gradient import numerical_gradient
        import simple_convnet
        np.random.seed(3)
        x, t = np.random.rand(5, 6), np.random.randint(0, 3, 5)
        net = MyMultiLayerNet(6, [4, 4], 3, 'sigmoid', 'xavier', 0.1, use_batchnorm=True)
        numerical, backprop = net.numerical_gradient(x, t), net.gradient(x, t)
        print(max(np.abs(numerical[key] - backprop[key]).max() for key in numerical))
        images = np.random.rand(2, 1, 28, 28)
        net, other = SimpleConvNet(), SimpleConvNet()
        net.save_params()
        other.load_params('params.pkl')
        print((net.predict(images) == other.predict(images)).all(), softmax(net.predict(images)).shape)
        print(simple_convnet.__file__.endswith('simple_convnet.py'), TwoLayerNet.__module__, DeepConvNet.__module__)
        print((col2im(im2col(images, 2, 2, 2), images.shape, 2, 2, 2) == images).all(), shuffle_dataset(x, t)[0].shape)
        """))
    difference, *lines = run(chapter / "check.py")
    assert float(difference) < 1e-6
    assert lines == ["True (2, 10)", "True pynn.networks.two_layer_net pynn.networks.deep_convnet", "True (5, 6)"]


SEARCH = '''\
# coding: utf-8
import sys, os
sys.path.append(os.pardir)
import numpy as np
import matplotlib.pyplot as plt
from dataset.mnist import load_mnist
from common.multi_layer_net import MultiLayerNet
from common.util import shuffle_dataset
from common.trainer import Trainer

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
np.random.seed(5)
x_train, t_train = shuffle_dataset(x_train[:24], t_train[:24])
validation_num = int(x_train.shape[0] * 0.25)
x_val, t_val = x_train[:validation_num], t_train[:validation_num]
x_train, t_train = x_train[validation_num:], t_train[validation_num:]


def train_once(lr, weight_decay, epochs=4):
    network = MultiLayerNet(input_size=784, hidden_size_list=[20, 20], output_size=10, weight_decay_lambda=weight_decay)
    trainer = Trainer(network, x_train, t_train, x_val, t_val, epochs=epochs, mini_batch_size=6,
                      optimizer='sgd', optimizer_param={'lr': lr}, verbose=False)
    trainer.train()
    return trainer.test_acc_list, trainer.train_acc_list, trainer.train_loss_list


results = {}
for trial in range(5):
    weight_decay = 10 ** np.random.uniform(-8, -4)
    lr = 10 ** np.random.uniform(-3, -1)
    results["lr:" + str(lr) + ", weight decay:" + str(weight_decay)] = train_once(lr, weight_decay)

for i, (key, (val_acc_list, train_acc_list, losses)) in enumerate(sorted(results.items(), key=lambda x: x[1][0][-1], reverse=True)):
    print(key, val_acc_list[-1], train_acc_list[-1], repr(float(losses[-1])), sep=';')
    plt.subplot(2, 3, i + 1)
    plt.plot(np.arange(len(val_acc_list)), val_acc_list)
    plt.plot(np.arange(len(val_acc_list)), train_acc_list, "--")
plt.show()
'''


def test_hyperparameter_search(chapter, digits, data_home):
    """Section 6.5.2: draws, splits, trains and ranks as the reference does."""
    pytest.importorskip("matplotlib")
    (chapter / "hyperparameter_optimization.py").write_text(SEARCH)
    lines = run(chapter / "hyperparameter_optimization.py", **data_home, MPLBACKEND="agg")

    x, _, t, _ = as_loaded(digits, flatten=True)
    np.random.seed(5)
    order = np.random.permutation(24)
    x, t = x[order], t[order]
    results = []
    for _ in range(5):
        decay, lr = 10**np.random.uniform(-8, -4), 10**np.random.uniform(-3, -1)
        net = reference.MultiLayerNet(784, [20, 20], 10, weight_decay_lambda=decay)
        losses, train_acc, val_acc = trained(net, reference.SGD(lr), x[6:], t[6:], x[:6], t[:6], epochs=4)
        results.append((f"lr:{lr}, weight decay:{decay}", val_acc[-1], train_acc[-1], losses[-1]))
    results.sort(key=lambda result: result[1], reverse=True)
    assert [line.split(";")[0] for line in lines] == [result[0] for result in results]
    got = [[float(value) for value in line.split(";")[1:]] for line in lines]
    np.testing.assert_allclose(got, [result[1:] for result in results], rtol=1e-11)
