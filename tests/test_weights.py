"""save_params and load_params, and what pickles may not do."""

import contextlib
import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from compare import LONGER
from hypothesis import given
from hypothesis import strategies as st

from pynn.io import pickles
from pynn.io import load_params, save_params
from pynn.io.pickles import UnsafePickleError

PICKLES = sorted(Path(__file__).with_name("pickles").glob("*.pkl"))
FORMATS = [".npz", ".pkl", ".safetensors"]
DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]


def layouts(dtype):
    base = np.arange(24).astype(dtype).reshape(2, 3, 4)
    read_only = base.copy()
    read_only.flags.writeable = False
    return {
        "C": base, "F": np.asfortranarray(base), "transposed": base.transpose(2, 0, 1),
        "reversed": base[::-1, :, ::-2], "offset": base[1:, 1:], "read-only": read_only,
        "swapped": base.astype(base.dtype.newbyteorder()), "empty": base[:0], "0-d": base[1, 2, 3],
    }


def assert_own(array):
    assert type(array) is np.ndarray
    flags = array.flags
    assert flags.c_contiguous and flags.writeable and flags.aligned and array.dtype.isnative


# ---- round trips -----------------------------------------------------------

@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_round_trip(tmp_path, suffix, dtype):
    params = layouts(dtype)
    path = tmp_path / f"params{suffix}"
    assert save_params(params, path) is None
    loaded = load_params(path)
    assert type(loaded) is dict and loaded.keys() == params.keys()
    for name, array in params.items():
        np.testing.assert_array_equal(loaded[name], array, strict=array.dtype.isnative)
        assert loaded[name].dtype == array.dtype.newbyteorder("=")
        assert_own(loaded[name])


@pytest.mark.parametrize("suffix", FORMATS)
def test_names_map_one_to_one(tmp_path, suffix):
    names = ["W1", "file", "allow_pickle", "W.npy", "block.0/W", "block.0\\W", "重み", "a b", "../W",
             "[{\"\\", "é" * 512]
    params = {name: np.full(2, float(i)) for i, name in enumerate(names)}
    path = tmp_path / f"params{suffix}"
    save_params(params, path)
    loaded = load_params(str(path))
    assert sorted(loaded) == sorted(names)
    for name in names:
        np.testing.assert_array_equal(loaded[name], params[name])
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", FORMATS)
def test_extreme_values_are_kept_bit_for_bit(tmp_path, suffix):
    values = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e308])
    path = tmp_path / f"params{suffix}"
    save_params(OrderedDict(W=values, n=3, half=0.5), path)
    loaded = load_params(path)
    assert loaded["W"].tobytes() == values.tobytes()
    assert loaded["n"].shape == () and loaded["n"] == 3 and loaded["half"] == 0.5


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_parameters(tmp_path, suffix):
    save_params({}, tmp_path / f"params{suffix}")
    assert load_params(tmp_path / f"params{suffix}") == {}


def test_numpy_reads_our_npz_and_we_read_numpys(tmp_path):
    params = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.zeros(3, np.float32)}
    save_params(params, tmp_path / "ours.npz")
    with np.load(tmp_path / "ours.npz", allow_pickle=False) as archive:
        assert sorted(archive.files) == ["W1", "b1"]
        np.testing.assert_array_equal(archive["W1"], params["W1"], strict=True)
    np.savez_compressed(tmp_path / "theirs.npz", **params)
    loaded = load_params(tmp_path / "theirs.npz")
    np.testing.assert_array_equal(loaded["b1"], params["b1"], strict=True)


def test_the_books_code_reads_our_pickle(tmp_path):
    save_params(OrderedDict(W1=np.array([1.0, 2.0]).view(np.recarray)), tmp_path / "params.pkl")
    params = pickle.loads((tmp_path / "params.pkl").read_bytes())
    assert type(params) is dict and type(params["W1"]) is np.ndarray


# ---- what is refused when writing ------------------------------------------

@pytest.mark.parametrize("value", [None, "text", [object()], np.zeros(2, "M8[s]"),
                                   np.zeros(2, [("a", "f8")])])
@pytest.mark.parametrize("suffix", FORMATS)
def test_only_numbers_are_written(tmp_path, suffix, value):
    with pytest.raises(TypeError, match=r"save_params: params\['W1'\] has dtype"):
        save_params({"W1": value}, tmp_path / f"params{suffix}")
    assert os.listdir(tmp_path) == []


def test_names_must_be_text(tmp_path):
    with pytest.raises(TypeError, match="save_params: 1 is not a name"):
        save_params({1: np.zeros(2)}, tmp_path / "params.npz")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name, message", [("", "'' is empty"), ("__metadata__", "'__metadata__' is taken"),
                                           ("a\0b", "has a NUL character"), ("\ud800", "half of a surrogate pair"),
                                           ("W" * 1025, "'W{60}'... is 1025 bytes long"), ("重" * 342, "is 1026 bytes long")])
def test_names_that_no_file_keeps(tmp_path, suffix, name, message):
    with pytest.raises(ValueError, match=f"save_params: the name .*{message}"):
        save_params({"W": np.zeros(2), name: np.zeros(2)}, tmp_path / f"params{suffix}")
    assert os.listdir(tmp_path) == []


def test_names_that_collapse_in_an_npz(tmp_path):
    params = {"W.npy": np.zeros(2), "W": np.ones(2)}
    with pytest.raises(ValueError, match="save_params: 'W' and 'W.npy' are one name in a .npz file"):
        save_params(params, tmp_path / "params.npz")
    for suffix in (".pkl", ".safetensors"):
        save_params(params, tmp_path / f"params{suffix}")
        assert load_params(tmp_path / f"params{suffix}")["W"].tolist() == [1, 1]


@pytest.mark.parametrize("params", [[1], None, np.ones(2), "W", {1, 2}, 3])
def test_parameters_are_a_mapping(tmp_path, params):
    with pytest.raises(TypeError, match=f"save_params: params is a {type(params).__name__}; it must be a dict of arrays"):
        save_params(params, tmp_path / "params.npz")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("value, message", [
    (np.ones(2, "c8"), r"has dtype complex64; .*keep .real and .imag"), (1j, "has dtype complex128"),
    *((np.ones(2, dtype), rf"has dtype {np.dtype(dtype)}; .*float64 is the longest") for dtype in LONGER),
    (np.ma.masked_array([1.0, 2.0], [True, False]), r"is a masked array, and no file keeps a mask; save its .filled"),
    ([[1.0], [2.0, 3.0]], "cannot be made an array: .*inhomogeneous"), (10**30, "has dtype object")])
def test_arrays_that_no_file_keeps(tmp_path, suffix, value, message):
    with pytest.raises(TypeError, match=rf"save_params: params\['W1'\] {message}"):
        save_params({"W1": value}, tmp_path / f"params{suffix}")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(bool(LONGER), reason="a longdouble is longer than a double here")
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_long_double_of_eight_bytes_is_kept_as_a_double(tmp_path, suffix):
    """Windows' and ARM's Macs'."""
    save_params({"W": np.array([1.0, 0.1], np.longdouble)}, tmp_path / f"params{suffix}")
    loaded = load_params(tmp_path / f"params{suffix}")["W"]
    assert loaded.dtype.char == "d" and loaded.tolist() == [1.0, 0.1]


def test_what_an_array_of_the_callers_raises_passes_through(tmp_path):
    class Interrupted:
        def __array__(self, dtype=None, copy=None):
            raise KeyboardInterrupt

    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise ValueError("mine")
    with pytest.raises(KeyboardInterrupt):
        save_params({"W": Interrupted()}, tmp_path / "params.npz")
    with pytest.raises(TypeError, match="cannot be made an array: mine") as caught:
        save_params({"W": Broken()}, tmp_path / "params.npz")
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("name", ["params", "params.txt", "params.npy", "params.NPZ"])
def test_the_extension_decides(tmp_path, name):
    for call in (lambda: save_params({}, tmp_path / name), lambda: load_params(tmp_path / name)):
        with pytest.raises(ValueError, match=r"must end in \.npz, \.safetensors, \.pkl"):
            call()


@pytest.mark.parametrize("suffix", [".npz", ".pkl"])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"params{suffix}"
    save_params({"W": np.ones(3)}, path)
    before = path.read_bytes()

    def full(fd):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=rf"save_params: cannot write .*params{suffix}: No space .*the disk is full"):
        save_params({"W": np.zeros(1000)}, path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "params.npz", tmp_path / "params.npz"
    with contextlib.suppress(OSError):
        link.symlink_to(target)
    if not link.is_symlink():
        pytest.skip("Windows asks for a right to make links, Wine has none")
    save_params({"W": np.ones(3)}, link)
    assert link.is_symlink() and target.is_file()


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_permissions_are_the_users(tmp_path):
    mask = os.umask(0o027)
    try:
        save_params({"W": np.ones(3)}, tmp_path / "params.npz")
    finally:
        os.umask(mask)
    assert (tmp_path / "params.npz").stat().st_mode & 0o777 == 0o640


def test_missing_folder_and_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        save_params({}, tmp_path / "none" / "params.npz")
    with pytest.raises(FileNotFoundError):
        load_params(tmp_path / "params.npz")


def test_the_safetensors_library_reads_our_files_and_we_read_its(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    params = {"half": np.ones(3, "f2"), "mask": np.array([True]), "W": np.arange(6.0).reshape(2, 3), "none": np.ones((0, 2)),
              "重み": np.array(2, "u8")}
    save_params(params, tmp_path / "ours.safetensors")
    library.save_file(params, tmp_path / "theirs.safetensors", metadata={"made": "by the library"})
    for loaded in (library.load_file(tmp_path / "ours.safetensors"), load_params(tmp_path / "theirs.safetensors")):
        assert sorted(loaded) == sorted(params)
        for name, array in params.items():
            np.testing.assert_array_equal(loaded[name], array, strict=True)


# ---- damaged files ---------------------------------------------------------

@pytest.mark.parametrize("suffix", FORMATS)
def test_truncated_files(tmp_path, suffix):
    path = tmp_path / f"params{suffix}"
    save_params({"W1": np.arange(6.0), "b1": np.zeros(3)}, path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=f"load_params: .*params{suffix}"):
            load_params(path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_files_of_another_format(tmp_path, suffix):
    path = tmp_path / f"params{suffix}"
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    for content in (b"", b"<!DOCTYPE html>", buffer.getvalue()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="load_params: .*params"):
            load_params(path)


def test_one_flipped_byte_in_an_npz_is_noticed(tmp_path):
    path = tmp_path / "params.npz"
    save_params({"W1": np.arange(64.0)}, path)
    content = bytearray(path.read_bytes())
    content[content.find(np.float64(40).tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="CRC"):
        load_params(path)


def test_npz_of_objects_text_and_other_things(tmp_path):
    path = tmp_path / "params.npz"
    np.savez(path, W1=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="params.npz: 'W1' has dtype object"):
        load_params(path)
    np.savez(path, W1=np.array(["text"]))
    with pytest.raises(ValueError, match="'W1' has dtype <U4"):
        load_params(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no array")
    with pytest.raises(ValueError, match="readme.txt"):
        load_params(path)
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W.npy", buffer.getvalue() + b"more")
    with pytest.raises(ValueError, match="28 bytes are there"):
        load_params(path)


# ---- the book's pickles, from every Python and NumPy -----------------------

@pytest.mark.parametrize("path", PICKLES, ids=lambda path: path.stem)
def test_pickles_of_other_versions(path):
    params = load_params(path)
    n = np.arange(6.0) / 8 - 0.25
    expected = {
        "W1": n.reshape(2, 3), "W2": n.reshape(2, 3).astype("f4"), "b1": n[::-2],
        "b2": np.zeros(0), "K1": n.astype("f4").reshape(1, 3, 2, 1).transpose(1, 0, 3, 2),
        "mask": n > 0, "half": n.astype("f2"), "count": np.array([3, -4], "i8"),
        "scalar": np.array(0.1), "number": np.array(0.5),
    }
    assert type(params) is dict and params.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(params[name], array, strict=True)
        assert_own(params[name])


def test_the_samples_are_there():
    assert len(PICKLES) >= 14


@pytest.mark.parametrize("fix_imports", [True, False])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_this_version(tmp_path, protocol, fix_imports):
    path = tmp_path / "params.pkl"
    params = layouts("f4")
    path.write_bytes(pickle.dumps(params, protocol, fix_imports=fix_imports))
    loaded = load_params(path)
    for name, array in params.items():
        np.testing.assert_array_equal(loaded[name], array)
        assert_own(loaded[name])


# ---- hostile pickles -------------------------------------------------------

class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *args, state=None):
        self.reduced = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.reduced


def forbidden(*args):
    raise AssertionError("a pickle got hold of a function")


EVIL = {
    "os.system": Call(os.system, "exit 1"),
    "builtins.eval": Call(eval, "1/0"),
    "builtins.exec": Call(exec, "1/0"),
    "builtins.getattr": Call(getattr, "text", "upper"),
    "io.open": Call(open, "/tmp/x", "w"),
    "function": forbidden,
    "call": Call(forbidden),
    "class": OrderedDict([("W1", Path("x"))]),
    "numpy.load": Call(np.load, "x.npy"),
    "masked array": np.ma.ones(2),
    "complex": 1j,
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
@pytest.mark.parametrize("nest", [
    lambda evil: evil,
    lambda evil: {"W1": evil},
    lambda evil: {"W1": np.ones(2), "W2": [(evil,)]},
    lambda evil: {"W1": np.array([evil], dtype=object)},
], ids=["bare", "in dict", "nested", "in array"])
def test_hostile_pickles(tmp_path, evil, nest, protocol):
    path = tmp_path / "params.pkl"
    path.write_bytes(pickle.dumps(nest(evil), protocol))
    with pytest.raises(UnsafePickleError, match=r"load_params: .*params\.pkl") as caught:
        load_params(path)
    assert isinstance(caught.value, pickle.UnpicklingError)
    assert isinstance(caught.value, ValueError)


def test_nothing_is_run(tmp_path):
    trace = tmp_path / "trace"
    content = pickle.dumps({"W1": np.ones(2), "W2": Call(os.system, f'echo > "{trace}"')})
    pickle.loads(content)
    assert trace.exists()               # the pickle does what it should
    trace.unlink()
    (tmp_path / "params.pkl").write_bytes(content)
    with pytest.raises(UnsafePickleError):
        load_params(tmp_path / "params.pkl")
    assert not trace.exists()


def test_the_message_names_what_was_refused(tmp_path):
    path = tmp_path / "params.pkl"
    path.write_bytes(pickle.dumps({"W1": Call(os.system, "exit 1")}))
    with pytest.raises(UnsafePickleError, match=rf"asks for {os.system.__module__}\.system"):
        load_params(path)
    path.write_bytes(pickle.dumps({"W1": np.array([None])}))
    with pytest.raises(UnsafePickleError, match="dtype 'O8'"):
        load_params(path)
    for content, message in [([1.0], "holds a list"), ({"W": {"b": 1}}, "'W' is a dict"),
                             ({"W": None}, "'W' is a NoneType"), ({1: 2.0}, "holds a int as a name"),
                             ({"W": "text"}, "'W' is a str")]:
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(UnsafePickleError, match=message):
            load_params(path)


@pytest.mark.parametrize("dtype", ["O", "S3", "U3", "V4", "M8[s]", "m8[s]", [("a", "f8")]])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_arrays_of_other_things_than_numbers(dtype, protocol):
    for array in (np.zeros(2, dtype), np.zeros((2, 2), dtype).T[::-1]):
        with pytest.raises(UnsafePickleError):
            pickles.read(pickle.dumps({"W": array}, protocol))


def test_cleared_flags_of_an_object_dtype():
    """The bytes of the array would be taken for pointers, were NumPy's dtype let through."""
    dtype = Call(np.dtype, "O", False, True, state=(3, "|", None, None, None, -1, -1, 0))
    array = Call(np.zeros(1).__reduce__()[0], np.ndarray, (0,), b"b",
                 state=(1, (1,), dtype, False, struct.pack("P", 16)))
    with pytest.raises(UnsafePickleError, match="dtype 'O'"):
        pickles.read(pickle.dumps({"W": array}))


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
ARRAY = RECONSTRUCT + b"(cnumpy\nndarray\n(I0\ntS'b'\ntR"
FLOAT64 = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR"
HANDMADE = {
    # opcodes: c global, ( mark, t tuple, R call, b set state, d dict, P persistent id, . end
    "never given contents": b"(S'W'\n" + RECONSTRUCT + b"(tRd.",
    "wrong number of arguments": b"(S'W'\n" + RECONSTRUCT + b"(I1\ntRd.",
    "state is no tuple": b"(S'W'\n" + ARRAY + b"I1\nbd.",
    "state of a function": RECONSTRUCT + b"(N(S'_function'\nI1\ndtb.",
    "dict of a function": RECONSTRUCT + b"(S'_function'\nI1\ndb.",
    "state of ndarray": b"cnumpy\nndarray\n(S'a'\nI1\ndb.",
    "call of ndarray": b"(S'W'\ncnumpy\nndarray\n((I2\nttRd.",
    "new object of dtype": b"\x80\x02cnumpy\ndtype\n(tR\x81.",
    "instance": b"(S'f8'\ninumpy\ndtype\n.",
    "persistent id": b"Pname\n.",
    "other encoding": b"(S'W'\nc_codecs\nencode\n(S'a'\nS'rot13'\ntRd.",
    "attribute of a name": b"\x80\x04\x8c\x05numpy\x8c\x0andarray.x\x93.",
    "bytes of a length": b"(S'W'\nc__builtin__\nbytes\n(I10\ntRd.",
    "elements are no bytes": b"(S'W'\n" + ARRAY + b"(I1\n(I1\nt" + FLOAT64 + b"I0\n(ltbd.",
    "elements too few": b"(S'W'\n" + ARRAY + b"(I1\n(I9\nt" + FLOAT64 + b"I0\nS'12345678'\ntbd.",
}


def test_the_handmade_parts_are_sound():
    whole = b"(S'W'\n" + ARRAY + b"(I1\n(I1\nt" + FLOAT64 + b"I0\nS'12345678'\ntbd."
    assert pickles.read(whole)["W"].tobytes() == b"12345678"


@pytest.mark.parametrize("content", HANDMADE.values(), ids=HANDMADE)
def test_handmade_pickles(content):
    with pytest.raises(UnsafePickleError):
        pickles.read(content)
    assert pickles.read(pickle.dumps({"W": np.ones(2)}))["W"].tolist() == [1, 1]


SAMPLES = [path.read_bytes() for path in PICKLES]


@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_pickles_are_refused_or_hold_arrays(sample, data):
    start = data.draw(st.integers(0, len(sample)), "start")
    stop = data.draw(st.integers(start, min(start + 8, len(sample))), "stop")
    damaged = sample[:start] + data.draw(st.binary(max_size=4), "replacement") + sample[stop:]
    try:
        params = pickles.read(damaged)
    except UnsafePickleError:
        return
    assert all(type(array) is np.ndarray and array.dtype.kind in "biufc"
               for array in params.values())
