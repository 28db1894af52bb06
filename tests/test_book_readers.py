"""What is the reader's stays the reader's, in every kind of file and process, and works together with pynn's."""

from textwrap import dedent

import pytest
from scripts import python

FUNCTIONS = '''\
# coding: utf-8
"""Mes fonctions."""
import numpy as np


def relu(x):
    """Zéro, ou x."""
    return np.maximum(0, x)     # le plus grand


def sigmoid(x):
  return 1 / (1 + np.exp(-x))


def sigmoid_grad(x):
    return (1.0 - sigmoid(x)) * sigmoid(x)


def softmax(x):
    return x * 0 + 0.5


def swish(x):
    return x * sigmoid(x)
'''
WHERE = '''\
import os, sys
sys.path.append(os.pardir)
from common.functions import *
for function in (relu, sigmoid, sigmoid_grad, softmax, swish, cross_entropy_error):
    print(function.__name__, function.__module__.partition('.')[0])
print(float(swish(0.0)), softmax(np.ones(2)).tolist())
'''


@pytest.fixture
def files(tmp_path):
    """Writes a reader's files: ``files({"common/layers.py": text})`` gives their folder."""
    def write(contents):
        for name, text in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return tmp_path
    return write


def run(folder, script="main.py", **env):
    """What a script prints under pynn, and what is said beside it."""
    result = python("-m", "pynn", "run", script, cwd=folder, **env)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines(), result.stderr.splitlines()


def test_a_definition_that_is_the_books_is_pynns_and_every_other_the_readers(files):
    folder = files({"common/functions.py": FUNCTIONS, "ch03/main.py": WHERE})
    out, said = run(folder / "ch03")
    assert out == ["relu pynn", "sigmoid pynn", "sigmoid_grad pynn", "softmax common", "swish common",
                   "cross_entropy_error pynn", "0.0 [0.5, 0.5]"]
    assert said == ["yours: softmax (changed), swish (new) in ../common/functions.py"]


@pytest.mark.parametrize("before, after, readers", [
    ("(1 + np", "(2 + np", "sigmoid (changed), sigmoid_grad (uses your sigmoid)"),      # what it calls is another
    ("import numpy as np", "import math as np", "relu (uses your np), sigmoid (uses your np), sigmoid_grad (uses your sigmoid)"),
    ("def sigmoid(x", "@str\ndef sigmoid(x", "sigmoid (changed), sigmoid_grad (uses your sigmoid)"),
    ("def sigmoid_grad", "sigmoid = abs\ndef sigmoid_grad", "sigmoid_grad (uses your sigmoid)"),
    ("def softmax", "def relu(x):\n    return 0\ndef softmax", "relu (changed)")])      # the last one counts
def test_a_definition_is_the_books_only_if_what_it_uses_is(files, before, after, readers):
    folder = files({"common/functions.py": FUNCTIONS.replace(before, after), "main.py": "import common.functions\n"})
    assert run(folder)[1] == [f"yours: {readers}, softmax (changed), swish (new) in common/functions.py"]


def test_networks_and_trainers_are_made_of_the_readers_parts(files):
    folder = files({
        "common/layers.py": """\
            import numpy as np
            class Relu:
                def forward(self, x):
                    self.x = x
                    return np.where(x > 0, x, 0.1 * x)
                def backward(self, dout):
                    return np.where(self.x > 0, dout, 0.1 * dout)
            """,
        "common/optimizer.py": """\
            class SGD:
                def __init__(self, lr, decay):
                    self.lr, self.decay = lr, decay
                def update(self, params, grads):
                    for key in params:
                        params[key] -= self.lr * (grads[key] + self.decay * params[key])
            """,
        "main.py": """\
            from common.multi_layer_net_extend import MultiLayerNetExtend
            from common.trainer import Trainer
            from common.layers import *
            import common.layers, numpy as np, pickle, pynn
            np.random.seed(0)
            x, t = np.random.randn(60, 4), np.arange(60) % 3
            net = MultiLayerNetExtend(4, [5, 5], 3, use_batchnorm=True)
            print([type(layer).__module__ for layer in net.layers.values()][:3], isinstance(net, pynn.MultiLayerNetExtend))
            grads, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
            print(max(abs(grads[key] - numerical[key]).max() for key in grads) < 1e-6)
            trainer = Trainer(net, x, t, x, t, epochs=2, mini_batch_size=20, optimizer='sgd',
                              optimizer_param={'lr': 0.1, 'decay': 0.01}, verbose=False)
            trainer.train()
            print(trainer.optimizer.__module__, trainer.optimizer.decay)
            print(np.array_equal(pickle.loads(pickle.dumps(net)).predict(x), net.predict(x)))
            print(Dropout.__module__, common.layers.Affine is Affine)
            """})
    out, said = run(folder)
    assert out == ["['pynn.layers.affine', 'pynn.layers.regularization', 'common.layers'] True", "True",
                   "common.optimizer 0.01", "True", "pynn.layers.regularization True"]
    assert said == ["yours: Relu (changed) in common/layers.py", "yours: SGD (changed) in common/optimizer.py"]


def test_a_patched_layer_is_the_networks(files):
    folder = files({"main.py": """\
        import numpy as np
        import common.layers
        class Smooth:
            def forward(self, x):
                self.y = np.log1p(np.exp(x))
                return self.y
            def backward(self, dout):
                return dout * -np.expm1(-self.y)
        common.layers.Relu = Smooth
        class Mean:
            def __init__(self, pool_h, pool_w, stride):
                self.size = stride
            def forward(self, x):
                self.shape = n, c, h, w = x.shape
                return x.reshape(n, c, h // self.size, self.size, w // self.size, self.size).mean(axis=(3, 5))
            def backward(self, dout):
                return dout.repeat(self.size, axis=2).repeat(self.size, axis=3) / self.size**2
        common.layers.Pooling = Mean
        from simple_convnet import SimpleConvNet
        net = SimpleConvNet((1, 6, 6), {'filter_num': 2, 'filter_size': 3, 'pad': 0, 'stride': 1}, hidden_size=4, output_size=3)
        x, t = np.random.RandomState(0).randn(3, 1, 6, 6), np.array([0, 1, 2])
        grads, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
        print([type(layer).__name__ for layer in net.layers.values()], max(abs(grads[key] - numerical[key]).max() for key in grads) < 1e-7)
        import pynn
        print(type(pynn.SimpleConvNet().layers['Relu1']).__module__)
        common.layers.Relu = common.layers.Sigmoid
        from two_layer_net import TwoLayerNet
        print(type(TwoLayerNet(2, 3, 2).layers['Relu1']).__name__)
        """})
    assert run(folder) == (["['Convolution', 'Smooth', 'Mean', 'Affine', 'Smooth', 'Affine'] True", "pynn.layers.activations",
                            "Sigmoid"], [])


def test_workers_have_what_their_parent_has(files):
    folder = files({"common/functions.py": FUNCTIONS, "main.py": """\
        import multiprocessing
        from common.functions import relu, swish
        from common.layers import Relu
        def names(_):
            return relu.__module__, swish.__module__, Relu.__module__, __name__
        if __name__ == '__main__':
            for method in multiprocessing.get_all_start_methods():
                with multiprocessing.get_context(method).Pool(1) as pool:
                    print(*pool.map(names, [0])[0], method)
        """})
    out, said = run(folder)
    assert {line.rsplit(" ", 2)[0] for line in out} == {"pynn.functions common.functions pynn.layers.activations"}
    assert any(line.endswith("__mp_main__ spawn") for line in out)
    assert len(said) == 1                       # the workers do not say it again


@pytest.mark.parametrize("path, module", [("src/common/functions.py", "src.common.functions"), ("functions.py", "functions"),
                                          ("mybook/functions.py", "mybook.functions")])
def test_a_copy_under_another_name(files, path, module):
    folder = files({path: FUNCTIONS, "main.py": WHERE.replace("common.functions", module).replace(", cross_entropy_error", "")})
    out, said = run(folder)
    assert [line.split()[1] for line in out[:5]] == ["pynn"] * 3 + [module.partition(".")[0]] * 2
    assert said == [f"yours: softmax (changed), swish (new) in {path}"]


def test_a_file_that_only_has_the_name_of_one_is_left_alone(files):
    folder = files({"functions.py": "def f():\n    return 1\n", "main.py": "from functions import f\nprint(f())\n"})
    assert run(folder, PYTHONDONTWRITEBYTECODE="") == (["1"], [])
    assert (folder / "__pycache__").exists()    # as Python keeps it


def test_what_runs_under_pynn_is_not_kept_for_python(files):
    folder = files({"common/functions.py": FUNCTIONS, "main.py": "from common.functions import relu\nprint(relu.__module__)\n"})
    assert run(folder, PYTHONDONTWRITEBYTECODE="")[0] == ["pynn.functions"]
    assert python("main.py", cwd=folder).stdout == "common.functions\n"


@pytest.mark.parametrize("told_by", [{"common/np.py": "import numpy as np\n"},
                                     {"common/layers.py": "def f(self):\n    self.grads = []\n"}])
def test_the_second_volume_is_left_alone(files, told_by):
    folder = files({
        **told_by, "common/__init__.py": "", "common/functions.py": FUNCTIONS,
        "common/recurrent.py": "from common.functions import sigmoid\n", "dataset/__init__.py": "", "dataset/spiral.py": "def load_data():\n    return 3\n",
        "ch01/two_layer_net.py": "class TwoLayerNet:\n    params = []\n",
        "ch01/main.py": """\
            import sys
            sys.path.append('..')
            from common.functions import *
            from common.recurrent import *
            from dataset import spiral
            from two_layer_net import TwoLayerNet
            print(sigmoid.__module__, TwoLayerNet.params, spiral.load_data(), 'cross_entropy_error' in vars())
            """})
    out, said = run(folder / "ch01")
    assert out == ["common.functions [] 3 False"]
    assert said == ["yours: TwoLayerNet (changed) in two_layer_net.py"]


def test_pickles_of_the_books_own_classes(files):
    """Written by plain Python from classes of those names and attributes, read by pynn."""
    attributes = """\
        class {}:
            def __init__(self, **attributes):
                self.__dict__.update(attributes)
        """
    layers = "".join(dedent(attributes.format(name)) for name in (
        "Relu", "Affine", "SoftmaxWithLoss", "Convolution", "Pooling", "BatchNormalization", "Dropout"))
    folder = files({
        "plain/common/layers.py": layers, "plain/two_layer_net.py": attributes.format("TwoLayerNet"),
        "plain/simple_convnet.py": attributes.format("SimpleConvNet"), "plain/write.py": """\
            import pickle
            import numpy as np
            from collections import OrderedDict
            from common.layers import *
            from simple_convnet import SimpleConvNet
            from two_layer_net import TwoLayerNet
            np.random.seed(0)
            def affine(rows, columns):
                return Affine(W=0.3 * np.random.randn(rows, columns), b=np.zeros(columns), x=None, original_x_shape=None, dW=None, db=None)
            last = lambda: SoftmaxWithLoss(loss=None, y=None, t=None)
            relu = lambda: Relu(mask=np.array([[True]]))
            dense = OrderedDict(Affine1=affine(4, 5), Relu1=relu(), Affine2=affine(5, 3))
            conv = Convolution(W=0.3 * np.random.randn(2, 1, 3, 3), b=np.zeros(2), stride=1, pad=0, x=None, col=None, col_W=None, dW=None, db=None)
            pool = Pooling(pool_h=2, pool_w=2, stride=2, pad=0, x=np.ones(3), arg_max=np.ones(3))
            images = OrderedDict(Conv1=conv, Relu1=relu(), Pool1=pool, Affine1=affine(8, 5), Relu2=relu(), Affine2=affine(5, 3))
            params = {'W1': dense['Affine1'].W, 'b1': dense['Affine1'].b, 'W2': dense['Affine2'].W, 'b2': dense['Affine2'].b}
            pickle.dump([TwoLayerNet(params=params, layers=dense, lastLayer=last()),
                         SimpleConvNet(params={}, layers=images, last_layer=last()), relu(), Dropout(dropout_ratio=0.5, mask=None)],
                        open('../nets.pkl', 'wb'))
            pickle.dump(TwoLayerNet(params=params), open('../ch04.pkl', 'wb'))
            """,
        "main.py": """\
            import pickle
            import numpy as np
            np.random.seed(0)
            dense, images, relu, dropout = pickle.load(open('nets.pkl', 'rb'))
            print(type(dense).__module__, relu.mask.tolist(), dropout.forward(np.ones(1), False))
            for net, x in ((dense, np.random.randn(6, 4)), (images, np.random.randn(6, 1, 6, 6))):
                t = np.arange(6) % 3
                grads, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
                print(sorted(grads), max(abs(grads[key] - numerical[key]).max() for key in grads) < 1e-6)
                print(np.array_equal(pickle.loads(pickle.dumps(net)).predict(x), net.predict(x)))
            try:
                pickle.load(open('ch04.pkl', 'rb'))
            except ValueError as error:
                print(error)
            """})
    assert python("write.py", cwd=folder / "plain").stderr == ""
    (*out, last), said = run(folder)
    assert said == []
    assert last.startswith("TwoLayerNet: the pickle has no layers")
    assert out == ["pynn.networks.two_layer_net [[True]] [0.5]", "['W1', 'W2', 'b1', 'b2'] True", "True",
                   "['W1', 'W2', 'W3', 'b1', 'b2', 'b3'] True", "True"]


MNIST = '''\
import os
import numpy as np
key_file = {'train_img': 'train-images-idx3-ubyte.gz'}
dataset_dir = os.path.dirname(os.path.abspath(__file__))
save_file = dataset_dir + "/mnist.pkl"
def load_mnist(normalize=True):
    return save_file
def init_mnist():
    return 'mine'
'''


def test_the_names_that_the_books_modules_bring_along(files):
    folder = files({"main.py": """\
        from common.gradient import numerical_gradient_2d, _numerical_gradient_1d
        from dataset.mnist import load_mnist, init_mnist, dataset_dir, save_file, key_file, img_size, pickle, gzip
        from simple_convnet import *
        print(numerical_gradient_2d(lambda x: (x**2).sum(), np.array([[1.0, 2.0], [3.0, 0.5]])).round(6).tolist())
        print(_numerical_gradient_1d(lambda x: x[0] * x[1], np.array([2.0, 3.0])).round(6).tolist())
        print(os.path.basename(save_file), key_file['test_label'], img_size, pickle.__name__, sys.__name__, OrderedDict.__name__)
        from common.util import conv_output_size
        print(conv_output_size(28, 5), conv_output_size(28, 4, stride=2, pad=1))
        import common.layers, common.trainer, dataset, two_layer_net
        print(all(os.path.isfile(module.__file__) for module in (common, common.layers, common.trainer, dataset, two_layer_net)))
        try:
            from common.layers import Nothing
        except ImportError as error:
            print(error)
        """})
    out, said = run(folder)
    assert out[:-1] == ["[[2.0, 4.0], [6.0, 1.0]]", "[3.0, 2.0]", "mnist.pkl t10k-labels-idx1-ubyte.gz 784 pickle sys OrderedDict",
                        "24.0 14.0", "True"]
    assert "cannot import name 'Nothing' from 'common.layers'" in out[-1]
    assert said == []


def test_a_readers_own_data_are_the_readers(files):
    folder = files({"dataset/mnist.py": MNIST, "main.py": """\
        from dataset.mnist import load_mnist, init_mnist, img_size
        print(load_mnist().replace('\\\\', '/').split('/')[-2:], init_mnist(), img_size)
        """})
    out, said = run(folder)
    assert out == ["['dataset', 'mnist.pkl'] mine 784"]
    assert said == ["yours: load_mnist (changed), init_mnist (changed) in dataset/mnist.py"]


def test_a_star_brings_the_books_names_and_no_others(files):
    folder = files({"mine.py": "tanh = Tanh = gradient_descent = AdamW = 'mine'\n", "main.py": """\
        from mine import *
        from common.functions import *
        from common.layers import *
        from common.gradient import *
        from common.optimizer import *
        print(tanh, Tanh, gradient_descent, AdamW, mean_squared_error(np.array([1.0]), np.array([3.0])))
        from common.layers import Tanh
        print(Tanh.__module__)
        """})
    assert run(folder) == (["mine mine mine mine 2.0", "pynn.layers.activations"], [])


def test_a_definition_to_be_left(files):
    """As `pynn check` leaves the book's Trainer to the reader, whose text it compares."""
    folder = files({"common/functions.py": FUNCTIONS, "main.py": """\
        from pynn.book import reader
        reader.leave.add('sigmoid')
        from common.functions import *
        print(relu.__module__, sigmoid.__module__, sigmoid_grad.__module__)
        """})
    out, said = run(folder)
    assert out == ["pynn.functions common.functions pynn.functions"]
    assert said == ["yours: softmax (changed), swish (new) in common/functions.py"]


def test_a_package_that_appears_on_the_path_later(files):
    folder = files({"other/common/mine.py": "answer = 42\n", "main.py": """\
        import sys
        from common.layers import Relu
        sys.path.append('other')
        from common.mine import answer
        print(Relu.__module__, answer)
        """})
    assert run(folder)[0] == ["pynn.layers.activations 42"]
