"""Handwritten digits and clothes to learn from.

Every loader returns ``(x_train, t_train), (x_test, t_test)`` as the book's
``load_mnist`` does.  `load_digits` needs no download.
"""

from pynn.datasets.digits import load_digits
from pynn.datasets.idx import DatasetError, DatasetWarning, read_idx
from pynn.datasets.mnist import load_fashion_mnist, load_idx_folder, load_mnist

__all__ = ["load_mnist", "load_fashion_mnist", "load_digits", "load_idx_folder",
           "read_idx", "DatasetError", "DatasetWarning"]
