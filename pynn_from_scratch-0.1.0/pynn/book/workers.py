"""Processes that `multiprocessing` starts serve the book's modules as their parent does.

A forked process inherits them. A spawned one runs the main script again first, so pynn must be in place before that.
"""

import multiprocessing
import sys
from multiprocessing import spawn

from pynn.book.finder import BookFinder


def follow():
    """Have every process that this one starts, and theirs, import `pynn.book` first."""
    if hasattr(spawn.get_preparation_data, "pynn"):
        return
    prepared = spawn.get_preparation_data

    def get_preparation_data(name):
        installed = {"pynn": _Installation()} if BookFinder in sys.meta_path else {}
        return installed | prepared(name)

    get_preparation_data.pynn = True
    spawn.get_preparation_data = get_preparation_data
    if "forkserver" in multiprocessing.get_all_start_methods():
        # and not __main__, the default, which the server would run without pynn
        multiprocessing.set_forkserver_preload(["pynn.book"])


class _Installation:
    """Unpickling it, which a worker does before anything else, installs pynn there."""

    def __reduce__(self):
        # code and not a function of pynn's, as a new process need not know yet where pynn is
        return exec, (f"import sys; sys.path[:] = {sys.path!r}; import pynn.book.reader; pynn.book.reader.be_silent()",)
