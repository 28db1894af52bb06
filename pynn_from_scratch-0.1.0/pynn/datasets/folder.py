"""Data sets in folders and archives, recognised by their names and by what is in the files."""

import re
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pynn.datasets.form import as_images, as_labels, transpose_images
from pynn.datasets.idx import DTYPES, read_idx, read_idx_shape
from pynn.datasets.npz import npz_names, read_npz
from pynn.datasets.stream import DatasetError, open_file

# Training images and labels, test images and labels: what they are called here, and in MNIST.
PARTS = ("train images", "train labels", "test images", "test labels")
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
VALIDATION = ("val images", "val labels")

_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test", "t10k": "test",
           "val": "val", "valid": "val", "validation": "val"}
_KINDS = {"images": "images", "image": "images", "imgs": "images", "img": "images", "x": "images",
          "labels": "labels", "label": "labels", "y": "labels", "t": "labels"}
_BOOKS_KEYS = ("train_img", "train_label", "test_img", "test_label")    # in the order of PARTS
_FOLDERS = ("raw", "gzip")      # of torchvision, and of EMNIST's archive
_MOST_FILES = 1000              # looked at in a folder
_MOST_NAMED = 8                 # in an error


class Part(NamedTuple):
    """One array of a data set: a file, or a member of an archive."""
    path: Path
    set: str                    # what the data set is called; "" under MNIST's own names
    key: str | None = None      # of the member

    def __str__(self):
        return str(self.path) if self.key is None else f"{self.path}: {self.key}"


class Found:
    """What a folder, or a single file, holds.

    Attributes
    ----------
    sets : dict
        {name of the data set: {one of `PARTS` or `VALIDATION`: Part}}
    others : list of str
        Files that are of no data set, in words.
    """

    def __init__(self, folder):
        self.sets, self.others = {}, []
        nameless, damaged = [], []
        for path, outer in _files(Path(folder)):
            form, role = _form(path), _role(path.name) or _role(outer)
            if form == "zip":
                self._add_archive(path, role)
            elif form == "pickle" and path.name == "mnist.pkl":
                for name, key in zip(PARTS, _BOOKS_KEYS):
                    self._add("mnist", name, path, key)
            elif form == "idx":
                self._add(*role, path) if role else nameless.append(path)
            elif role and "idx" in path.name:
                damaged.append((*role, path))
            elif path.name[0] != ".":
                self.others.append(path.name)
        for place in damaged:
            self._add(*place)
        if not _by_content(nameless, self.sets):
            self.others += [path.name for path in nameless]

    def _add(self, set_, name, path, key=None):
        self.sets.setdefault(set_, {}).setdefault(name, Part(path, set_, key))

    def _add_archive(self, path, role):
        try:
            keys = npz_names(path)
        except DatasetError:
            self.others.append(f"{path.name} (a damaged archive)")
            return
        if role and len(keys) == 1:
            self._add(*role, path, keys[0])
            return
        roles = {key: _role(key) for key in keys}
        for key in filter(roles.get, keys):
            self._add(path.stem.lower(), roles[key][1], path, key)
        if not any(roles.values()):
            held = f"the arrays {', '.join(keys[:_MOST_NAMED])}" if keys else "no arrays; unpack it"
            self.others.append(f"{path.name} (holds {held})")

    def in_words(self):
        """What there is, for an error."""
        sets = [describe(name, parts) for name, parts in self.sets.items()]
        listed = sorted(sets) + sorted(self.others)
        more = ["..."] if len(listed) > _MOST_NAMED else []
        return ", ".join(listed[:_MOST_NAMED] + more) or "nothing"


def describe(name, parts):
    """A data set in words: where it is, if only a part of it."""
    files = ", ".join(sorted({part.path.name for part in parts.values()}))
    return name if name and is_complete(parts) else files


def is_complete(parts):
    return all(name in parts for name in PARTS)


def check_complete(folder, set_, parts):
    """Raise DatasetError unless `parts` has training and test images and labels."""
    if is_complete(parts):
        return
    published = dict(zip(PARTS, NAMES)) if not set_ else {}
    missing = [published.get(name, name) for name in PARTS if name not in parts]
    there = [part.key or part.path.name for part in parts.values()]
    raise DatasetError(f"{folder} holds only a part of a data set: {', '.join(missing)} "
                       f"{'(or the same with .gz) ' if published else ''}missing beside "
                       f"{', '.join(there)}; add what is missing")


def read_parts(parts):
    """The arrays of the parts, images and labels in turn: (N, C, H, W) and (N,)."""
    pickles, arrays = {}, []
    for i, part in enumerate(parts):
        array = _read_pickled(part, pickles) if part.path.suffix == ".pkl" else _read(part)
        arrays.append(as_labels(array, part) if i % 2 else as_images(array, part))
    return arrays


def _read(part):
    if part.key is not None:
        return read_npz(part.path, part.key)
    array = read_idx(part.path)
    if part.set.startswith("emnist") and array.ndim == 3:
        return transpose_images(array, (1, 0))      # it is published on its side
    if array.ndim == 2 and array.dtype == np.int32:
        return array[:, 0].copy()                   # extended labels: the class, then who wrote it
    return array


def _read_pickled(part, opened):
    """An array of the book's mnist.pkl; `opened` keeps the others for the next call."""
    from pynn.io import pickles

    try:
        if part.path not in opened:
            opened[part.path] = pickles.read(part.path.read_bytes())
    except pickles.UnsafePickleError as error:
        raise DatasetError(f"{part.path}: {error}") from error
    if part.key not in opened[part.path]:
        raise DatasetError(f"{part.path}: holds {', '.join(opened[part.path]) or 'nothing'}; "
                           f"the book's mnist.pkl holds {', '.join(_BOOKS_KEYS)}")
    return opened[part.path][part.key]


def _files(folder):
    """The files of a folder with the names of the folders in it that they are in, if any.

    Unpacked files come before packed ones, and short names before long: of two
    files for the same thing the first is taken.
    """
    if folder.is_file():
        return [(folder, "")]
    if not folder.is_dir():
        return []
    files = []
    for path in islice(folder.iterdir(), _MOST_FILES):
        if path.is_file():
            files.append((path, ""))
        elif path.is_dir() and (_role(path.name) or path.name in _FOLDERS):
            files += [(inner, path.name) for inner in islice(path.iterdir(), _MOST_FILES) if inner.is_file()]
    return sorted(files, key=lambda file: (file[0].suffix == ".gz", file[1] != "", len(file[0].name), file))


def _form(path):
    """What the first bytes of a file make it: idx, zip, pickle or None."""
    try:
        with open(path, "rb") as file:
            head = open_file(file, path).read(4)
    except (OSError, DatasetError):
        return None
    if len(head) == 4 and head[:2] == b"\0\0" and head[2] in DTYPES:
        return "idx"
    return {b"PK": "zip", b"\x80\2": "pickle", b"\x80\3": "pickle", b"\x80\4": "pickle",
            b"\x80\5": "pickle"}.get(head[:2])


def _role(name):
    """The data set and the part of it that a file or an array is by its name, or None.

    ``emnist-letters-test-images-idx3-ubyte.gz`` is ("emnist-letters", "test
    images"), and ``x_train`` is ("", "train images").
    """
    words = re.split("[^a-z0-9]+", name.lower())
    for i, word in enumerate(words):
        for j in (i + 1, i - 1):
            if word in _SPLITS and 0 <= j < len(words) and words[j] in _KINDS:
                return "-".join(words[:min(i, j)]), f"{_SPLITS[word]} {_KINDS[words[j]]}"
    return None


def _by_content(paths, sets):
    """Take four IDX files of any names for a data set, the larger pair for training; whether they are."""
    if "" in sets or len(paths) != 4:
        return False
    try:
        shapes = {path: read_idx_shape(path) for path in paths}
    except DatasetError:
        return False
    images = sorted((path for path in paths if len(shapes[path]) > 2), key=lambda path: -shapes[path][0])
    labels = sorted((path for path in paths if len(shapes[path]) < 3), key=lambda path: -shapes[path][0])
    counts = [shapes[path][:1] for path in images]
    if len(images) != 2 or counts[0] == counts[1] or counts != [shapes[path][:1] for path in labels]:
        return False
    four = (images[0], labels[0], images[1], labels[1])
    sets[""] = {name: Part(path, "") for name, path in zip(PARTS, four)}
    return True
