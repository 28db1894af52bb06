"""IDX files that are mapped: what `read_idx` and `load_mnist` make of them, read when it is asked for."""

import gzip
import struct

import numpy as np
import pytest

import pynn
from pynn.datasets import DatasetError, load_folder, map_idx, map_images, read_idx


def write(path, array, code=0x08, open_=open):
    with open_(path, "wb") as file:
        file.write(struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes())


@pytest.fixture
def folder(tmp_path, rng):
    for part, n in (("train", 60), ("t10k", 20)):
        write(tmp_path / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (n, 6, 7), dtype=np.uint8))
        write(tmp_path / f"{part}-labels-idx1-ubyte", rng.integers(0, 4, n, dtype=np.uint8))
    return tmp_path


@pytest.mark.parametrize("code, dtype", [(0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")])
def test_mapped_is_what_is_read(code, dtype, tmp_path, rng):
    array = rng.integers(0, 100, (5, 3)).astype(dtype)
    write(tmp_path / "array", array, code)
    mapped = map_idx(tmp_path / "array")
    assert isinstance(mapped.base, np.memmap) and not mapped.flags.writeable and mapped.dtype == dtype
    np.testing.assert_array_equal(mapped, read_idx(tmp_path / "array"))


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("flatten", [True, False])
def test_images_are_those_that_are_loaded(normalize, flatten, folder):
    (want, _), _ = load_folder(folder, normalize=normalize, flatten=flatten)
    x = map_images(folder / "train-images-idx3-ubyte", normalize=normalize, flatten=flatten)
    assert (x.shape, x.ndim, x.dtype, len(x)) == (want.shape, want.ndim, want.dtype, 60)
    rows = np.array([3, 59, 3])
    for got, expected in ((x, want), (x.take(rows, axis=0), want[rows]), (x[rows], want[rows]), (x[7], want[7]),
                          (x[10:50:3][2:], want[10:50:3][2:]), (x[:0], want[:0])):
        np.testing.assert_array_equal(np.asarray(got), expected)
        assert np.asarray(got).dtype == want.dtype
    assert repr(x[5:]) == f"MappedImages({(55, *want.shape[1:])}, {want.dtype})"


@pytest.mark.parametrize("options", [{}, {"validation_split": 0.2}])
def test_a_training_on_mapped_images(options, folder):
    (x, t), (x_test, t_test) = load_folder(folder)
    losses = []
    for images in x, map_images(folder / "train-images-idx3-ubyte"):
        np.random.seed(0)
        trainer = pynn.Trainer(pynn.TwoLayerNet(42, 5, 4), images, t, x_test, t_test, epochs=3, mini_batch_size=10, verbose=False,
                               **options)
        trainer.train()
        losses.append(trainer.train_loss_list + trainer.history["train_acc"])
    assert losses[0] == losses[1]


def test_what_cannot_be_mapped(folder):
    images = folder / "train-images-idx3-ubyte"
    write(folder / "packed", map_idx(images), open_=gzip.open)
    with pytest.raises(DatasetError, match="packed is packed with gzip; only a file that is not can be mapped"):
        map_idx(folder / "packed")
    whole = images.read_bytes()
    for content in whole[:-1], whole + b"x":
        (folder / "damaged").write_bytes(content)
        with pytest.raises(DatasetError, match=r"damaged: an IDX array of shape \(60, 6, 7\) and dtype uint8 takes 2536 bytes, the file"):
            map_idx(folder / "damaged")
    with pytest.raises(DatasetError, match=r"shape \(60,\) and dtype uint8; images are uint8 and \(N, H, W\)"):
        map_images(folder / "train-labels-idx1-ubyte")
    write(folder / "empty", np.empty((0, 6, 7), np.uint8))
    assert len(map_images(folder / "empty")) == 0 and map_idx(folder / "empty").shape == (0, 6, 7)
