"""A reader's own file of the book's modules: which definitions in it are the book's, and the running of it."""

import ast
import io
import os
import sys
from collections import namedtuple
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from types import ModuleType

from pynn.book.contents import PACKAGES, fingerprints, pynns, serve

# Files that the second volume has in common/ and the first has not.
_SECOND_VOLUME = ("base_model.py", "np.py", "time_layers.py")
_LONGEST = 8            # entries in the line that says what is the reader's
_MODULES = {"np": "numpy"}
# Definitions of the book to leave as they are in a reader's file although pynn has them.
leave = set()
# Definitions of the book that were left: (module, name).
_kept = set()
_in_worker = False

Definition = namedtuple("Definition", "reads, matches, known")


def be_silent():
    """Say no more what is the reader's: a worker's parent has said it."""
    global _in_worker
    _in_worker = True


@lru_cache
def of_second_volume(folder):
    """Whether a folder has the second volume's common/: other modules by the same names, whose layers have lists of gradients."""
    if any(os.path.exists(os.path.join(folder, name)) for name in _SECOND_VOLUME):
        return True
    try:
        with open(os.path.join(folder, "layers.py"), "rb") as file:
            return b"self.grads" in file.read()
    except OSError:
        return False


class ReaderLoader(SourceFileLoader):
    """Runs a reader's file with pynn's definitions in the place of the book's own.

    A definition is the book's if it reads as in the book and everything it uses is the book's: where a reader
    has changed `softmax`, the book's `SoftmaxWithLoss` must call that one.

    Parameters
    ----------
    name, path : str
        The module, and its file.
    book : str
        The book's name for it, ``common.layers``.
    """

    def __init__(self, name, path, book):
        super().__init__(name, path)
        self.book = book

    def exec_module(self, module):
        definitions, tree = self._read()
        expected = self.name == self.book
        if tree is None or not expected and all(definition.matches is None for definition in definitions.values()):
            return super().exec_module(module)
        names = vars(module)
        choice = _Choice(self.name, self.book, definitions, names)
        names["__pynn__"] = choice
        exec(compile(tree, self.path, "exec", dont_inherit=True), names)
        del names["__pynn__"]
        if expected:
            names.setdefault("__getattr__", lambda name: serve(self.book, name))
            if self.book.partition(".")[0] in PACKAGES:
                _add_missing(self.book, names)
        _say(choice.readers, self.path)

    def _read(self):
        try:
            return _read(self.get_source(self.name), self.path, self.book)
        except (SyntaxError, ValueError, RecursionError):
            return {}, None         # Python words the error when it runs the file


def _read(text, path, book):
    """The definitions of a file by (name, line), and its syntax tree, where each of them asks pynn first."""
    import symtable

    from pynn.book.fingerprint import definitions, fingerprint
    known, lines, result = fingerprints(book), list(io.StringIO(text)), {}
    tree = ast.parse(text, path)
    scopes = {(scope.get_name(), scope.get_lineno()): scope
              for scope in symtable.symtable(text, path, "exec").get_children()}
    for node in definitions(tree):
        place = node.name, node.lineno
        # none of the book's is decorated
        matches = None if node.decorator_list else known.get(node.name, {}).get(fingerprint(node, lines))
        reads = set() if matches is None else _globals(scopes[place])
        result[place] = Definition(reads, matches, node.name in known)
    tree.body = [_asking(node) if (getattr(node, "name", None), getattr(node, "lineno", None)) in result else node
                 for node in tree.body]
    return result, tree


def _asking(node):
    statement = ast.parse(f"if ({node.name} := __pynn__({node.name!r}, {node.lineno})) is None: pass").body[0]
    ast.increment_lineno(statement, node.lineno - 1)
    statement.body = [node]
    return statement


def _globals(scope):
    """The names that a definition takes from its module, or from Python."""
    names = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return names.union(*map(_globals, scope.get_children()))


class _Choice:
    """Says of each definition, when the file comes to it, what pynn has for it: None where the file's own stays.

    Attributes
    ----------
    readers : dict
        What is the reader's, and why: ``{"Relu": "changed", "Embedding": "new"}``.
    """

    def __init__(self, module, book, definitions, names):
        self.module = module
        self.book = book
        self.definitions = definitions
        self.names = names
        self.changed = {name for (name, _), definition in definitions.items() if definition.matches is None}
        self.readers = {}

    def __call__(self, name, line):
        definition = self.definitions[name, line]
        self.readers.pop(name, None)
        if definition.matches is None:
            self.readers[name] = "changed" if definition.known else "new"
            return None
        others = [other for other in sorted(definition.reads - {name}) if not self._is_the_books(other)]
        if others:
            self.readers[name] = f"uses your {others[0]}"
            return None
        found = self._served(name) if definition.matches else None
        if found is None:
            _kept.add((self.module, name))
        return found

    def _served(self, name):
        if name in leave:
            return None
        if name == "load_mnist" and os.path.exists(self.names.get("save_file", "")):
            return None             # the data the reader has made is the data the reader wants
        return pynns(self.book, name)

    def _is_the_books(self, name):
        if name not in self.names:
            return name not in self.changed         # Python's own, or defined further down
        value = self.names[name]
        if isinstance(value, ModuleType):
            return value.__name__ == _MODULES.get(name, name)
        if name in _CONSTANTS:
            return _CONSTANTS[name](value, self.names)
        home = getattr(value, "__module__", None) or ""
        return home.partition(".")[0] in ("pynn", "collections") or (home, name) in _kept


def _beside(names, file=""):
    return os.path.dirname(os.path.abspath(names["__file__"])) + file


# What the book's dataset/mnist.py reads beside its functions: other data, and it is the reader's.
_CONSTANTS = {
    "url_base": lambda value, names: str(value).endswith("/mnist/"),
    "key_file": lambda value, names: value == serve("dataset.mnist", "key_file"),
    "dataset_dir": lambda value, names: value == _beside(names),
    "save_file": lambda value, names: value == _beside(names, "/mnist.pkl"),
    "img_size": lambda value, names: value == 784,
}


def _add_missing(book, names):
    """Add what the book's module has and the reader's file has not, so that a star brings it too."""
    for name in fingerprints(book):
        if name not in names and (found := pynns(book, name)) is not None:
            names[name] = found


def _say(readers, path):
    if readers and not _in_worker:
        entries = [f"{name} ({why})" for name, why in readers.items()]
        if len(entries) > _LONGEST:
            entries[_LONGEST:] = [f"and {len(entries) - _LONGEST} more"]
        print(f"yours: {', '.join(entries)} in {_short(path)}", file=sys.stderr)


def _short(path):
    try:
        return min(path, os.path.relpath(path), key=len)
    except ValueError:          # on another drive
        return path
