"""From the arrays of data files, in all their layouts, to what a loader returns."""

import math

import numpy as np

from pynn.datasets.stream import DatasetError

CHANNELS = (1, 3, 4)        # grey, colour, colour and opacity
MAX_CLASSES = 1 << 16       # of labels as rows of numbers

_AT_ONCE = 1024             # images put into order


def transpose_images(images, axes):
    """Exchange the axes of every image, in place: the array `images` in its new shape.

    `axes` are those of an image, from 0.
    """
    n, *shape = images.shape
    rows = images.reshape(n, -1)
    order = (0, *(axis + 1 for axis in axes))
    for start in range(0, n, _AT_ONCE):
        part = images[start:start + _AT_ONCE].transpose(order)
        rows[start:start + _AT_ONCE] = part.reshape(len(part), -1).copy()
    return rows.reshape(n, *(shape[axis] for axis in axes))


def as_images(array, name):
    """Images of any layout as (N, C, H, W); DatasetError mentions `name`.

    ============================  ==========================================
    layout                        read as
    ============================  ==========================================
    (N, H, W)                     grey
    (N, H, W, C)                  C of `CHANNELS`; brought to (N, C, H, W)
    (N, C, H, W)                  as it is
    (N, D)                        grey and square: D must be a square number
    ============================  ==========================================
    """
    side = math.isqrt(array.shape[1]) if array.ndim == 2 else 0
    if array.dtype == np.uint8:
        if side and side * side == array.shape[1]:
            return array.reshape(-1, 1, side, side)
        if array.ndim == 3:
            return array[:, None]
        if array.ndim == 4 and array.shape[3] in CHANNELS:
            return transpose_images(array, (2, 0, 1))
        if array.ndim == 4 and array.shape[1] in CHANNELS:
            return array
    raise DatasetError(
        f"{name}: images of shape {array.shape} and dtype {array.dtype}; they must be uint8 and "
        "(N, H, W), (N, H, W, C) or (N, C, H, W) with 1, 3 or 4 channels C, or (N, H * H)")


def as_labels(array, name):
    """Labels of shape (N,) or (N, 1) as (N,); DatasetError mentions `name`."""
    if array.ndim >= 1 and array.size == len(array) and array.dtype.kind in "iu":
        return array.reshape(-1)
    raise DatasetError(f"{name}: labels of shape {array.shape} and dtype {array.dtype}; "
                       "they must be (N,) or (N, 1) and integers")


def check_pair(images, labels, names, image_shape, classes=None):
    """Raise DatasetError unless images (N, C, H, W) and labels (N,) belong together.

    `names` are the two for errors, `image_shape` is the (C, H, W) that is due.
    """
    if images.shape[1:] != image_shape:
        due = image_shape[1:] if image_shape[0] == 1 else image_shape
        is_ = images.shape[:1] + images.shape[2:] if images.shape[1] == 1 else images.shape
        raise DatasetError(f"{names[0]}: images of shape {is_}; "
                           f"they must be (N, {', '.join(map(str, due))})")
    if len(images) != len(labels):
        raise DatasetError(f"{names[0]} has {len(images)} images but {names[1]} has "
                           f"{len(labels)} labels; they are not of one data set")
    wrong = labels < 0 if classes is None else (labels < 0) | (labels >= classes)
    if wrong.any():
        limit = "at least 0" if classes is None else f"from 0 to {classes - 1}"
        raise DatasetError(f"{names[1]}: label {labels[wrong][0]} at index "
                           f"{wrong.argmax()}; labels must be {limit}")


def count_classes(labels, names):
    """How many classes the arrays of labels speak of: the largest, and 0."""
    largest = [int(part.max(initial=0)) for part in labels]
    classes = 1 + max(largest)
    if classes > MAX_CLASSES:
        raise DatasetError(f"{names[largest.index(classes - 1)]}: a label is {classes - 1}; "
                           f"labels must be below {MAX_CLASSES}")
    return classes


def arrange(arrays, white, classes, normalize, flatten, one_hot_label):
    """Training and test data in the form that the loader's arguments ask for.

    `arrays` is a list of images (N, C, H, W), labels (N,), images, labels and
    so on, which is emptied on the way so that nothing is held twice; `white`
    is the largest value of a pixel.
    """
    pairs = []
    while arrays:
        x, t = arrays.pop(0), arrays.pop(0)
        pairs.append((_images(x, white, normalize, flatten), _labels(t, classes, one_hot_label)))
        del x
    return tuple(pairs)


def _images(x, white, normalize, flatten):
    if flatten:
        x = x.reshape(len(x), math.prod(x.shape[1:]))
    if normalize:
        return np.divide(x, np.float32(white), dtype=np.float32)
    return np.require(x, requirements="CW")


def _labels(t, classes, one_hot_label):
    if not one_hot_label:
        return np.require(t, requirements="CW")
    one_hot = np.zeros((t.size, classes))
    one_hot[np.arange(t.size), t] = 1
    return one_hot
