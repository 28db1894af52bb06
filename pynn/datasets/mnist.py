"""MNIST and data sets like it (the book's ``dataset/mnist.py``)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pynn.datasets.fetch import FASHION_MNIST, MNIST, Comparison, locate
from pynn.datasets.folder import (NAMES, PARTS, VALIDATION, Found, check_complete, is_complete,
                                  read_parts)
from pynn.datasets.form import arrange, check_pair, count_classes
from pynn.datasets.stream import DatasetError
from pynn.io.files import path_of

if TYPE_CHECKING:
    from pynn._typing import FilePath, Split


def load_mnist(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False, *, data_home: FilePath | None = None,
               download: bool = True) -> tuple[Split, Split]:
    """Load MNIST: 60,000 and 10,000 images, 28x28, of handwritten digits.

    The four IDX files (packed with gzip or not), Keras' ``mnist.npz`` or the
    book's ``mnist.pkl`` are sought in `data_home`, in the folder that the
    environment variable ``PYNN_DATA_HOME`` names, in the book's folder
    ``dataset/`` beside the script or one folder up, and in the cache folder;
    if they are nowhere, they are downloaded into the cache (needs the extra
    ``data``).

    Parameters
    ----------
    normalize : bool
        Pixels as float32 from 0 to 1 instead of uint8 from 0 to 255.
    flatten : bool
        An image as a row of 784 pixels instead of 1x28x28.
    one_hot_label : bool
        A label as a row of 10 numbers, float64, a 1 at the label's place,
        instead of a uint8 from 0 to 9.
    data_home : str or path-like, optional
        A folder that holds ``mnist/`` or torchvision's ``MNIST/``, or the
        files themselves; or the path of the archive.
    download : bool
        False never asks the network: files that are nowhere are an error.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : tuples of ndarray
        Images of shape (N, 784) or (N, 1, 28, 28); labels of shape (N,) or
        (N, 10).

    Raises
    ------
    DatasetError
        If files are damaged, do not belong together, or cannot be had.

    Warns
    -----
    DatasetWarning
        If local files differ from the published ones, or `data_home` does
        not hold the data set and another place does.

    References
    ----------
    Section 3.6.1 of the book.
    """
    return _load(MNIST, data_home, download, normalize, flatten, one_hot_label)


def load_fashion_mnist(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False, *, data_home: FilePath | None = None,
                       download: bool = True) -> tuple[Split, Split]:
    """Load Fashion-MNIST: images of clothes in the form of MNIST.

    Parameters, results and errors are those of `load_mnist`; the files are
    sought in ``fashion-mnist/``, and Debian's package
    ``dataset-fashion-mnist`` is found as well.  The labels 0 to 9 are
    T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag,
    ankle boot.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", arXiv:1708.07747.
    """
    return _load(FASHION_MNIST, data_home, download, normalize, flatten, one_hot_label)


def _load(source, data_home, download, normalize, flatten, one_hot_label):
    parts = locate(source, data_home, download, stacklevel=4)
    arrays = read_parts(parts)
    for i in (0, 2):
        check_pair(*arrays[i:i + 2], parts[i:i + 2], (1, 28, 28), 10)
    comparison = Comparison(source, arrays, parts)
    comparison.start()
    result = arrange(arrays, 255, 10, normalize, flatten, one_hot_label)
    comparison.tell(stacklevel=4)
    return result


def load_folder(folder: FilePath, normalize: bool = True, flatten: bool = True, one_hot_label: bool = False, *,
                name: str | None = None, validation: bool = False) -> tuple[Split, ...]:
    """Load a data set from a folder of files, or from one archive.

    Read are IDX files under the names of MNIST, EMNIST, KMNIST, QMNIST and
    others like them, packed with gzip or not, and ``.npz`` archives as of
    Keras, MedMNIST and Kuzushiji-49; docs/data.md lists them all.  Images may be
    of any one size, grey or in colour; labels may be any integers from 0, and
    the largest decides how many classes there are.  EMNIST's images, which
    are published on their side, are put upright.

    Parameters
    ----------
    folder : str or path-like
        The folder, or the archive itself.
    normalize, flatten, one_hot_label : bool
        As for `load_mnist`.  Images in colour are rows of C x H x W pixels,
        or (N, C, H, W).
    name : str, optional
        Which data set, where the folder holds several: what the files' names
        have in common, such as ``"emnist-letters"``, or the archive's name.
    validation : bool
        Return a third pair, the validation set (MedMNIST has one).

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : tuples of ndarray
        As of `load_mnist`.  Labels are as published: EMNIST's letters count
        from 1, and have 27 columns as `one_hot_label`, of which the first is
        never used.

    Raises
    ------
    DatasetError
        If files are missing, damaged, or do not belong together.
    """
    folder = Path(path_of(folder, "load_folder")).expanduser()
    parts = _choose(folder, name)
    wanted = PARTS + VALIDATION if validation else PARTS
    if any(part not in parts for part in wanted):
        raise DatasetError(f"{folder}: there is no validation set beside training and test set")
    parts = [parts[part] for part in wanted]
    arrays = read_parts(parts)
    for i in range(0, len(arrays), 2):
        check_pair(arrays[i], arrays[i + 1], parts[i:i + 2], arrays[0].shape[1:])
    classes = count_classes(arrays[1::2], parts[1::2])
    return arrange(arrays, 255, classes, normalize, flatten, one_hot_label)


load_idx_folder = load_folder


def _choose(folder, name):
    """The parts of the data set `name` in a folder, or of the only one there."""
    found = Found(folder)
    sets = found.sets
    if not sets:
        raise DatasetError(f"{folder} holds none of {', '.join(NAMES)} (or the same with .gz), and no "
                           f"archive or files of another data set; there is {found.in_words()}")
    complete = [set_ for set_, parts in sets.items() if is_complete(parts)]
    if name is None and len(complete) > 1 and "" not in complete:
        raise DatasetError(f"{folder} holds the data sets {', '.join(sorted(complete))}; "
                           f"choose one, as in name={min(complete)!r}")
    if name is None:
        name = next(iter(sorted(complete) or sorted(sets)))
    if name not in sets:
        raise DatasetError(f"{folder} holds no data set {name!r}; there is {found.in_words()}")
    check_complete(folder, name, sets[name])
    return sets[name]
