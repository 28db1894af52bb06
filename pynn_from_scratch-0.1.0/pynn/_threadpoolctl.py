"""The pool of threads as threadpoolctl knows pools, so that whoever limits those of BLAS and OpenMP limits pynn's as well.

threadpoolctl asks nobody: a library must register. pynn neither needs nor imports it, so it does that when the program has, or as soon
as it does.
"""

import importlib.util
import sys


def announce():
    """Register with threadpoolctl now, or when it is imported."""
    if "threadpoolctl" in sys.modules:
        register(sys.modules["threadpoolctl"])
    else:
        sys.meta_path.insert(0, _Waiting())


class _Waiting:
    """Finds nothing, but sees threadpoolctl come: it registers once the module has run."""

    def find_spec(self, name, path=None, target=None):
        if name != "threadpoolctl":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            spec.loader = _Registering(spec.loader)
        return spec


class _Registering:
    """A loader that does what another does, and then registers."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        register(module)


def register(threadpoolctl):
    """Tell threadpoolctl, from version 3.2, how many threads there are and how to set it."""
    if not hasattr(threadpoolctl, "register"):
        return

    class PynnController(threadpoolctl.LibController):
        user_api = internal_api = "pynn"
        filename_prefixes = ("_core.",)
        check_symbols = ("pynn_get_num_threads", "pynn_set_num_threads")

        def get_num_threads(self):
            return self.dynlib.pynn_get_num_threads()

        def set_num_threads(self, num_threads):
            self.dynlib.pynn_set_num_threads(num_threads)

        def get_version(self):
            from pynn._version import __version__
            return __version__

    threadpoolctl.register(PynnController)
