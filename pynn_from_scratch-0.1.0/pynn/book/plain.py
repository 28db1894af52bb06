"""The book's modules in plain NumPy, to compare with: the reader's own files, and `pynn.reference` where there is none.

Data are no computation: `dataset.mnist` is served as under pynn.
"""

import multiprocessing
import sys
from importlib.machinery import ModuleSpec

from pynn.book.contents import IMPORTS, MADE_OF_PARTS, PACKAGES, SOURCES, fingerprints, serve
from pynn.book.finder import BookFinder
from pynn.book.parts import of_the_readers

_DATA = ("dataset", "dataset.mnist")


class _PlainFinder:
    """Last in ``sys.meta_path``: finds those of the book's modules that the reader has not."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return ModuleSpec(name, cls, origin="pynn.reference", is_package=name in PACKAGES) if name in {*SOURCES, *PACKAGES} else None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        name, names = module.__name__, vars(module)
        if name in PACKAGES:
            return
        exec(IMPORTS[name], names)
        for definition in fingerprints(name):
            try:
                found = serve(name, definition)
            except AttributeError:      # one of those that a script has no use for
                continue
            names[definition] = of_the_readers(found, names) if name in MADE_OF_PARTS else found


class _DataFinder(BookFinder):
    """First in ``sys.meta_path``: `BookFinder` for the data alone."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return super().find_spec(name, path, target) if name in _DATA else None


def install():
    """Serve what the reader has not in plain NumPy; for a process of its own, in which nothing of the book is served yet."""
    for name in SOURCES:
        if name not in _DATA:
            SOURCES[name] = ("pynn.reference", *SOURCES[name])
    if "forkserver" in multiprocessing.get_all_start_methods():
        multiprocessing.set_forkserver_preload([])
    sys.meta_path[:] = [_DataFinder, *(finder for finder in sys.meta_path if finder is not BookFinder), _PlainFinder]
