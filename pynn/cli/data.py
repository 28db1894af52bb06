"""The data that ``pynn train`` takes by name, by folder, or as a table."""

from pathlib import Path

import numpy as np

CLASSES = 20        # whole numbers with at most so many values are labels


def load(name, flatten):
    """Training and test data: a data set by its name, a folder of data files, or a table in a ``.csv``."""
    import pynn.datasets as datasets
    loaders = {"digits": datasets.load_digits, "mnist": datasets.load_mnist, "fashion-mnist": datasets.load_fashion_mnist}
    if name in loaders:
        return loaders[name](flatten=flatten)
    path = Path(name)
    if path.suffix.lower() == ".csv" and path.is_file():
        return _table(path)
    if not path.is_dir():
        raise FileNotFoundError(f"--data {name}: no such folder, and no data set of that name; "
                                f"the names are {', '.join(loaders)}")
    return datasets.load_idx_folder(path, flatten=flatten)


def _table(path):
    """Rows of numbers, what is to be learned in the last column; a fifth of them, drawn at random, to test on.

    Columns get mean 0 and standard deviation 1, as measured on the training rows.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            first = file.readline()
        if not first:
            raise ValueError("it is empty")
        delimiter = max(",;\t", key=first.count)
        table = np.loadtxt(path, delimiter=delimiter, encoding="utf-8-sig", ndmin=2, skiprows=int(_is_heading(first, delimiter)))
    except ValueError as error:
        raise ValueError(f"--data {path}: a table has numbers in every row but the first, and as many in each ({error})") from error
    if table.shape[0] < 10 or table.shape[1] < 2:
        raise ValueError(f"--data {path}: a table of shape {table.shape}; it must have at least ten rows and two columns")
    if not np.isfinite(table).all():
        raise ValueError(f"--data {path}: row {np.argmin(np.isfinite(table).all(axis=1)) + 1} has a number that is not finite")
    order = np.random.permutation(len(table))
    test, train = np.split(table[order], [len(table) // 5])
    mean, std = train[:, :-1].mean(axis=0), train[:, :-1].std(axis=0)
    std[std == 0] = 1
    return tuple(((part[:, :-1] - mean) / std, _targets(part[:, -1], table[:, -1])) for part in (train, test))


def _is_heading(line, delimiter):
    try:
        [float(word) for word in line.split(delimiter)]
    except ValueError:
        return True
    return False


def _targets(column, whole):
    """Labels where the whole column looks like labels, else numbers to estimate."""
    values = np.unique(whole)
    if len(values) <= CLASSES and (values == np.arange(len(values))).all():
        return column.astype(np.int64)
    return column
