"""Let the book's scripts find pynn: ``import pynn.book``, and ``common.*`` and ``dataset.mnist`` are pynn.

In a notebook, import it before the book's modules; ``python -m pynn run SCRIPT.py`` does it for a script.
A folder ``common`` or ``dataset`` on the path, such as the book's own, yields to pynn only in the modules
listed here; any other module in it is found as ever. A chapter's network, such as ``simple_convnet``, is the
reader's own file where there is one, else pynn's.
"""
import sys
from importlib.machinery import ModuleSpec, PathFinder

# The book's module, and whose names it has: the book's modules import each other's by a star.
_FUNCTIONS = ("pynn.functions",)
_LAYERS = (*_FUNCTIONS, "pynn.util", "pynn.layers")
_NETWORK = (*_LAYERS, "pynn.gradient")
MODULES = {
    "common.functions": _FUNCTIONS,
    "common.gradient": ("pynn.gradient",),
    "common.layers": _LAYERS,
    "common.multi_layer_net": (*_NETWORK, "pynn.networks.multi_layer_net"),
    "common.multi_layer_net_extend": (*_NETWORK, "pynn.networks.multi_layer_net_extend"),
    "common.optimizer": ("pynn.optimizer",),
    "common.trainer": ("pynn.optimizer", "pynn.trainer"),
    "common.util": ("pynn.util",),
    "dataset.mnist": ("pynn.datasets.mnist",),
}
CHAPTERS = {
    "two_layer_net": (*_NETWORK, "pynn.networks.two_layer_net"),
    "simple_convnet": (*_NETWORK, "pynn.networks.simple_convnet"),
    "deep_convnet": (*_NETWORK, "pynn.networks.deep_convnet"),
}
PACKAGES = ("common", "dataset")


class _BookFinder:
    """Finds the book's modules before any folder on the path does, and loads them from pynn's."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MODULES:
            return ModuleSpec(name, cls, origin="pynn")
        if name in PACKAGES:
            return PathFinder.find_spec(name) or ModuleSpec(name, cls, origin="pynn", is_package=True)
        return None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        for source in {**MODULES, **CHAPTERS}.get(module.__name__, ()):
            exec(f"from {source} import *", vars(module))


class _ChapterFinder(_BookFinder):
    """Finds a chapter's network if nobody else did."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return ModuleSpec(name, cls, origin="pynn") if name in CHAPTERS else None


def install():
    """Put pynn in the place of the book's modules, those already imported included."""
    if _BookFinder not in sys.meta_path:
        sys.meta_path.insert(0, _BookFinder)
        sys.meta_path.append(_ChapterFinder)
        for name in MODULES:
            sys.modules.pop(name, None)


install()
