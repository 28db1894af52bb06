"""write_state and read_state: arrays and facts, bit for bit."""

import json
import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn.io import load_params, save_params, state
from pynn.io.state import read_state, write_state


def bits(value):
    """`value` with its floats as bits, so that NaN equals NaN."""
    if isinstance(value, float):
        return struct.pack(">d", value)
    if isinstance(value, list):
        return [bits(item) for item in value]
    if isinstance(value, dict):
        return {name: bits(item) for name, item in value.items()}
    return type(value), value


def test_arrays_keep_their_names_shapes_dtypes_and_bits(tmp_path):
    rng = np.random.default_rng(1)
    arrays = {"params/W1": rng.normal(size=(3, 4)).astype("f4"), "optimizer/m/W1": rng.normal(size=(3, 4)),
              "rng/key": rng.integers(2**32, size=624, dtype="u4"), "step": np.array(2**63, "u8"), "none": np.zeros((0, 3)),
              "0-d": np.array(-0.0, "f2"), "mask": np.array([True, False]), "nan": np.array([np.nan, -np.nan, np.inf]),
              "F": np.asfortranarray(rng.normal(size=(2, 3)))}
    assert write_state(tmp_path / "x.npz", arrays, {}) is None
    loaded, facts = read_state(tmp_path / "x.npz")
    assert facts == {} and list(loaded) == list(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype and loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes() and loaded[name].flags.writeable


def test_facts_of_a_training(tmp_path):
    generator = np.random.PCG64(7)
    facts = {"epoch": 3, "losses": [0.1, 1e-310, float("nan"), -float("inf"), -0.0], "rng": generator.state,
             "optimizer": {"name": "Adam", "lr": 0.001}, "x_test": None, "verbose": True, "text": "学習 \ud800 \0", "empty": [[], {}]}
    write_state(tmp_path / "x", {}, facts)
    assert bits(read_state(tmp_path / "x")[1]) == bits(facts)
    assert facts["rng"]["state"]["state"] > 2**64


@pytest.mark.parametrize("pattern", ["7ff8000000000000", "fff8000000000000", "7ff8000000000123", "8000000000000000", "0000000000000001"])
def test_floats_keep_their_bits(tmp_path, pattern):
    value = struct.unpack(">d", bytes.fromhex(pattern))[0]
    write_state(tmp_path / "x", {}, {"value": [value]})
    assert struct.pack(">d", read_state(tmp_path / "x")[1]["value"][0]).hex() == pattern


@given(st.dictionaries(st.text().filter(lambda text: text != state.FLOAT), st.recursive(
    st.none() | st.booleans() | st.integers(-2**200, 2**200) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text().filter(lambda text: text != state.FLOAT), inner, max_size=3),
    max_leaves=5), max_size=3))
def test_any_facts(facts):
    text = json.dumps({"format": state.FORMAT, "version": 1, "facts": state._encoded(facts, "facts")}, allow_nan=False)
    assert bits(state._facts(np.frombuffer(text.encode(), np.uint8))) == bits(facts)


def test_scalars_of_numpy_and_tuples_come_back_as_pythons(tmp_path):
    write_state(tmp_path / "x", {}, {"n": np.int64(3), "x": np.float32(0.1), "t": (1, np.bool_(True))})
    facts = read_state(tmp_path / "x")[1]
    assert bits(facts) == bits({"n": 3, "x": float(np.float32(0.1)), "t": [1, True]})


@pytest.mark.parametrize("facts, kind, message", [
    ([1], TypeError, "facts is a list; it must be a dict"),
    ({"W": np.ones(2)}, TypeError, r"facts\['W'\] is a ndarray; .*arrays go into arrays"),
    ({"a": [0, {"b": 1j}]}, TypeError, r"facts\['a'\]\[1\]\['b'\] is a complex"),
    ({"a": {1: 2}}, TypeError, r"facts\['a'\] has the key 1; keys must be str"),
    ({"__float__": "x"}, TypeError, "facts has the key '__float__'"),
    ({"a": np.longdouble(1)}, TypeError, r"facts\['a'\] is a longdouble"),
    ({"a": 10**5000}, ValueError, "facts cannot be written"),
])
def test_facts_that_are_refused(tmp_path, facts, kind, message):
    with pytest.raises(kind, match=f"write_state: {message}"):
        write_state(tmp_path / "x", {}, facts)
    assert os.listdir(tmp_path) == []


def test_facts_within_themselves_are_refused(tmp_path):
    facts = {}
    facts["self"] = facts
    with pytest.raises(ValueError, match="write_state: facts cannot be written"):
        write_state(tmp_path / "x", {}, facts)


def test_arrays_are_checked_as_parameters_are(tmp_path):
    for arrays, kind, message in [([1], TypeError, "arrays is a list"), ({"": 1.0}, ValueError, "is empty"),
                                  ({"pynn.state": 1.0}, ValueError, "'pynn.state' is taken"),
                                  ({"a": 1j}, TypeError, r"arrays\['a'\] has dtype complex128"),
                                  ({"a": 1.0, "a.npy": 1.0}, ValueError, "'a' and 'a.npy' are one name")]:
        with pytest.raises(kind, match=f"write_state: .*{message}"):
            write_state(tmp_path / "x", arrays, {})
    assert os.listdir(tmp_path) == []


def head(**changes):
    content = {"format": state.FORMAT, "version": 1, "facts": {}} | changes
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


@pytest.mark.parametrize("arrays, message", [
    ({"W1": np.ones(2), "b1": np.ones(2)}, "no state file; it holds 'W1', 'b1', but no pynn.state"),
    ({}, "no state file; it holds nothing"),
    ({"pynn.state": head(version=2)}, "is a state file of version 2, and this pynn reads version 1"),
    ({"pynn.state": head(format="x")}, "they are of another format"),
    ({"pynn.state": head(facts=[])}, "they are no dict"),
    ({"pynn.state": head(facts={"a": {"__float__": "7f"}})}, "is damaged: its facts cannot be read"),
    ({"pynn.state": head(facts={"a": {"__float__": 1}})}, "is damaged: its facts cannot be read"),
    ({"pynn.state": np.ones(3)}, "pynn.state has dtype float64, not uint8"),
    ({"pynn.state": np.frombuffer(b"[" * 100_000, np.uint8)}, "is damaged: its facts cannot be read"),
    ({"pynn.state": np.frombuffer(b"{}", np.uint8)}, "they are of another format"),
])
def test_other_files(tmp_path, arrays, message):
    save_params(arrays, tmp_path / "x.npz")
    with pytest.raises(ValueError, match=f"read_state: .*x.npz.*{message}"):
        read_state(tmp_path / "x.npz")


def test_files_of_other_formats_compressed_and_truncated_ones(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, W1=np.ones(100))
    with pytest.raises(ValueError, match="read_state: .*x.npz: 'W1.npy' is packed with method 8; only stored"):
        read_state(path)
    write_state(path, {"W1": np.ones(2)}, {"step": 1})
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="read_state: .*x.npz is damaged or is no state file"):
            read_state(path)


def test_numpy_and_load_params_read_the_arrays(tmp_path):
    write_state(tmp_path / "x.npz", {"params/W1": np.ones(2)}, {"step": 1})
    assert load_params(tmp_path / "x.npz")["params/W1"].tolist() == [1, 1]
    with np.load(tmp_path / "x.npz", allow_pickle=False) as archive:
        assert sorted(archive.files) == ["params/W1", "pynn.state"]
        assert json.loads(archive["pynn.state"].tobytes())["facts"] == {"step": 1}
