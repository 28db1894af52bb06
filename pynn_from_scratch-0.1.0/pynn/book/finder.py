"""Finds the book's modules: a reader's own file where there is one, else pynn's definitions."""

import os
import sys
import sysconfig
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

from pynn.book.contents import FILES, IMPORTS, MADE_OF_PARTS, PACKAGES, SOURCES, fingerprints, pynns, serve
from pynn.book.parts import of_the_readers

# Nothing that was installed is a reader's copy of the book.
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


class BookFinder:
    """First in ``sys.meta_path``: looks at what the others find, and changes it where it is the book's."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        package, _, last = name.rpartition(".")
        if name in PACKAGES:
            return PathFinder.find_spec(name) or _located(ModuleSpec(name, None, is_package=True), "pynn.book")
        if package in PACKAGES and not path:
            path = _paths_by_now(package)
        elif last not in FILES or name.startswith("pynn."):
            return None
        return _taken_from(name, FILES.get(last), cls._of_others(name, path, target))

    @classmethod
    def _of_others(cls, name, path, target):
        for finder in sys.meta_path:
            if finder is not cls and (spec := finder.find_spec(name, path, target)) is not None:
                return spec
        return None


def _paths_by_now(package):
    """Where a package lies that was nowhere when it was first imported: the path may have grown since."""
    spec = PathFinder.find_spec(package)
    if spec is not None and spec.submodule_search_locations:
        sys.modules[package].__path__ = list(spec.submodule_search_locations)
    return list(sys.modules[package].__path__)


def _taken_from(name, book, spec):
    """The spec of a module that is the book's, or a copy of it; `spec` is what Python would take."""
    if spec is None:
        if name not in SOURCES:
            return None
        spec = _located(ModuleSpec(name, _PynnLoader), SOURCES[name][0])
    elif type(spec.loader) is SourceFileLoader and not spec.origin.startswith(_INSTALLED) and book:
        from pynn.book.reader import ReaderLoader, of_second_volume
        if not of_second_volume(os.path.dirname(spec.origin)):
            spec.loader = ReaderLoader(name, spec.origin, book)
    return spec


def _located(spec, module):
    """The spec with the file of one of pynn's modules, for whoever asks where theirs comes from."""
    spec.origin = import_module(module).__file__
    spec.has_location = True
    return spec


class _PynnLoader:
    """Fills a module of the book with what it imports and with pynn's definitions.

    What pynn has beyond the book is found when it is asked for by its name: a star must not bring it, for the reader
    may have one of that name.
    """

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        name, names = module.__name__, vars(module)
        exec(IMPORTS[name], names)
        for source in SOURCES[name][1:]:
            exec(f"from {source} import *", names)
        for definition in fingerprints(name):
            found = pynns(name, definition)
            if found is not None:
                names[definition] = of_the_readers(found, names) if name in MADE_OF_PARTS else found
        module.__getattr__ = lambda definition: serve(name, definition)


def install():
    """Put pynn in the place of the book's modules, those already imported included."""
    if BookFinder not in sys.meta_path:
        sys.meta_path.insert(0, BookFinder)
        for name in SOURCES:
            sys.modules.pop(name, None)
