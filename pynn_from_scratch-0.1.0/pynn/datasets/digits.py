"""The 8x8 digits of scikit-learn: a data set that needs no download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pynn.datasets.form import arrange

if TYPE_CHECKING:
    from pynn._typing import FilePath, Split

SEED = 20160924         # of the split; any number does, so long as it stays
TEST_SHARE = 0.2        # of every class


def load_digits(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False, *, data_home: FilePath | None = None,
                download: bool = True) -> tuple[Split, Split]:
    """Load scikit-learn's digits: 1,438 and 359 images, 8x8, of handwritten digits.

    The test set is a fifth of every class, drawn once and for all: the split
    is the same in every run and leaves NumPy's global generator alone.

    Parameters
    ----------
    normalize : bool
        Pixels as float32 from 0 to 1 instead of uint8 from 0 to 16.
    flatten : bool
        An image as a row of 64 pixels instead of 1x8x8.
    one_hot_label : bool
        A label as a row of 10 numbers, float64, a 1 at the label's place,
        instead of a uint8 from 0 to 9.
    data_home, download : optional
        Not used, as the digits come with scikit-learn; here so that the
        loaders can stand in for each other.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : tuples of ndarray
        Images of shape (N, 64) or (N, 1, 8, 8); labels of shape (N,) or
        (N, 10).

    Raises
    ------
    ImportError
        If scikit-learn is not installed (it is in the extra ``data``).

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits",
    UCI Machine Learning Repository, 1998 (its test set, written by 13 people).
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError("load_digits: the digits come with scikit-learn, which is not "
                          'installed: pip install "pynn-from-scratch[data]"') from error
    digits = datasets.load_digits()
    x, t = digits.images.astype(np.uint8), digits.target.astype(np.uint8)

    # RandomState, as its stream is frozen: the split outlives NumPy's releases.
    rng = np.random.RandomState(SEED)
    test = np.zeros(t.size, dtype=bool)
    for digit in range(10):
        members = rng.permutation(np.flatnonzero(t == digit))
        test[members[:round(TEST_SHARE * members.size)]] = True
    return arrange([x[~test][:, None], t[~test], x[test][:, None], t[test]], 16, 10,
                   normalize, flatten, one_hot_label)
