"""The contestants: pynn, NumPy with the book's formulas, PyTorch, and JAX.

Each offers `matmul` and `step(network, dtype, batch)`. A step is gradient plus
SGD update, written as the library's own tutorial would write it and given the
same initial weights, the same batch and the same precision as everybody's.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import sys

import numpy as np

LEARNING_RATE = 0.01
MULTI_LAYER = 784, [100] * 4, 10
DEEP_FILTERS = [(16, 1), (16, 1), (32, 1), (32, 2), (64, 1), (64, 1)]     # (number, pad)


class Unavailable(Exception):
    """This peer cannot run this case; the message says why."""


def load(name):
    """The peer of that name, or Unavailable if its package is missing."""
    peer, package = PEERS[name]
    if importlib.util.find_spec(package) is None:
        raise Unavailable(f"{package} is not installed")
    return peer()


def reference():
    """pynn.reference, the book's formulas in NumPy, without importing pynn itself.

    So nothing of pynn is in a peer's process.
    """
    name = "pynn_reference"
    if name not in sys.modules:
        [folder] = importlib.util.find_spec("pynn").submodule_search_locations
        path = os.path.join(folder, "reference", "__init__.py")
        spec = importlib.util.spec_from_file_location(
            name, path, submodule_search_locations=[os.path.dirname(path)])
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def draw(library, network, dtype, hidden=50):
    """A network with weights from seed 0: the same ones from pynn and from the book."""
    np.random.seed(0)
    make = getattr(library, network, None)
    if make is None:
        raise Unavailable(f"{library.__name__} has no {network}")
    if network == "TwoLayerNet":
        return make(784, hidden, 10, dtype=dtype)
    if network == "MultiLayerNet":
        return make(*MULTI_LAYER, dtype=dtype)
    return make(dtype=dtype)


def batch(network, dtype, size):
    """Random pixels in [0, 1) and one-hot labels, as load_mnist gives them."""
    rng = np.random.default_rng(1)
    shape = (1, 28, 28) if "Conv" in network else (784,)
    x = rng.random((size, *shape)).astype(dtype)
    return x, np.eye(10, dtype=dtype)[rng.integers(0, 10, size)]


class Book:
    """Whatever carries the book's names: pynn, or the book's formulas in NumPy."""

    def __init__(self, library):
        self.library = library

    @property
    def matmul(self):
        return self.library.matmul

    def step(self, network, dtype, size, **options):
        net = draw(self.library, network, dtype, **options)
        x, t = batch(network, dtype, size)
        optimizer = self.library.SGD(lr=LEARNING_RATE)

        def run():
            optimizer.update(net.params, net.gradient(x, t))

        return run, 1, lambda: net.params


class Numpy(Book):
    """NumPy; its networks are the book's code."""

    matmul = np.matmul

    def __init__(self):
        super().__init__(reference())


class Pynn(Book):
    def __init__(self):
        import pynn
        super().__init__(pynn)

    def estimator(self, solver, **settings):
        """`PynnClassifier`; what `MLPClassifier` calls sgd has Nesterov's momentum."""
        from pynn.sklearn import PynnClassifier
        return PynnClassifier(solver={"sgd": "nesterov"}.get(solver, solver), **settings)


class Sklearn:
    """scikit-learn's own network."""

    def estimator(self, **settings):
        from sklearn.neural_network import MLPClassifier
        return MLPClassifier(**settings)


class Earlier(Pynn):
    """pynn as it was at another commit: see earlier.py."""

    def __init__(self):
        if "PYNN_EARLIER" not in os.environ:
            raise Unavailable("no earlier commit was named")
        sys.path.insert(0, os.environ["PYNN_EARLIER"])
        super().__init__()


class Trainer(Pynn):
    """pynn through its Trainer: see trainer.py."""


class Torch:
    def __init__(self):
        import torch
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.torch = torch

    def step(self, network, dtype, size, **options):
        torch, nn = self.torch, self.torch.nn
        book = draw(reference(), network, dtype, **options).params
        model = self._model(network, book)
        with torch.no_grad():
            for param, value in zip(model.parameters(), book.values()):
                param.data = torch.tensor(value.T if value.ndim == 2 else value)
        x, t = batch(network, dtype, size)
        x, labels = torch.from_numpy(x).clone(), torch.from_numpy(t.argmax(axis=1))
        optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

        def run():
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), labels).backward()
            optimizer.step()

        def params():
            return {key: param.detach().numpy().T if param.ndim == 2 else param.detach().numpy()
                    for key, param in zip(book, model.parameters())}

        return run, 1, params

    def _model(self, network, book):
        nn = self.torch.nn
        if network == "SimpleConvNet":
            return nn.Sequential(
                nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                nn.Linear(4320, 100), nn.ReLU(), nn.Linear(100, 10))
        if network == "DeepConvNet":
            layers, channels = [], 1
            for index, (number, pad) in enumerate(DEEP_FILTERS):
                layers += [nn.Conv2d(channels, number, 3, padding=pad), nn.ReLU()]
                layers += [nn.MaxPool2d(2)] if index % 2 else []
                channels = number
            return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 50), nn.ReLU(),
                                 self._dropout(), nn.Linear(50, 10), self._dropout())
        layers = [layer for key, W in book.items() if key.startswith("W")
                  for layer in (nn.Linear(*W.shape), nn.ReLU())]
        return nn.Sequential(*layers[:-1])

    def _dropout(self):
        """The book's dropout, drawn as the book draws it, so that results can be compared."""
        torch = self.torch

        class BookDropout(torch.nn.Module):
            def forward(self, x):
                return x * torch.from_numpy(np.random.rand(*x.shape) > 0.5)

        return BookDropout()


class Jax:
    """A step as one jitted function, called from Python for every batch."""

    steps = 1

    def __init__(self):
        import jax
        jax.config.update("jax_enable_x64", True)
        self.jax = jax

    def step(self, network, dtype, size, **options):
        jax, jnp = self.jax, self.jax.numpy
        if "Conv" in network:
            raise Unavailable(f"{network} is not written for it")
        book = draw(reference(), network, dtype, **options).params
        depth = len(book) // 2
        x, t = map(jnp.asarray, batch(network, dtype, size))

        def loss(params):
            out = x
            for i in range(1, depth + 1):
                out = out @ params[f"W{i}"] + params[f"b{i}"]
                out = jax.nn.relu(out) if i < depth else out
            return -(t * jax.nn.log_softmax(out)).sum() / size

        def update(params):
            return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, params, jax.grad(loss)(params))

        step = jax.jit(self.repeat(update), donate_argnums=0)
        state = {key: jnp.array(value) for key, value in book.items()}

        def run():
            nonlocal state
            state = jax.block_until_ready(step(state))

        return run, self.steps, lambda: state

    def repeat(self, update):
        return update


class JaxScan(Jax):
    """Fifty steps in one jitted `lax.scan`: Python is out of the loop."""

    steps = 50

    def repeat(self, update):
        return lambda params: self.jax.lax.scan(
            lambda state, _: (update(state), None), params, length=self.steps)[0]


PEERS = {"pynn": (Pynn, "pynn"), "Trainer": (Trainer, "pynn"), "earlier": (Earlier, "numpy"), "numpy": (Numpy, "numpy"), "torch": (Torch, "torch"),
         "jax": (Jax, "jax"), "jax scan": (JaxScan, "jax"), "sklearn": (Sklearn, "sklearn")}


def describe(name):
    """Version, threads and kernel of a peer in this process, as lines of text."""
    try:
        load(name)
    except Unavailable as reason:
        return str(reason)
    package = PEERS[name][1]
    if name == "pynn":
        import pynn
        build = pynn._core.build_info()
        return f"{pynn.__version__}; {build['isa']} kernels; {build['compiler']}"
    words = [importlib.metadata.version(package)]
    if name == "torch":
        import torch
        words.append(f"{torch.backends.cpu.get_cpu_capability()} kernels")
    try:
        import threadpoolctl
        for pool in threadpoolctl.threadpool_info() if name in ("numpy", "torch") else ():
            words.append(f"{pool['internal_api']} {pool['version']}, "
                         f"{pool.get('architecture', '')} {pool['num_threads']} threads")
    except ImportError:
        words.append("threadpoolctl is not installed: kernels unknown")
    return "; ".join(words)
