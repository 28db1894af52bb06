"""Scripts in the book's style under ``python -m pynn run``, and notebooks after ``import pynn.book``."""

from textwrap import dedent

import numpy as np
import pytest
from scripts import chapter as chapter
from scripts import python, run

from pynn import reference

TWO_LAYER_NET = '''\
import sys, os
sys.path.append(os.pardir)
import numpy as np
from common.layers import *
from common.gradient import numerical_gradient
from collections import OrderedDict


class TwoLayerNet:
    def __init__(self, n_in, n_hidden, n_out, std=0.01):
        self.params = {}
        self.params['W1'] = std * np.random.randn(n_in, n_hidden)
        self.params['b1'] = np.zeros(n_hidden)
        self.params['W2'] = std * np.random.randn(n_hidden, n_out)
        self.params['b2'] = np.zeros(n_out)
        self.layers = OrderedDict()
        self.layers['Affine1'] = Affine(self.params['W1'], self.params['b1'])
        self.layers['Relu1'] = Relu()
        self.layers['Affine2'] = Affine(self.params['W2'], self.params['b2'])
        self.lastLayer = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.lastLayer.forward(self.predict(x), t)

    def numerical_gradient(self, x, t):
        loss_W = lambda W: self.loss(x, t)
        return {key: numerical_gradient(loss_W, self.params[key]) for key in self.params}

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.lastLayer.backward(1)
        layers = list(self.layers.values())
        layers.reverse()
        for layer in layers:
            dout = layer.backward(dout)
        grads = {}
        grads['W1'], grads['b1'] = self.layers['Affine1'].dW, self.layers['Affine1'].db
        grads['W2'], grads['b2'] = self.layers['Affine2'].dW, self.layers['Affine2'].db
        return grads
'''

TRAIN = '''\
# coding: utf-8
import numpy as np
from two_layer_net import TwoLayerNet

np.random.seed(7)
x_train = np.random.rand(300, 12) * (np.random.rand(300, 12) < 0.5)
t_train = np.argmax(x_train[:, :4], axis=1)
network = TwoLayerNet(12, 9, 4)
learning_rate = 0.5
for i in range(300):
    batch_mask = np.random.choice(x_train.shape[0], 50)
    x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
    grad = network.gradient(x_batch, t_batch)
    for key in ('W1', 'b1', 'W2', 'b2'):
        network.params[key] -= learning_rate * grad[key]
    print(repr(float(network.loss(x_batch, t_batch))))
check = network.numerical_gradient(x_train[:3], t_train[:3])
grad = network.gradient(x_train[:3], t_train[:3])
print(max(np.abs(check[key] - grad[key]).max() for key in grad))
'''


def test_a_book_style_training_gives_the_references_losses(chapter):
    (chapter / "two_layer_net.py").write_text(TWO_LAYER_NET)
    (chapter / "train_neuralnet.py").write_text(TRAIN)
    *losses, difference = map(float, run(chapter / "train_neuralnet.py"))

    np.random.seed(7)
    x_train = np.random.rand(300, 12) * (np.random.rand(300, 12) < 0.5)
    t_train = np.argmax(x_train[:, :4], axis=1)
    net = reference.TwoLayerNet(12, 9, 4)
    want = []
    for _ in range(300):
        mask = np.random.choice(300, 50)
        grads = net.gradient(x_train[mask], t_train[mask])
        for key in net.params:
            net.params[key] -= 0.5 * grads[key]
        want.append(net.loss(x_train[mask], t_train[mask]))
    assert want[-1] < 0.7 * want[0]
    # a few roundings of 1e-16 a step, and what 300 steps of descent make of them
    np.testing.assert_allclose(losses, want, rtol=1e-11)
    assert difference < 1e-6


def test_where_the_names_come_from(chapter):
    script = chapter / "names.py"
    script.write_text(dedent("""\
        import sys, os
        sys.path.append(os.pardir)
        from common.layers import *
        from common.functions import softmax as s
        from common.gradient import numerical_gradient
        from common.optimizer import SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam
        from common.trainer import Trainer
        from common.util import smooth_curve, shuffle_dataset
        from dataset.mnist import load_mnist
        from common.mine import answer
        import common.layers
        for value in (Affine, Relu, SoftmaxWithLoss, softmax, s, cross_entropy_error, numerical_gradient, Adam,
                      Trainer, smooth_curve, load_mnist):
            print(value.__module__.partition('.')[0])
        print(np.__name__, answer, common.layers.Affine is Affine)
        """))
    *modules, last = run(script)
    assert modules == ["pynn"] * 11
    assert last == "numpy 42 True"


def test_the_script_finds_itself_as_under_python(chapter):
    (chapter / "beside.py").write_text("where = __file__\n")
    script = chapter / "self.py"
    script.write_text(dedent("""\
        import os, sys
        import beside, pickle
        class Point: pass
        print(__name__, __file__, os.getcwd(), sys.path[0], beside.where, sys.argv, sep='\\n')
        print(type(pickle.loads(pickle.dumps(Point()))) is Point, sys.modules['__main__'].Point is Point)
        """))
    args = ["ch05/self.py", "--epochs", "3", "-x"]
    under_pynn = python("-m", "pynn", "run", *args, cwd=chapter.parent)
    under_python = python(*args, cwd=chapter.parent)
    assert under_python.returncode == 0
    assert (under_pynn.returncode, under_pynn.stdout, under_pynn.stderr) == (0, under_python.stdout, "")


@pytest.mark.parametrize("text, status", [
    ("def f():\n    return 1 / 0\nf()\n", 1), ("x = (\n", 1), ("raise SystemExit(3)\n", 3),
    ("import sys\nsys.exit('in words')\n", 1), ("open('absent')\n", 1), ("import common.absent\n", 1)])
def test_a_script_fails_as_under_python(chapter, text, status):
    script = chapter / "fails.py"
    script.write_text(text)
    under_pynn = python("-m", "pynn", "run", "fails.py", cwd=chapter)
    under_python = python("fails.py", cwd=chapter)
    assert under_pynn.returncode == under_python.returncode == status
    if "common" not in text:
        assert under_pynn.stderr == under_python.stderr
    assert "cli.py" not in under_pynn.stderr


def test_no_such_script(tmp_path):
    result = python("-m", "pynn", "run", "absent.py", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("pynn: cannot read the script:") and "absent.py" in result.stderr
    assert result.stderr.count("\n") == 1


def test_show_does_not_need_a_display(chapter):
    pytest.importorskip("matplotlib")
    script = chapter / "plot.py"
    script.write_text(dedent("""\
        import matplotlib.pyplot as plt
        plt.plot([1, 2])
        plt.savefig('plot.png')
        plt.show()
        print('shown')
        """))
    result = python("-m", "pynn", "run", script, cwd=chapter, DISPLAY="", WAYLAND_DISPLAY="")
    assert (result.returncode, result.stdout) == (0, "shown\n")
    assert (chapter / "plot.png").stat().st_size > 0


def test_in_a_notebook(chapter):
    """The book's own modules may have been imported before: from then on it is pynn."""
    code = dedent("""\
        import sys
        sys.path.append('..')
        import common.mine, common
        import pynn.book
        from common.layers import Affine
        from dataset.mnist import load_mnist
        import common.mine
        print(Affine.__module__, load_mnist.__module__, common.mine.answer)
        """)
    result = python("-c", code, cwd=chapter)
    assert (result.stdout, result.stderr) == ("pynn.layers.affine pynn.datasets.mnist 42\n", "")
