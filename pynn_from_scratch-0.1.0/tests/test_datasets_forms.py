"""Data sets by their published names and layouts, and files that promise more than they hold."""

import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pynn.datasets import DatasetError, DatasetWarning, load_folder, load_idx_folder, load_mnist, read_idx
from pynn.datasets.idx import parse_idx
from test_datasets import NAMES, alone, assert_loaded, idx_bytes, small_set, write_set  # noqa: F401

ROOT = Path(__file__).parents[1]


def write(folder, files, pack=gzip.compress):
    """IDX files {name: array} in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pack(idx_bytes(array)))
    return folder


def emnist(name, arrays, end=".gz"):
    return {f"emnist-{name}-{part}{end}": array for part, array in zip(
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
         "test-images-idx3-ubyte", "test-labels-idx1-ubyte"), arrays)}


# ---- EMNIST ----------------------------------------------------------------

@pytest.mark.parametrize("name", ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"])
@pytest.mark.parametrize("end, pack", [("", bytes), (".gz", gzip.compress)])
def test_emnist_is_put_upright(tmp_path, name, end, pack):
    arrays = small_set()
    write(tmp_path, emnist(name, arrays, end), pack)
    upright = [arrays[0].transpose(0, 2, 1), arrays[1], arrays[2].transpose(0, 2, 1), arrays[3]]
    assert_loaded(load_folder(tmp_path), upright)
    (x, _), _ = load_folder(tmp_path, normalize=False, flatten=False)
    np.testing.assert_array_equal(x[:, 0], upright[0])
    assert x.flags.c_contiguous and x.flags.writeable


def test_the_labels_of_letters_count_from_1(tmp_path):
    images = np.zeros((52, 28, 28), np.uint8)
    labels = np.tile(np.arange(1, 27, dtype=np.uint8), 2)
    write(tmp_path, emnist("letters", [images, labels, images, labels]))
    (_, t), _ = load_folder(tmp_path)
    np.testing.assert_array_equal(t, labels, strict=True)
    (_, t), _ = load_folder(tmp_path, one_hot_label=True)
    assert t.shape == (52, 27) and not t[:, 0].any()
    np.testing.assert_array_equal(t.argmax(axis=1), labels)


def test_the_whole_of_emnist_in_one_folder(tmp_path):
    """As its archive unpacks it: all six below gzip/."""
    sets = {name: small_set(seed) for seed, name in enumerate(["digits", "letters"])}
    for name, arrays in sets.items():
        write(tmp_path / "gzip", emnist(name, arrays))
    with pytest.raises(DatasetError, match="emnist-digits, emnist-letters; choose one, as in "
                                           "name='emnist-digits'"):
        load_folder(tmp_path)
    (x, _), _ = load_folder(tmp_path, normalize=False, flatten=False, name="emnist-letters")
    np.testing.assert_array_equal(x[:, 0], sets["letters"][0].transpose(0, 2, 1))
    with pytest.raises(DatasetError, match="no data set 'letters'; there is emnist-digits, emnist-letters"):
        load_folder(tmp_path, name="letters")


# ---- archives --------------------------------------------------------------

KERAS = ("x_train", "y_train", "x_test", "y_test")
MEDMNIST = ("train_images", "train_labels", "test_images", "test_labels")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("keys", [KERAS, MEDMNIST])
def test_archives_by_their_names(tmp_path, save, keys):
    arrays = small_set()
    save(tmp_path / "some.npz", **dict(zip(keys, arrays)))
    assert_loaded(load_folder(tmp_path), arrays)
    assert_loaded(load_folder(str(tmp_path / "some.npz")), arrays)
    (x, t), _ = load_folder(tmp_path, normalize=False)
    assert x.flags.writeable and t.flags.writeable


def test_medmnist(tmp_path):
    """Labels (N, 1), images in colour, and a validation set."""
    rng = np.random.default_rng(0)
    parts = {}
    for i, (split, n) in enumerate([("train", 12), ("val", 5), ("test", 7)]):
        parts[f"{split}_images"] = rng.integers(0, 256, (n, 28, 28, 3), dtype=np.uint8)
        parts[f"{split}_labels"] = (np.arange(n, dtype=np.uint8) % 8)[:, None]
    np.savez_compressed(tmp_path / "bloodmnist.npz", **parts)
    (x, t), (x_test, t_test), (x_val, t_val) = load_folder(
        tmp_path, normalize=False, flatten=False, validation=True)
    for images, labels, split in ((x, t, "train"), (x_test, t_test, "test"), (x_val, t_val, "val")):
        np.testing.assert_array_equal(images, parts[f"{split}_images"].transpose(0, 3, 1, 2))
        np.testing.assert_array_equal(labels, parts[f"{split}_labels"][:, 0])
        assert images.flags.c_contiguous
    assert len(load_folder(tmp_path)) == 2
    assert load_folder(tmp_path)[0][0].shape == (12, 3 * 28 * 28)


def test_no_validation_set(tmp_path):
    write_set(tmp_path, small_set())
    with pytest.raises(DatasetError, match="no validation set"):
        load_folder(tmp_path, validation=True)


def test_several_labels_for_an_image_are_refused(tmp_path):
    arrays = small_set()
    arrays[1] = np.zeros((30, 14), np.uint8)
    np.savez(tmp_path / "chestmnist.npz", **dict(zip(MEDMNIST, arrays)))
    with pytest.raises(DatasetError, match=r"chestmnist.npz: train_labels: labels of shape \(30, 14\)"):
        load_folder(tmp_path)


def test_solids_are_refused(tmp_path):
    solid = np.zeros((4, 28, 28, 28), np.uint8)
    np.savez(tmp_path / "organmnist3d.npz", **dict(zip(MEDMNIST, [solid, np.zeros((4, 1), int)] * 2)))
    with pytest.raises(DatasetError, match=r"images of shape \(4, 28, 28, 28\)"):
        load_folder(tmp_path)


@pytest.mark.parametrize("name", ["kmnist", "k49"])
def test_kuzushiji_archives(tmp_path, name):
    """Four archives of one array each."""
    arrays = small_set()
    for part, array in zip(("train-imgs", "train-labels", "test-imgs", "test-labels"), arrays):
        np.savez_compressed(tmp_path / f"{name}-{part}.npz", array)
    assert_loaded(load_folder(tmp_path), arrays)


@pytest.mark.parametrize("below", ["", "mnist"])
@pytest.mark.parametrize("end", ["mnist.npz", ""])
def test_load_mnist_reads_the_archive_of_keras(tmp_path, below, end):
    arrays = small_set()
    (tmp_path / below).mkdir(exist_ok=True)
    np.savez(tmp_path / below / "mnist.npz", **dict(zip(KERAS, arrays)))
    home = tmp_path / below / end if end else tmp_path
    with pytest.warns(DatasetWarning, match="not the published MNIST.*mnist.npz: x_train"):
        assert_loaded(load_mnist(data_home=home, download=False), arrays)


def test_load_mnist_says_what_it_found(tmp_path):
    write(tmp_path, emnist("letters", small_set()))
    np.savez(tmp_path / "own.npz", a=np.zeros(3), b=np.zeros(4))
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DatasetError, match="MNIST is not here") as caught:
        load_mnist(data_home=tmp_path, download=False)
    for part in ("emnist-letters", "own.npz (holds the arrays a, b)", "notes.txt", "load_folder"):
        assert part in str(caught.value)


def test_an_archive_without_some_arrays(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros((3, 28, 28), np.uint8), y_train=np.zeros(3, int))
    for load in (load_folder, lambda home: load_mnist(data_home=home)):
        with pytest.raises(DatasetError, match="test images, test labels missing beside x_train, y_train"):
            load(tmp_path)


def test_a_folder_says_what_it_holds_instead(tmp_path):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("train-images-idx3-ubyte", b"x")
    (tmp_path / "broken.npz").write_bytes(b"PK\3\4 and then nothing")
    (tmp_path / "train_images.py").write_text("x = 1")
    with pytest.raises(DatasetError, match="holds none of train-images-idx3-ubyte") as caught:
        load_folder(tmp_path)
    for part in ("archive.zip (holds no arrays; unpack it)", "broken.npz (a damaged archive)", "train_images.py"):
        assert part in str(caught.value)


# ---- other files -----------------------------------------------------------

def test_extended_labels(tmp_path):
    """QMNIST: eight int32 for each image, the class first."""
    arrays = small_set()
    rng = np.random.default_rng(0)
    files = {}
    for i, split in ((0, "train"), (2, "test")):
        labels = rng.integers(0, 60000, (len(arrays[i]), 8)).astype(np.int32)
        labels[:, 0] = arrays[i + 1]
        files[f"qmnist-{split}-images-idx3-ubyte.gz"] = arrays[i]
        files[f"qmnist-{split}-labels-idx2-int.gz"] = labels
    write(tmp_path, files)
    (tmp_path / "qmnist-test-labels.tsv.gz").write_bytes(gzip.compress(b"7\t0\n"))
    arrays[1::2] = [labels.astype(np.int32) for labels in arrays[1::2]]
    assert_loaded(load_folder(tmp_path), arrays)


@pytest.mark.parametrize("first", [True, False])
def test_images_in_colour(tmp_path, first):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (n, 28, 30, 3), dtype=np.uint8) for n in (2100, 7)]
    due = [x.transpose(0, 3, 1, 2) for x in images]
    arrays = [due[0] if first else images[0], np.arange(2100) % 10, due[1] if first else images[1], np.arange(7)]
    write_set(tmp_path, [a.astype(np.uint8) for a in arrays])
    (x, _), (x_test, _) = load_idx_folder(tmp_path, normalize=False, flatten=False)
    np.testing.assert_array_equal(x, due[0], strict=True)
    np.testing.assert_array_equal(x_test, due[1], strict=True)
    (x, _), _ = load_idx_folder(tmp_path)
    np.testing.assert_array_equal(x, due[0].reshape(2100, -1).astype(np.float32) / np.float32(255), strict=True)
    with pytest.raises(DatasetError, match=r"images of shape \(2100, 3, 28, 30\); they must be \(N, 28, 28\)"):
        load_mnist(data_home=tmp_path)


@pytest.mark.parametrize("inner", [None, "data"])
def test_a_folder_for_every_file(tmp_path, inner):
    """As some unpacking programs leave them."""
    arrays = small_set()
    write(tmp_path, {f"{name}/{inner or name}": array for name, array in zip(NAMES, arrays)}, bytes)
    assert_loaded(load_folder(tmp_path), arrays)
    with pytest.warns(DatasetWarning, match="not the published MNIST"):
        assert_loaded(load_mnist(data_home=tmp_path), arrays)


def test_a_folder_for_every_file_beside_the_files(tmp_path):
    arrays = small_set()
    write(tmp_path, dict(zip(NAMES, arrays)), bytes)
    write(tmp_path, {f"{name.replace('-idx', '.idx')}/x": array for name, array in zip(NAMES, small_set(1))}, bytes)
    assert_loaded(load_folder(tmp_path), arrays)


@pytest.mark.parametrize("spelling", ["train-images.idx3-ubyte", "train-images-idx3-ubyte.idx",
                                      "Train-Images-idx3-ubyte", "train-images.idx", "train_images-idx3-ubyte",
                                      "train-images-idx3-ubyte (1)"])
def test_spellings(tmp_path, spelling):
    arrays = small_set()
    write(tmp_path, dict(zip(NAMES, arrays)), bytes)
    (tmp_path / NAMES[0]).rename(tmp_path / spelling)
    assert_loaded(load_folder(tmp_path), arrays)


def test_torchvisions_folders(tmp_path):
    arrays = small_set()
    write(tmp_path / "MNIST" / "raw", dict(zip(NAMES, arrays)), bytes)
    with pytest.warns(DatasetWarning, match="not the published"):
        assert_loaded(load_mnist(data_home=tmp_path), arrays)


def test_files_of_any_names_are_told_by_what_is_in_them(tmp_path):
    arrays = small_set()
    write(tmp_path, dict(zip("dcba", arrays)))
    assert_loaded(load_folder(tmp_path), arrays)
    write(tmp_path, {"e": arrays[0]})
    with pytest.raises(DatasetError, match="there is a, b, c, d, e"):
        load_folder(tmp_path)


def test_flat_images_are_square(tmp_path):
    arrays = small_set()
    write_set(tmp_path, [arrays[0].reshape(30, 784), arrays[1], arrays[2].reshape(20, 784), arrays[3]])
    assert_loaded(load_folder(tmp_path), arrays)


def test_a_label_that_makes_too_many_classes(tmp_path):
    arrays = small_set()
    arrays[3] = arrays[3].astype(np.int32)
    arrays[3][5] = 2_000_000_000
    write_set(tmp_path, arrays)
    with pytest.raises(DatasetError, match="t10k-labels.*: a label is 2000000000; labels must be below 65536"):
        load_folder(tmp_path, one_hot_label=True)


# ---- the book's folder beside the script -----------------------------------

@pytest.mark.parametrize("where", [".", ".."])
def test_the_books_folder_beside_the_script(tmp_path, monkeypatch, where):
    arrays = small_set()
    write_set(tmp_path / "dataset", arrays)
    (tmp_path / "ch03").mkdir()
    monkeypatch.chdir(tmp_path / ("ch03" if where == ".." else ""))
    with pytest.warns(DatasetWarning, match="not the published MNIST"):
        assert_loaded(load_mnist(download=False), arrays)


def test_a_script_started_from_elsewhere(tmp_path):
    write_set(tmp_path / "dataset", small_set())
    (tmp_path / "ch03").mkdir()
    script = tmp_path / "ch03" / "main.py"
    script.write_text("from pynn import load_mnist\nprint(load_mnist(download=False)[0][0].shape)\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    run = subprocess.run([sys.executable, script], cwd="/", env=env, capture_output=True, text=True, timeout=60)
    assert run.stdout == "(30, 784)\n", run.stderr


def test_a_part_of_the_set_in_the_books_folder_is_passed_by(tmp_path, monkeypatch):
    arrays = small_set()
    write_set(tmp_path / "dataset", arrays[:2])
    write_set(tmp_path / "caches" / "pynn" / "mnist", arrays)
    monkeypatch.chdir(tmp_path)
    with pytest.warns(DatasetWarning, match="caches"):
        assert_loaded(load_mnist(download=False), arrays)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_the_books_pickle(tmp_path, monkeypatch, protocol):
    """Images as rows, four arrays in a dict."""
    arrays = small_set()
    book = {"train_img": arrays[0].reshape(30, 784), "train_label": arrays[1],
            "test_img": arrays[2].reshape(20, 784), "test_label": arrays[3]}
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mnist.pkl").write_bytes(pickle.dumps(book, protocol))
    monkeypatch.chdir(tmp_path)
    with pytest.warns(DatasetWarning, match="mnist.pkl: train_img"):
        assert_loaded(load_mnist(download=False), arrays)
    (x, t), _ = load_folder("dataset", normalize=False)
    assert x.flags.writeable and t.flags.writeable


def test_other_pickles_are_not_run(tmp_path):
    (tmp_path / "mnist.pkl").write_bytes(pickle.dumps({"train_img": np.zeros((3, 4), np.uint8)}))
    with pytest.raises(DatasetError, match="mnist.pkl: holds train_img; the book's mnist.pkl holds train_img, "):
        load_folder(tmp_path)
    (tmp_path / "mnist.pkl").write_bytes(pickle.dumps({"train_img": Path("x")}))
    with pytest.raises(DatasetError, match="mnist.pkl: asks for pathlib"):
        load_folder(tmp_path)


# ---- files that promise more than they hold --------------------------------

def peak(read, *args):
    """The most memory allocated while `read` runs, and the error it raises."""
    tracemalloc.start()
    try:
        read(*args)
        return tracemalloc.get_traced_memory()[1], None
    except (DatasetError, MemoryError) as error:
        return tracemalloc.get_traced_memory()[1], error
    finally:
        tracemalloc.stop()


MEGABYTE = 1 << 20
HUGE = bytes([0, 0, 8, 3]) + struct.pack(">III", 60000, 1000, 1000)


@pytest.mark.parametrize("content", [HUGE, gzip.compress(HUGE), gzip.compress(HUGE + bytes(1000)),
                                     gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 10) + bytes(64 * MEGABYTE)),
                                     gzip.compress(bytes([0, 0, 8, 255]) + bytes(64 * MEGABYTE))],
                         ids=["raw", "gzip", "gzip of more", "surplus", "dimensions"])
def test_headers_and_gzip_do_not_make_memory_grow(content):
    used, error = peak(parse_idx, content, "x")
    assert isinstance(error, DatasetError)
    assert used < 2 * MEGABYTE


def test_a_promise_that_the_packed_file_could_keep_is_paid_once(tmp_path):
    zeros = np.zeros(16 * MEGABYTE, np.uint8)
    (tmp_path / "x").write_bytes(gzip.compress(idx_bytes(zeros)))
    used, error = peak(read_idx, tmp_path / "x")
    assert error is None and used < 1.1 * zeros.nbytes


def test_empty_arrays_too_large_to_number():
    largest = 2 ** 32 - 1
    with pytest.raises(DatasetError, match="cannot be"):
        parse_idx(bytes([0, 0, 8, 4]) + struct.pack(">IIII", 0, largest, largest, largest), "x")


def test_gzip_in_members_and_with_zeros_behind():
    whole = idx_bytes(np.arange(10, dtype=np.uint8))
    parts = gzip.compress(whole[:9]) + gzip.compress(b"") + gzip.compress(whole[9:]) + bytes(5)
    np.testing.assert_array_equal(parse_idx(parts, "x"), np.arange(10))


def npz_with(member, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for key in KERAS:
            archive.writestr(f"{key}.npy", member)
    return file.getvalue()


def npy(array, **header):
    """`array` in NumPy's format with another header."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {**np.lib.format.header_data_from_array_1_0(array), **header})
    return file.getvalue() + array.tobytes()


SMALL = np.zeros(4, np.uint8)


@pytest.mark.parametrize("member, message", [
    (npy(SMALL, shape=(60000, 100000)), "does not fill"),
    (npy(SMALL, shape=(3,)), "does not fill"),
    (npy(SMALL, shape=(-4,)), "does not fill"),
    (npy(SMALL, descr="|O"), "dtype is object"),
    (npy(SMALL, descr="<c16"), "dtype is complex128"),
    (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2 ** 31) + b" " * MEGABYTE, "header is of a version"),
    (b"", "damaged"), (b"text", "damaged"),
], ids=["huge", "fewer", "negative", "objects", "complex", "long header", "empty", "text"])
def test_members_of_archives_that_are_not_what_they_say(tmp_path, member, message):
    (tmp_path / "mnist.npz").write_bytes(npz_with(member))
    used, error = peak(load_folder, tmp_path)
    assert isinstance(error, DatasetError) and message in str(error)
    assert "mnist.npz: array 'x_train'" in str(error)
    assert used < 2 * MEGABYTE


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path, compression):
    (tmp_path / "mnist.npz").write_bytes(npz_with(npy(np.zeros(4 * MEGABYTE, np.uint8)), compression))
    used, error = peak(load_folder, tmp_path)
    assert "packed by another method" in str(error) and used < MEGABYTE


def test_a_size_in_the_directory_that_the_file_cannot_hold(tmp_path):
    content = npz_with(npy(SMALL, shape=(2 ** 31 - 1000,)))
    size = len(npy(SMALL))
    content = content.replace(struct.pack("<I", size), struct.pack("<I", 2 ** 31 - 1000 + size - 4))
    (tmp_path / "mnist.npz").write_bytes(content)
    used, error = peak(load_folder, tmp_path)
    assert isinstance(error, DatasetError) and "the file holds at most" in str(error)
    assert used < MEGABYTE


def test_every_truncation_of_an_archive_is_an_error(tmp_path):
    whole = npz_with(npy(np.zeros((2, 4), np.uint8)))
    path = tmp_path / "mnist.npz"
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(DatasetError):
            load_folder(path)


def test_two_arrays_of_one_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w") as archive:
        archive.writestr("x_train.npy", npy(SMALL))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("x_train.npy", npy(SMALL))
    with pytest.raises(DatasetError, match="a damaged archive"):
        load_folder(tmp_path)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("form", ["gzip", "raw", "npz", "colour"])
def test_loading_holds_little_more_than_it_returns(tmp_path, normalize, form):
    rng = np.random.default_rng(0)
    shape = (20000, 14, 14) if form != "colour" else (7000, 14, 14, 3)
    arrays = [rng.integers(0, 9, shape, dtype=np.uint8), np.zeros(shape[0], np.uint8)]
    arrays += [array[:1000] for array in arrays]
    if form == "npz":
        np.savez_compressed(tmp_path / "x.npz", **dict(zip(KERAS, arrays)))
    else:
        write_set(tmp_path, arrays, bytes if form == "raw" else gzip.compress)
    load_folder(tmp_path)
    tracemalloc.start()
    result = load_folder(tmp_path, normalize)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 1.3 * sum(array.nbytes for pair in result for array in pair)
