"""Let the book's scripts find pynn: ``import pynn.book``, and ``common.*`` and ``dataset.mnist`` are pynn.

In a notebook, import it before the book's modules; ``python -m pynn run SCRIPT.py`` does it for a script.

What is served is the book's code and never the reader's. Where the reader has a file of the book's, such as
``common/layers.py``, every definition in it that is the book's own is pynn's; a definition that was changed or
added stays as the reader wrote it and works together with pynn's, and a line on standard error says so. Where
there is no such file everything comes from pynn. Processes that `multiprocessing` starts do the same.
"""

from pynn.book.finder import install as _install
from pynn.book.workers import follow as _follow


def install():
    """Put pynn in the place of the book's modules, here and in worker processes; importing `pynn.book` has done it."""
    _install()
    _follow()


install()
