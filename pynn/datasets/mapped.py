"""IDX files that stay on the disk: only the rows that are asked for are read.

Several processes that map the same file share its pages, and each reads its share of every batch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.datasets.idx import read_idx_header
from pynn.datasets.stream import DatasetError
from pynn.io.files import path_of

if TYPE_CHECKING:
    from pynn._typing import Array, DTypeLike, FilePath, Shape


def map_idx(path: FilePath) -> Array:
    """Map an IDX file that is not packed.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    ndarray
        Read-only, in the byte order of the file: big-endian where an element has several bytes.

    Raises
    ------
    DatasetError
        If the file is packed, truncated, damaged or not IDX.
    OSError
        If it cannot be read.

    Notes
    -----
    A file that is cut short while it is mapped ends the process that reads it, as with `numpy.memmap`; rename another one to its place.
    """
    path = path_of(path, "map_idx")
    shape, dtype, start, stream = read_idx_header(path)
    if stream.packed:
        raise DatasetError(f"{path} is packed with gzip; only a file that is not can be mapped: gunzip it, or use read_idx")
    due = start + math.prod(shape) * dtype.itemsize
    if stream.capacity != due:
        raise DatasetError(f"{path}: an IDX array of shape {shape} and dtype {dtype.name} takes {due} bytes, the file has "
                           f"{stream.capacity}; delete it and get it again")
    if due == start:
        return np.empty(shape, dtype)
    return np.asarray(np.memmap(path, dtype, "r", start, shape))


def map_images(path: FilePath, normalize: bool = True, flatten: bool = True) -> MappedImages:
    """Map the images of an IDX file, as samples for a `Trainer`.

    Parameters
    ----------
    path : str or path-like
        A file of uint8 images (N, H, W) that is not packed.
    normalize, flatten : bool
        As of `load_mnist`.

    Returns
    -------
    MappedImages

    Raises
    ------
    DatasetError, OSError
        As `map_idx`; or if the file holds no grey images.

    Examples
    --------
    >>> x = map_images("mnist/train-images-idx3-ubyte")             # doctest: +SKIP
    >>> t = read_idx("mnist/train-labels-idx1-ubyte")               # doctest: +SKIP
    >>> pynn.Trainer(network, x, t, comm=MPI.COMM_WORLD)            # doctest: +SKIP
    """
    pixels = map_idx(path)
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise DatasetError(f"{path} holds an array of shape {pixels.shape} and dtype {pixels.dtype}; images are uint8 and (N, H, W)")
    shape = (math.prod(pixels.shape[1:]),) if flatten else (1, *pixels.shape[1:])
    return MappedImages(pixels, shape, normalize)


class MappedImages:
    """Images in a file, in the form of `load_mnist` once they are read.

    A slice is mapped too; rows by their numbers, and the whole by `numpy.asarray`, are arrays.

    Attributes
    ----------
    shape : tuple of int
    ndim : int
    dtype : dtype
        float32, or uint8 without `normalize`.
    """

    rows_on_demand = True       # so that a Trainer leaves them where they are

    def __init__(self, pixels: Array, sample_shape: Shape, normalize: bool) -> None:
        self._pixels = pixels
        self._sample_shape = sample_shape
        self._normalize = normalize
        self.shape = (len(pixels), *sample_shape)
        self.ndim = len(self.shape)
        self.dtype = np.dtype(np.float32 if normalize else np.uint8)

    def take(self, rows: Any, axis: int = 0) -> Array:
        """Read the images of these numbers; `axis` is 0."""
        return self._form(self._pixels.take(rows, axis=0))

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice):
            return MappedImages(self._pixels[rows], self._sample_shape, self._normalize)
        return self._form(self._pixels[rows])

    def __len__(self) -> int:
        return len(self._pixels)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return self._form(self._pixels).astype(dtype or self.dtype, copy=False)

    def _form(self, pixels):
        images = pixels.reshape(len(pixels), *self._sample_shape) if pixels.ndim == 3 else pixels.reshape(self._sample_shape)
        return np.divide(images, np.float32(255), dtype=np.float32) if self._normalize else images

    def __repr__(self) -> str:
        return f"MappedImages({self.shape}, {self.dtype})"
