"""The book's modules in plain NumPy, to compare with: the reader's own files, and `pynn.reference` where there is none."""

import sys
from importlib.machinery import ModuleSpec

from pynn.book.contents import IMPORTS, PACKAGES, SOURCES, fingerprints, serve
from pynn.book.parts import of_the_readers


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
                names[definition] = of_the_readers(serve(name, definition), names)
            except AttributeError:      # one of those that a script has no use for
                continue


def install():
    """Serve what the reader has not in plain NumPy. For a process of its own: `pynn.book` cannot be had in it too."""
    for name in SOURCES:
        SOURCES[name] = ("pynn.reference", *SOURCES[name])
    sys.meta_path.append(_PlainFinder)
