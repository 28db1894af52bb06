"""MNIST and data sets of the same form (the book's ``dataset/mnist.py``)."""

from pathlib import Path

import numpy as np

from pynn.datasets.fetch import FASHION_MNIST, MNIST, NAMES, complete, find_files, read_source
from pynn.datasets.idx import DatasetError, read_idx


def load_mnist(normalize=True, flatten=True, one_hot_label=False, *, data_home=None, download=True):
    """Load MNIST: 60,000 and 10,000 images, 28x28, of handwritten digits.

    The four IDX files (packed with gzip or not) are sought in `data_home`,
    in the folder that the environment variable ``PYNN_DATA_HOME`` names, and
    in the cache folder; if they are nowhere, they are downloaded into the
    cache (needs the extra ``data``).

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
        A folder that holds ``mnist/``, or the four files themselves.
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


def load_fashion_mnist(normalize=True, flatten=True, one_hot_label=False, *, data_home=None, download=True):
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


def load_idx_folder(folder, normalize=True, flatten=True, one_hot_label=False):
    """Load a data set of MNIST's form from a folder of four IDX files.

    The files have MNIST's names, ``train-images-idx3-ubyte`` and so on,
    packed with gzip or not.  Images may be of any one size; labels may be
    any integers from 0, and the largest decides how many classes there are.

    Parameters and results are those of `load_mnist`.

    Raises
    ------
    DatasetError
        If files are missing, damaged, or do not belong together.
    """
    folder = Path(folder).expanduser()
    found = find_files(folder)
    if not complete(folder, found):
        raise DatasetError(f"{folder} holds none of {', '.join(NAMES)} (or the same with .gz)")
    paths = [found[name] for name in NAMES]
    arrays = [read_idx(path) for path in paths]
    _check(arrays, paths)
    classes = 1 + max(int(labels.max(initial=0)) for labels in arrays[1::2])
    return arrange(arrays, 255, classes, normalize, flatten, one_hot_label)


def _load(source, data_home, download, normalize, flatten, one_hot_label):
    arrays, paths = read_source(source, data_home, download)
    _check(arrays, paths, (28, 28), 10)
    return arrange(arrays, 255, 10, normalize, flatten, one_hot_label)


def _check(arrays, paths, image_shape=None, classes=None):
    """Raise DatasetError unless images and labels are sound and belong together."""
    image_shape = image_shape or arrays[0].shape[1:]
    for i in (0, 2):
        images, labels = arrays[i:i + 2]
        if images.ndim != 3 or images.dtype != np.uint8 or images.shape[1:] != image_shape:
            raise DatasetError(
                f"{paths[i]}: images of shape {images.shape} and dtype {images.dtype}; they must "
                f"be (N, {', '.join(map(str, image_shape))}) and uint8")
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise DatasetError(f"{paths[i + 1]}: labels of shape {labels.shape} and dtype "
                               f"{labels.dtype}; they must be (N,) and integers")
        if len(images) != len(labels):
            raise DatasetError(f"{paths[i]} has {len(images)} images but {paths[i + 1]} has "
                               f"{len(labels)} labels; they are not of one data set")
        wrong = labels < 0 if classes is None else (labels < 0) | (labels >= classes)
        if wrong.any():
            limit = "at least 0" if classes is None else f"from 0 to {classes - 1}"
            raise DatasetError(f"{paths[i + 1]}: label {labels[wrong][0]} at index "
                               f"{wrong.argmax()}; labels must be {limit}")


def arrange(arrays, white, classes, normalize, flatten, one_hot_label):
    """Training and test data in the form that the loader's arguments ask for.

    `arrays` are images (N, H, W), labels (N,), and the same for the test;
    `white` is the largest value of a pixel.
    """
    x_train, t_train, x_test, t_test = arrays
    return ((_images(x_train, white, normalize, flatten), _labels(t_train, classes, one_hot_label)),
            (_images(x_test, white, normalize, flatten), _labels(t_test, classes, one_hot_label)))


def _images(x, white, normalize, flatten):
    n, height, width = x.shape
    x = x.reshape((n, height * width) if flatten else (n, 1, height, width))
    if normalize:
        x = x.astype(np.float32)
        x /= white
    return x


def _labels(t, classes, one_hot_label):
    if not one_hot_label:
        return t
    one_hot = np.zeros((t.size, classes))
    one_hot[np.arange(t.size), t] = 1
    return one_hot
