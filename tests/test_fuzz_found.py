"""What `make fuzz` and the failing allocations have found, each as plain as it can be."""

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

import pynn
from pynn import _core, datasets
from pynn.cli import data as tables
from pynn.io import files, save_params
from pynn.io.state import read_state, write_state

X = np.ones((2, 3))
IMAGES = np.ones((2, 1, 4, 4))
ENORMOUS = np.broadcast_to(np.float32(1), (2**46,))     # four bytes that say they are more than any machine can address


def refuses(kind, says, f, *args):
    with pytest.raises(kind, match=says):
        f(*args)


# ---- calls -------------------------------------------------------------------

def test_a_conversion_without_memory_names_the_function():
    x = ENORMOUS.view(">f4")
    refuses(MemoryError, r"^relu: there is no memory for an array of shape \(70368744177664,\) and dtype float32", _core.relu, x)
    refuses(MemoryError, "^mean_squared_error: there is no memory", _core.mean_squared_error, x, x)
    refuses(MemoryError, "^Relu.backward: there is no memory", _core.relu_backward, X, np.broadcast_to(True, (2**46, 2))[:, ::-1])


@pytest.mark.parametrize("says, call", [
    ("Affine.backward: needs_dx", lambda flag: _core.affine_backward(X, np.ones((3, 2)), np.ones((2, 2)), flag)),
    ("Convolution.backward: needs_dx", lambda flag: _core.conv_backward(IMAGES, IMAGES[:1], np.ones((2, 1, 1, 1)), 1, 0, flag)),
    ("Convolution.forward: pool", lambda flag: _core.conv_block_forward(IMAGES, IMAGES[:1], None, 1, 0, flag, False)),
    ("Convolution.forward: channels_last", lambda flag: _core.conv_block_forward(IMAGES, IMAGES[:1], None, 1, 0, False, flag)),
    ("IdentityWithLoss.forward: mean", lambda flag: _core.identity_with_loss(X, X, flag)),
    ("IdentityWithLoss.backward: mean", lambda flag: _core.identity_with_loss_backward(X, X, 1.0, flag)),
])
def test_what_is_neither_true_nor_false_is_named(says, call):
    refuses(TypeError, f"^{says} is a ndarray, which is neither true nor false", call, np.ones(2))


def test_texts_that_are_none_are_named():
    refuses(TypeError, "^use_kernels: name is a int", _core.use_kernels, 3)
    refuses(TypeError, "^use_kernels: name is a str that cannot be read", _core.use_kernels, "\ud800")
    refuses(TypeError, "^as_array: func is a NoneType", _core.as_array, None, "x", X)
    refuses(ValueError, "^use_kernels: name is 'z80'", _core.use_kernels, "z80")


def test_an_error_of_one_argument_survives_the_reading_of_the_next():
    """An array of a kind of its own is asked for its class, which forgets an exception."""
    refuses(TypeError, "^tour: a has dtype object", _core.tour, 4, len, np.arange(9).view(np.recarray))


def test_one_row_may_have_any_stride():
    """Where an axis has one element, NumPy takes an array for contiguous whatever its stride there; rows were copied by it."""
    x = np.arange(12.0).reshape(3, 4)[::3]
    assert x.flags.c_contiguous and x.strides[0] == 96
    out = _core.take_rows(x, np.zeros(2, np.int64))
    assert out.tolist() == [[0, 1, 2, 3]] * 2


def test_numbers_of_rows_are_copied_before_anything_is_taken():
    """So what is larger than any memory is refused at once."""
    rows = np.broadcast_to(np.int64(0), (1 << 10, 1 << 10))
    tracemalloc.start()
    try:
        out = _core.take_rows(np.zeros((5, 0)), rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out.shape == (1 << 10, 1 << 10, 0) and peak >= 8 * rows.size
    refuses(TypeError, "^take_rows: rows has dtype bool; it must be whole numbers", _core.take_rows, X, [True])


def test_enormous_params_are_counted_before_they_are_read():
    refuses(ValueError, "^numerical_gradient: params has 70368744177664 arrays", _core.mlp_numerical_gradient, X, [0, 1], ENORMOUS, "relu")


# ---- files -------------------------------------------------------------------

def archive_of(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def test_an_archive_whose_header_is_no_python(tmp_path):
    """NumPy reads the headers of Python 2 with the tokenizer, which has errors of its own."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3L,"
    member = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + bytes(3)
    path = tmp_path / "x.npz"
    path.write_bytes(archive_of(train_images=member, train_labels=member, test_images=member, test_labels=member))
    refuses(datasets.DatasetError, "x.npz: array 'train_images' is damaged", datasets.load_folder, path)


def test_a_picture_whose_header_is_no_number(tmp_path):
    path = tmp_path / "x.ppm"
    path.write_bytes(b"P5 4 true 255\n" + bytes(16))
    refuses(datasets.DatasetError, "x.ppm is a damaged picture", datasets.load_image, path)


def test_a_picture_that_announces_more_than_it_holds(tmp_path):
    """Pillow asks the file for as many bytes as a chunk says that it has, and an open file of Python makes room for them."""
    from PIL import Image
    path = tmp_path / "x.png"
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)
    content = bytearray(path.read_bytes())
    at = content.index(b"IDAT") - 4
    content[at:at + 4] = (1 << 28).to_bytes(4, "big")
    path.write_bytes(content)
    tracemalloc.start()
    try:
        refuses(datasets.DatasetError, "load_image", datasets.load_image, path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


def test_a_table_that_is_no_text(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\xff\n1,2\n")
    refuses(ValueError, "x.csv: a table has numbers", tables.load, str(path), True)


@pytest.fixture
def trainer():
    np.random.seed(0)
    x, t = np.ones((6, 4)), np.array([0, 1, 0, 1, 0, 1])
    trainer = pynn.Trainer(pynn.TwoLayerNet(4, 3, 2), x, t, x, t, epochs=2, mini_batch_size=2, optimizer="adam", verbose=False,
                           callbacks=[pynn.EarlyStopping(patience=3)], validation_split=0.34)
    trainer.train_step()
    return trainer


def changed(path, change):
    """The checkpoint with its arrays and facts changed."""
    arrays, facts = read_state(path)
    change(arrays, facts)
    write_state(path, arrays, facts)


CHANGES = {
    "a counter too many": lambda a, f: f["counters"].update(train_step=3),
    "a counter that is text": lambda a, f: f["counters"].update(current_iter="7"),
    "no objects to speak of": lambda a, f: f.update(objects=5),
    "no random state": lambda a, f: f.update(random={"bit_generator": "none"}),
    "a random state of a generator": lambda a, f: f.update(rng=3),
    "latest of text": lambda a, f: f.update(latest={"loss": "low"}),
    "a list that is a number": lambda a, f: a.update({"lists/train_loss_list": np.array(3.0)}),
    "a list under a wrong name": lambda a, f: a.update({"lists/train_loss_list.": a.pop("lists/train_loss_list")}),
    "a history of matrices": lambda a, f: a.update({"history/loss": np.ones((2, 2))}),
    "an order with one sample twice": lambda a, f: a["order"].__setitem__(slice(None), 0),
    "a method": lambda a, f: f["objects"][0]["plain"].update(update=3),
    "a method as an array": lambda a, f: a.update({"object1/on_epoch": np.ones(2)}),
    "a group that is gone": lambda a, f: f["objects"][0]["groups"].update(m="list"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_damaged_checkpoint_changes_nothing(what, trainer, tmp_path):
    path = tmp_path / "run.npz"
    trainer.save(path)
    trainer.train_step()
    trainer.save(tmp_path / "now.npz")
    changed(path, CHANGES[what])
    refuses(ValueError, r"^Trainer.load: .*run.npz", trainer.load, path)
    trainer.save(tmp_path / "after.npz")
    assert (tmp_path / "after.npz").read_bytes() == (tmp_path / "now.npz").read_bytes()
    trainer.train_step()


def test_a_checkpoint_is_read_after_a_damaged_one(trainer, tmp_path):
    trainer.save(tmp_path / "good.npz")
    trainer.save(tmp_path / "bad.npz")
    changed(tmp_path / "bad.npz", CHANGES["no random state"])
    losses = [trainer.train_step() for _ in range(3)]
    refuses(ValueError, "is damaged", trainer.load, tmp_path / "bad.npz")
    trainer.load(tmp_path / "good.npz")
    assert [trainer.train_step() for _ in range(3)] == losses


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("step", ["open", "_prepare"])
def test_no_temporary_file_is_left_however_early_a_save_ends(error, step, tmp_path, monkeypatch):
    save_params({"W": X}, tmp_path / "x.npz")

    def fails(*args, **kwargs):
        if step == "open":
            os.close(kwargs["opener"](args[0], os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        raise error

    monkeypatch.setattr(files, step, fails, raising=False)
    with pytest.raises(error):
        save_params({"W": X + 1}, tmp_path / "x.npz")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"] and (pynn.load_params(tmp_path / "x.npz")["W"] == 1).all()
