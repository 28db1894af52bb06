"""The contestants: pynn, NumPy with the book's formulas, PyTorch, and JAX.

Each offers `matmul` and `step(network, dtype, batch)`. A step is gradient plus
SGD update, written as the library's own tutorial would write it and given the
same initial weights, the same batch and the same precision as everybody's.
"""

import importlib.metadata
import importlib.util
import os
import sys

import numpy as np

from .libraries import Jax, JaxScan, Torch, TorchChannelsLast
from .networks import LEARNING_RATE, MULTI_LAYER, DEEP_FILTERS, Unavailable, batch, draw, reference


def load(name):
    """The peer of that name, or Unavailable if its package is missing."""
    peer, package = PEERS[name]
    if importlib.util.find_spec(package) is None:
        raise Unavailable(f"{package} is not installed")
    return peer()


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


class Copy(Pynn):
    """A copy of pynn that build.py compiled; __main__.py names its folder in the environment."""

    folder: str

    def __init__(self):
        if self.folder not in os.environ:
            raise Unavailable(f"{self.folder} names no folder")
        sys.path.insert(0, os.environ[self.folder])
        super().__init__()


class Earlier(Copy):
    """pynn as it was at another commit."""

    folder = "PYNN_EARLIER"


class Traced(Copy):
    """pynn with a pool that is traced: see pool.py."""

    folder = "PYNN_TRACED"


class Trainer(Pynn):
    """pynn through its Trainer: see trainer.py."""


class EarlierTrainer(Earlier, Trainer):
    """The earlier commit's."""


PEERS = {
    "pynn": (Pynn, "pynn"), "one thread": (Pynn, "pynn"), "earlier": (Earlier, "numpy"), "traced": (Traced, "numpy"),
    "Trainer": (Trainer, "pynn"), "Trainer, one thread": (Trainer, "pynn"), "earlier Trainer": (EarlierTrainer, "numpy"),
    "numpy": (Numpy, "numpy"), "torch": (Torch, "torch"), "torch channels_last": (TorchChannelsLast, "torch"),
    "jax": (Jax, "jax"), "jax scan": (JaxScan, "jax"), "sklearn": (Sklearn, "sklearn"),
}


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
