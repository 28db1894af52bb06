"""The loaders, where they look, and what they make of damaged files.  No network."""

import gzip
import hashlib
import http.server
import os
import re
import struct
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import pynn.datasets.mnist as mnist
from pynn.datasets import (DatasetError, DatasetWarning, load_digits, load_fashion_mnist,
                           load_idx_folder, load_mnist, read_idx)
from pynn.datasets.fetch import FASHION_MNIST, MNIST, NAMES, cache_home
from pynn.datasets.idx import parse_idx

TYPE_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    """`array` in the IDX format."""
    code = TYPE_CODES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def small_set(seed=0, n_train=30, n_test=20, side=28):
    """Random arrays of MNIST's form, in the order of NAMES."""
    rng = np.random.default_rng(seed)
    return [array.astype(np.uint8) for n in (n_train, n_test) for array in
            (rng.integers(0, 256, (n, side, side)), np.arange(n) % 10)]


def write_set(folder, arrays, pack=gzip.compress, end=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(NAMES, arrays):
        (folder / (name + end)).write_bytes(pack(idx_bytes(array)))
    return folder


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No data homes, an empty cache, no installed sets, and mirrors that nobody serves."""
    monkeypatch.delenv("PYNN_DATA_HOME", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    nobody = ("http://127.0.0.1:1/a/", "http://127.0.0.1:1/b/")
    monkeypatch.setattr(mnist, "MNIST", MNIST._replace(mirrors=nobody))
    monkeypatch.setattr(mnist, "FASHION_MNIST", FASHION_MNIST._replace(mirrors=nobody, installed=()))


@pytest.fixture
def published(monkeypatch):
    """A small set that counts as the published MNIST."""
    arrays = small_set()
    sums = tuple(hashlib.sha256(idx_bytes(array)).hexdigest() for array in arrays)
    monkeypatch.setattr(mnist, "MNIST", mnist.MNIST._replace(sums=sums))
    return arrays


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "caches" / "pynn" / "mnist"


def assert_loaded(result, arrays):
    """`result` is `arrays` with the loaders' default arguments."""
    (x_train, t_train), (x_test, t_test) = result
    for x, images in ((x_train, arrays[0]), (x_test, arrays[2])):
        assert x.dtype == np.float32
        np.testing.assert_array_equal(
            x, images.reshape(len(images), -1).astype(np.float32) / np.float32(255), strict=True)
    np.testing.assert_array_equal(t_train, arrays[1], strict=True)
    np.testing.assert_array_equal(t_test, arrays[3], strict=True)


# ---- IDX -------------------------------------------------------------------

@given(npst.arrays(st.sampled_from(list(TYPE_CODES)), npst.array_shapes(min_dims=0, max_dims=5,
                                                                       min_side=0, max_side=4)))
def test_idx_round_trip(array):
    parsed = parse_idx(idx_bytes(array), "name")
    np.testing.assert_array_equal(parsed, array, strict=True)
    assert parsed.dtype.isnative and parsed.flags.writeable and parsed.flags.c_contiguous
    assert parsed.flags.aligned


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gzip"])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_read_idx_looks_into_the_file_and_not_at_its_name(tmp_path, pack, end):
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    path = tmp_path / f"x{end}"
    path.write_bytes(pack(idx_bytes(array)))
    np.testing.assert_array_equal(read_idx(str(path)), array, strict=True)


def test_idx_is_big_endian_with_the_last_index_fastest(tmp_path):
    (tmp_path / "x").write_bytes(bytes([0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 255, 254]))
    assert read_idx(tmp_path / "x").tolist() == [[258], [-2]]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gzip"])
def test_every_truncation_and_any_surplus_is_an_error(tmp_path, pack):
    whole = pack(idx_bytes(np.arange(6, dtype=np.int16).reshape(2, 3)))
    path = tmp_path / "x-idx2"
    for content in [whole[:size] for size in range(len(whole))] + [whole + b"x", whole + whole]:
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="x-idx2: "):
            read_idx(path)


@pytest.mark.parametrize("content, message", [
    (b"<!DOCTYPE html><html>403 Forbidden", "not an IDX file: it begins with b'<!DO'"),
    (b"", "begins with b''"),
    (b"\0\0\x0a\1\0\0\0\0", "not an IDX file"),
    (b"\0\1\x08\1\0\0\0\0", "not an IDX file"),
    (b"\x80\4\x95pickle", "not an IDX file"),
    (b"\0\0\x08\xff" + bytes(4 * 255), "announces 255 dimensions"),
    (b"\0\0\x08\3\0\0", "announces 3 dimensions in a file of 6 bytes"),
    (b"\0\0\x08\1\xff\xff\xff\xff", r"shape \(4294967295,\).*takes 4294967303 bytes"),
    (b"\0\0\x08\1\0\0\0\2abc", "oversized"),
    (b"\0\0\x08\1\0\0\0\2a", "truncated"),
])
def test_what_is_wrong_with_a_file_is_said(content, message):
    with pytest.raises(DatasetError, match=message):
        parse_idx(content, "name")


def test_a_damaged_archive_is_noticed(tmp_path):
    content = bytearray(gzip.compress(idx_bytes(np.zeros((10, 28, 28), np.uint8))))
    content[-6] ^= 1                    # in the checksum
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(DatasetError, match="x.gz: truncated or damaged gzip data"):
        read_idx(tmp_path / "x.gz")


# ---- the form of what is returned ------------------------------------------

@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("one_hot", [True, False])
def test_arguments_are_the_books(tmp_path, published, normalize, flatten, one_hot):
    write_set(tmp_path / "mnist", published)
    result = load_mnist(normalize, flatten, one_hot, data_home=tmp_path)
    assert isinstance(result, tuple) and all(isinstance(part, tuple) for part in result)
    for (x, t), images, labels in zip(result, published[::2], published[1::2]):
        n = len(images)
        assert x.shape == ((n, 784) if flatten else (n, 1, 28, 28))
        pixels = images.astype(np.float32) / np.float32(255) if normalize else images
        np.testing.assert_array_equal(x.reshape(n, 28, 28), pixels, strict=True)
        np.testing.assert_array_equal(t, np.eye(10)[labels] if one_hot else labels, strict=True)
        for array in (x, t):
            assert array.flags.writeable and array.flags.c_contiguous


def test_a_normal_load_does_not_warn(tmp_path, published):
    write_set(tmp_path, published)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_loaded(load_mnist(data_home=tmp_path), published)


# ---- the search ------------------------------------------------------------

@pytest.mark.parametrize("end, pack", [(".gz", gzip.compress), ("", bytes)], ids=["gz", "raw"])
@pytest.mark.parametrize("below", ["mnist", ""])
@pytest.mark.parametrize("by", ["data_home", "environment"])
def test_places(tmp_path, monkeypatch, published, by, below, end, pack):
    write_set(tmp_path / "home" / below, published, pack, end)
    home = str(tmp_path / "home")
    if by == "environment":
        monkeypatch.setenv("PYNN_DATA_HOME", home)
        home = None
    assert_loaded(load_mnist(data_home=home), published)


def test_order_of_the_search(tmp_path, monkeypatch, published, cache):
    sets = {name: small_set(seed) for seed, name in enumerate(["home", "environment", "cache"], 1)}
    monkeypatch.setenv("PYNN_DATA_HOME", str(tmp_path / "environment"))
    write_set(tmp_path / "home", sets["home"])
    write_set(tmp_path / "environment" / "mnist", sets["environment"])
    write_set(cache, sets["cache"])
    with pytest.warns(DatasetWarning):
        assert_loaded(load_mnist(data_home=tmp_path / "home"), sets["home"])
        assert_loaded(load_mnist(), sets["environment"])
        monkeypatch.setenv("PYNN_DATA_HOME", str(tmp_path / "elsewhere"))
        assert_loaded(load_mnist(), sets["cache"])
        monkeypatch.setenv("PYNN_DATA_HOME", "")
        assert_loaded(load_mnist(), sets["cache"])


def test_a_folder_of_its_own_goes_before_loose_files(tmp_path, published):
    write_set(tmp_path / "mnist", published)
    write_set(tmp_path, small_set(1))
    assert_loaded(load_mnist(data_home=tmp_path), published)


def test_installed_sets_are_found_after_the_cache(tmp_path, monkeypatch):
    sets = [small_set(seed) for seed in (1, 2)]
    installed = write_set(tmp_path / "installed", sets[0])
    monkeypatch.setattr(mnist, "FASHION_MNIST",
                        mnist.FASHION_MNIST._replace(installed=(str(installed),)))
    with pytest.warns(DatasetWarning, match="not the published Fashion-MNIST"):
        assert_loaded(load_fashion_mnist(), sets[0])
        write_set(cache_home() / "fashion-mnist", sets[1])
        assert_loaded(load_fashion_mnist(), sets[1])


def test_other_spellings_and_mixtures(tmp_path, published):
    write_set(tmp_path, published, bytes, "")
    (tmp_path / NAMES[0]).rename(tmp_path / "train-images.idx3-ubyte")
    (tmp_path / f"{NAMES[1]}.gz").write_bytes(gzip.compress((tmp_path / NAMES[1]).read_bytes()))
    (tmp_path / NAMES[1]).unlink()
    assert_loaded(load_mnist(data_home=tmp_path), published)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's folder, by POSIX' and by Windows' name for it."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def test_home_is_expanded(home, published):
    write_set(home / "data" / "mnist", published)
    assert_loaded(load_mnist(data_home="~/data"), published)


@pytest.mark.parametrize("platform, folder", [("linux", ".cache/pynn"), ("darwin", "Library/Caches/pynn"), ("win32", "AppData/Local/pynn/Cache")])
def test_cache_folder_is_the_platforms(home, monkeypatch, platform, folder):
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_home() == home / "caches" / "pynn"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_home() == home / folder


def test_cache_folder_is_where_windows_says(home, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("LOCALAPPDATA", str(home / "elsewhere"))
    assert cache_home() == home / "elsewhere" / "pynn" / "Cache"


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="another platform")
def test_cache_folder_is_poochs(monkeypatch):
    pooch = pytest.importorskip("pooch")
    monkeypatch.undo()
    assert cache_home() == pooch.os_cache("pynn")


# ---- local files that are not right ----------------------------------------

def test_differing_files_warn_and_load(tmp_path, published):
    write_set(tmp_path, published)
    other = published[0] // 2
    (tmp_path / f"{NAMES[0]}.gz").write_bytes(gzip.compress(idx_bytes(other)))
    with pytest.warns(DatasetWarning) as caught:
        result = load_mnist(data_home=tmp_path)
    assert_loaded(result, [other, *published[1:]])
    assert len(caught) == 1 and caught[0].filename == __file__
    assert f"{NAMES[0]}.gz" in str(caught[0].message)
    assert NAMES[1] not in str(caught[0].message)


def test_a_data_home_without_the_set_is_mentioned(tmp_path, published, cache):
    write_set(cache, published)
    with pytest.warns(DatasetWarning, match="nothing' holds no MNIST; using .*caches") as caught:
        assert_loaded(load_mnist(data_home=tmp_path / "nothing"), published)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("missing", [[0], [1, 3], [0, 1, 2]])
def test_a_part_of_a_set_is_an_error(tmp_path, published, cache, missing):
    write_set(cache, published)
    write_set(tmp_path / "mnist", published)
    for i in missing:
        (tmp_path / "mnist" / f"{NAMES[i]}.gz").unlink()
    with pytest.raises(DatasetError, match="only a part") as caught:
        load_mnist(data_home=tmp_path)
    assert all(NAMES[i] in str(caught.value) for i in range(4))
    assert str(tmp_path / "mnist") in str(caught.value)


def change(i, new):
    """A set of which array `i` is another."""
    arrays = small_set()
    arrays[i] = new(arrays[i])
    return arrays


def with_label(value, dtype=np.uint8):
    def new(labels):
        labels = labels.astype(dtype)
        labels[7] = value
        return labels
    return new


@pytest.mark.filterwarnings("ignore::pynn.datasets.DatasetWarning")
@pytest.mark.parametrize("i, new, message", [
    (1, lambda t: t[:-1], "30 images but .*train-labels.* has 29 labels"),
    (3, lambda t: np.append(t, t), "20 images but .*t10k-labels.* has 40 labels"),
    (1, with_label(10), "train-labels.*: label 10 at index 7; labels must be from 0 to 9"),
    (3, with_label(255), "t10k-labels.*: label 255 at index 7"),
    (3, with_label(-1, np.int8), "t10k-labels.*: label -1 at index 7"),
    (0, lambda x: x[:, :, :27], r"train-images.*shape \(30, 28, 27\).*must be \(N, 28, 28\)"),
    (2, lambda x: x.reshape(20, 784)[:, :783], r"t10k-images.*shape \(20, 783\)"),
    (0, lambda x: x.astype(np.float32), "train-images.*dtype float32"),
    (1, lambda t: t.astype(np.float64), "train-labels.*dtype float64.*integers"),
    (1, lambda t: t[:, None].repeat(2, 1), r"train-labels.*shape \(30, 2\)"),
])
def test_files_that_do_not_belong_together(tmp_path, i, new, message):
    write_set(tmp_path, change(i, new))
    with pytest.raises(DatasetError, match=message) as caught:
        load_mnist(data_home=tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_images_and_labels_exchanged(tmp_path):
    arrays = small_set()
    write_set(tmp_path, [arrays[1], arrays[0], arrays[2], arrays[3]])
    with pytest.raises(DatasetError, match="train-images"):
        load_mnist(data_home=tmp_path)


def test_the_files_of_another_set(tmp_path, monkeypatch):
    arrays = small_set()
    write_set(tmp_path, arrays)
    digest = hashlib.sha256(idx_bytes(arrays[3])).hexdigest()
    monkeypatch.setitem(sys.modules["pynn.datasets.fetch"]._TITLES, digest, "MNIST")
    with pytest.raises(DatasetError, match="t10k-labels.* belongs to MNIST, not to Fashion-MNIST"):
        load_fashion_mnist(data_home=tmp_path)


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"<html>", lambda data: b""])
def test_damaged_local_files_name_themselves(tmp_path, published, damage):
    write_set(tmp_path, published)
    path = tmp_path / f"{NAMES[2]}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DatasetError, match="t10k-images-idx3-ubyte.gz: "):
        load_mnist(data_home=tmp_path)


# ---- downloads -------------------------------------------------------------

class Mirrors:
    """Two mirrors on this machine; `answers` maps (mirror, name) to what is sent."""

    def __init__(self, arrays):
        packed = {name: gzip.compress(idx_bytes(array)) for name, array in zip(NAMES, arrays)}
        self.answers = {(mirror, name): (200, content, {})
                        for mirror in "ab" for name, content in packed.items()}
        self.requests = []

    def start(self):
        mirrors = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                _, mirror, file = self.path.split("/")
                mirrors.requests.append((mirror, file))
                status, content, headers = mirrors.answers[mirror, file.removesuffix(".gz")]
                self.send_response(status)
                for key, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def addresses(self):
        return tuple(f"http://127.0.0.1:{self.server.server_port}/{mirror}/" for mirror in "ab")


@pytest.fixture
def mirrors(published, monkeypatch):
    pytest.importorskip("pooch")
    served = Mirrors(published)
    served.start()
    monkeypatch.setattr(mnist, "MNIST", mnist.MNIST._replace(mirrors=served.addresses))
    yield served
    served.stop()


def test_download_into_the_cache_and_only_once(mirrors, published, cache):
    assert_loaded(load_mnist(), published)
    assert mirrors.requests == [("a", f"{name}.gz") for name in NAMES]
    assert sorted(os.listdir(cache)) == sorted(NAMES)
    for name, array in zip(NAMES, published):
        assert (cache / name).read_bytes() == idx_bytes(array)
    assert_loaded(load_mnist(), published)
    assert len(mirrors.requests) == 4


def test_only_what_is_missing_is_downloaded(mirrors, published, cache):
    write_set(cache, published)
    (cache / f"{NAMES[2]}.gz").unlink()
    assert_loaded(load_mnist(), published)
    assert mirrors.requests == [("a", f"{NAMES[2]}.gz")]


PACKED = gzip.compress(idx_bytes(small_set()[0]))
OTHER = gzip.compress(idx_bytes(small_set(1)[0]))
BAD_ANSWERS = {
    "403": ((403, b"Forbidden", {}), "403"),
    "503": ((503, b"", {}), "503"),
    "web page": ((200, b"<html>please log in</html>", {}), "not an IDX file: it begins with b'<htm'"),
    "empty": ((200, b"", {}), "not an IDX file: it begins with b''"),
    "truncated": ((200, PACKED[:-20], {}), "truncated or damaged gzip data"),
    "interrupted": ((200, PACKED[:-20], {"Content-Length": str(len(PACKED)),
                                         "Connection": "close"}), NAMES[0]),
    "damaged": ((200, PACKED[:40] + bytes([PACKED[40] ^ 4]) + PACKED[41:], {}), "damaged|published"),
    "another set": ((200, OTHER, {}), "not the published file"),
    "pickle": ((200, b"\x80\x04N.", {}), "not an IDX file"),
}


@pytest.mark.parametrize("answer", [answer for answer, _ in BAD_ANSWERS.values()], ids=BAD_ANSWERS)
def test_the_second_mirror_steps_in(mirrors, published, cache, answer):
    mirrors.answers["a", NAMES[0]] = answer
    assert_loaded(load_mnist(), published)
    assert sorted(os.listdir(cache)) == sorted(NAMES)
    assert mirrors.requests[:2] == [("a", f"{NAMES[0]}.gz"), ("b", f"{NAMES[0]}.gz")]


@pytest.mark.parametrize("answer, reason", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_no_mirror_has_it(mirrors, cache, answer, reason):
    mirrors.answers["a", NAMES[0]] = mirrors.answers["b", NAMES[0]] = answer
    with pytest.raises(DatasetError, match=reason) as caught:
        load_mnist()
    message = str(caught.value)
    for part in (NAMES[0], *mirrors.addresses, str(cache), "PYNN_DATA_HOME", "load_digits()"):
        assert part in message
    assert os.listdir(cache) == []


def test_a_later_file_fails_and_the_earlier_ones_stay(mirrors, published, cache):
    good = mirrors.answers["b", NAMES[3]]
    mirrors.answers["a", NAMES[3]] = mirrors.answers["b", NAMES[3]] = (503, b"", {})
    with pytest.raises(DatasetError, match=NAMES[3]):
        load_mnist()
    assert sorted(os.listdir(cache)) == sorted(NAMES[:3])
    mirrors.answers["b", NAMES[3]] = good
    assert_loaded(load_mnist(), published)


def test_download_false_leaves_the_network_alone(mirrors, published, cache, tmp_path):
    write_set(cache, published[:3])                 # a part, which a download would complete
    with pytest.raises(DatasetError, match="MNIST is not here, and download is False") as caught:
        load_mnist(data_home=tmp_path / "home", download=False)
    for part in (tmp_path / "home" / "mnist", cache, "PYNN_DATA_HOME", "load_digits()"):
        assert str(part) in str(caught.value)
    with pytest.raises(DatasetError, match="Fashion-MNIST is not here"):
        load_fashion_mnist(download=False)
    write_set(cache, published)
    assert_loaded(load_mnist(download=False), published)
    assert mirrors.requests == []


def test_a_server_that_unpacks_on_the_way(mirrors, published):
    for name, array in zip(NAMES, published):
        mirrors.answers["a", name] = (200, gzip.compress(idx_bytes(array)),
                                      {"Content-Encoding": "gzip"})
    assert_loaded(load_mnist(), published)
    assert {mirror for mirror, _ in mirrors.requests} == {"a"}


def test_no_network(tmp_path, monkeypatch, published, cache):
    pytest.importorskip("pooch")
    monkeypatch.setenv("PYNN_DATA_HOME", str(tmp_path / "environment"))
    with pytest.raises(DatasetError, match="no mirror of MNIST gave train-images") as caught:
        load_mnist(data_home=tmp_path / "home")
    message = str(caught.value)
    for part in ("home", "home/mnist", "environment", "environment/mnist"):
        assert str(tmp_path / part) + "\n" in message
    assert str(cache) in message and all(f"{name}.gz" in message for name in NAMES)


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch, mirrors):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match=re.escape(f"cannot write {tmp_path / 'file/pynn/mnist/train-images'}")) as caught:
        load_mnist()
    assert "XDG_CACHE_HOME" in str(caught.value) and "PYNN_DATA_HOME" in str(caught.value)
    assert mirrors.requests == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_cache_without_permission(mirrors, cache):
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    with pytest.raises(DatasetError, match="cannot write"):
        load_mnist()
    cache.chmod(0o700)


def test_a_full_disk_leaves_nothing_behind(monkeypatch, mirrors, published, cache):
    def full(fd):
        raise OSError(28, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DatasetError, match="cannot write .*No space left"):
            load_mnist()
    assert os.listdir(cache) == []
    assert_loaded(load_mnist(), published)


def test_missing_pooch(monkeypatch, cache):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "pynn-from-scratch\[data\]"') as caught:
        load_mnist()
    assert str(cache) in str(caught.value) and "PYNN_DATA_HOME" in str(caught.value)


def test_published_sums():
    for source in (MNIST, FASHION_MNIST):
        assert len(source.mirrors) == 2 and all(url.endswith("/") for url in source.mirrors)
        assert len({*source.sums}) == 4 and all(len(bytes.fromhex(s)) == 32 for s in source.sums)


# ---- folders of IDX files --------------------------------------------------

@pytest.mark.parametrize("side, dtype", [(8, np.uint8), (28, np.int32)])
def test_a_folder_of_idx_files(tmp_path, side, dtype):
    arrays = small_set(side=side)
    arrays[1::2] = [(labels % 7).astype(dtype) for labels in arrays[1::2]]
    write_set(tmp_path, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_loaded(load_idx_folder(str(tmp_path)), arrays)
    (x, t), (x_test, t_test) = load_idx_folder(tmp_path, normalize=False, flatten=False,
                                               one_hot_label=True)
    assert x.shape == (30, 1, side, side) and x.dtype == np.uint8
    np.testing.assert_array_equal(t, np.eye(7)[arrays[1]], strict=True)
    np.testing.assert_array_equal(t_test, np.eye(7)[arrays[3]], strict=True)


@pytest.mark.parametrize("i, new, message", [
    (2, lambda x: x[:, :5, :5], r"t10k-images.*must be \(N, 28, 28\)"),
    (1, lambda t: t[:-1], "do.* not of one data set|not of one data set"),
    (1, with_label(-3, np.int16), "label -3 at index 7; labels must be at least 0"),
])
def test_a_folder_of_files_that_do_not_belong_together(tmp_path, i, new, message):
    write_set(tmp_path, change(i, new))
    with pytest.raises(DatasetError, match=message):
        load_idx_folder(tmp_path)


def test_a_folder_without_the_files(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DatasetError, match="holds none of train-images-idx3-ubyte"):
            load_idx_folder(folder)
    write_set(tmp_path, small_set())
    (tmp_path / f"{NAMES[0]}.gz").unlink()
    with pytest.raises(DatasetError, match="only a part.*train-images-idx3-ubyte"):
        load_idx_folder(tmp_path)


# ---- digits ----------------------------------------------------------------

@pytest.fixture(scope="module")
def sklearn_digits():
    return pytest.importorskip("sklearn.datasets").load_digits()


def test_digits(sklearn_digits):
    (x_train, t_train), (x_test, t_test) = load_digits()
    assert x_train.shape == (1438, 64) and x_test.shape == (359, 64)
    for x, t in ((x_train, t_train), (x_test, t_test)):
        assert x.dtype == np.float32 and t.dtype == np.uint8
        assert x.min() == 0 and x.max() == 1
        assert x.flags.c_contiguous and x.flags.writeable
    counts = np.bincount(sklearn_digits.target)
    np.testing.assert_array_equal(np.bincount(t_test), np.round(counts / 5))

    # Together the two are scikit-learn's digits, and no digit is in both.
    together = np.column_stack([np.concatenate([x_train, x_test]) * 16,
                                np.concatenate([t_train, t_test])])
    whole = np.column_stack([sklearn_digits.data, sklearn_digits.target])
    np.testing.assert_array_equal(together[np.lexsort(together.T)], whole[np.lexsort(whole.T)])


def test_digits_are_split_the_same_always():
    pytest.importorskip("sklearn")
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    (x, t), (x_test, t_test) = load_digits(normalize=False)
    assert np.random.get_state()[1].tolist() == before
    # Fails when another NumPy or scikit-learn gives another split.
    assert t_test[:20].tolist() == [9, 1, 5, 1, 4, 9, 0, 8, 8, 1, 0, 0, 6, 1, 2, 2, 0, 6, 2, 6]
    np.random.seed(2)
    again = load_digits(normalize=False)
    np.testing.assert_array_equal(again[1][0], x_test)


def test_digits_arguments():
    pytest.importorskip("sklearn")
    (x, t), (x_test, t_test) = load_digits(normalize=False, flatten=False, one_hot_label=True,
                                           data_home="unused", download=False)
    assert x.shape == (1438, 1, 8, 8) and x.dtype == np.uint8 and x.max() == 16
    assert t.shape == (1438, 10) and t.dtype == np.float64
    np.testing.assert_array_equal(t.argmax(axis=1), load_digits()[0][1])
    np.testing.assert_array_equal(t.sum(axis=1), 1)


def test_missing_sklearn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'pip install "pynn-from-scratch\[data\]"'):
        load_digits()


# ---- the real thing, where it is at hand -----------------------------------

MNIST_HOME = os.environ.get("PYNN_DATA_HOME")


@pytest.mark.skipif(not MNIST_HOME or not any(Path(MNIST_HOME).glob("**/t10k-images*")),
                    reason="PYNN_DATA_HOME holds no MNIST")
@pytest.mark.filterwarnings("ignore::pynn.datasets.DatasetWarning")
def test_real_mnist():
    (x_train, t_train), (x_test, t_test) = load_mnist(data_home=MNIST_HOME)
    assert x_train.shape == (60000, 784) and x_test.shape == (10000, 784)
    assert t_train[:5].tolist() == [5, 0, 4, 1, 9] and t_test[:5].tolist() == [7, 2, 1, 0, 4]
    # The published mean and standard deviation of the training pixels.
    assert abs(x_train.mean(dtype=np.float64) - 0.1307) < 5e-5
    assert abs(x_train.std(dtype=np.float64) - 0.3081) < 5e-5


@pytest.mark.skipif(not Path(FASHION_MNIST.installed[0]).is_dir(),
                    reason="dataset-fashion-mnist is not installed")
def test_installed_fashion_mnist(monkeypatch):
    monkeypatch.setattr(mnist, "FASHION_MNIST", FASHION_MNIST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (x_train, t_train), (x_test, t_test) = load_fashion_mnist(normalize=False)
    assert x_train.shape == (60000, 784) and x_test.shape == (10000, 784)
    assert np.bincount(t_train).tolist() == [6000] * 10
    assert np.bincount(t_test).tolist() == [1000] * 10


@pytest.mark.parametrize("variable", ["PYNN_DATA_HOME", "XDG_CACHE_HOME"])
def test_the_home_of_a_user_who_is_not_known(variable, monkeypatch):
    """It is the folder of that name, as for a shell."""
    monkeypatch.setenv(variable, "~nobody-of-that-name/data")
    with pytest.raises(DatasetError, match="~nobody-of-that-name/data"):
        load_mnist(download=False)
