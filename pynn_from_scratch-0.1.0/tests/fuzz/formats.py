"""Every kind of file that pynn reads: a few sound ones, how one is read, and what reading must leave as it was."""

import contextlib
import gzip
import io
import pickle
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import numpy as np
from fuzz import mutate

import pynn
from pynn import datasets
from pynn.cli import data as tables
from pynn.io import load_params, save_params
from pynn.io.state import read_state, write_state

MB = 1 << 20
ARRAYS = {"W1": np.arange(12.0).reshape(4, 3), "b1": np.ones(3, np.float32), "W2": np.arange(6, dtype=">i2").reshape(3, 2),
          "b2": np.array([True, False]), "block/0/half": np.float16([1, np.nan])}


@dataclass
class Format:
    """Files of one kind.

    Attributes
    ----------
    name : str
        Of the file, where its name counts.
    samples : list of bytes
    read : function of the path
    inside : function, optional
        Damages what the file wraps, as in `fuzz.mutate`.
    most : function of the bytes
        How many bytes reading may allocate: what docs/files.md and docs/data.md allow, and what a sound file of the fuzzer takes.
    state : function, optional
        What reading must not change when it fails.
    """
    name: str
    samples: list
    read: Callable
    inside: Any = None
    most: Callable = lambda data: 4 * MB + 40 * len(data)
    state: Any = None
    beside: dict = field(default_factory=dict)          # other files of the folder


def saved(save, name, folder):
    """The bytes that `save` writes to a file of that name."""
    path = Path(folder) / f"sample-{name}"
    save(path)
    data = path.read_bytes()
    path.unlink()
    return data


def weights(folder):
    """Parameters in their three formats, as pynn, NumPy and the book write them."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **ARRAYS)
    stored = [saved(lambda path: save_params(arrays, path), "x.npz", folder) for arrays in (ARRAYS, {"W": np.zeros((0, 3))}, {})]
    tensors = [saved(lambda path: save_params(arrays, path), "x.safetensors", folder) for arrays in (ARRAYS, {"W": np.zeros((0, 3))}, {})]
    native = {name: array.astype(array.dtype.newbyteorder("=")) for name, array in ARRAYS.items()}
    pickled = [pickle.dumps(arrays, protocol) for arrays in (native, {"W": np.asfortranarray(np.eye(2)), "lr": np.float64(2), "n": 3})
               for protocol in (0, 2, 4, 5)]
    expands = lambda data: 64 * MB + 70 * len(data)     # 16 MB or 32 times the length, held up to four times while it is copied
    return {"weights.npz": Format("x.npz", [packed.getvalue(), *stored], load_params, mutate.inside_zip, expands),
            "weights.safetensors": Format("x.safetensors", tensors, load_params, mutate.inside_safetensors),
            "weights.pkl": Format("x.pkl", pickled, load_params)}


def networks(folder):
    """Files read into a network, and into a training: one that does not fit changes neither."""
    np.random.seed(0)
    net = pynn.TwoLayerNet(4, 3, 2)
    x, t = np.ones((6, 4)), np.array([0, 1, 0, 1, 0, 1])
    trainer = pynn.Trainer(net, x, t, x, t, epochs=1, mini_batch_size=2, optimizer="adam", verbose=False,
                           callbacks=[pynn.EarlyStopping(patience=3)], validation_split=0.34)
    trainer.train_step()
    checkpoint = saved(trainer.save, "run.npz", folder)
    state = saved(lambda path: write_state(path, ARRAYS, {"epoch": 3, "losses": [2.3, float("nan")], "deep": {"a": [None, True, "b"]}}),
                  "state.npz", folder)
    archive = {"inside": mutate.inside_zip, "most": lambda data: 64 * MB + 70 * len(data)}
    return {"network.npz": Format("net.npz", [saved(net.save_params, "net.npz", folder)], net.load_params, **archive,
                                  state=lambda: {name: array.tobytes() for name, array in net.params.items()}),
            "state.npz": Format("state.npz", [state, checkpoint], read_state, **archive),
            "checkpoint.npz": Format("run.npz", [checkpoint], trainer.load, **archive, state=lambda: _state_of(trainer))}


def _state_of(trainer):
    """Everything that a checkpoint holds, as one text of bytes."""
    from pynn.training import state
    parts = [{name: array.tobytes() for name, array in trainer.network.params.items()}, state.random_state(None),
             trainer.current_iter, trainer.current_epoch, trainer.train_loss_list, trainer.latest, trainer.history]
    for thing in (trainer.optimizer, *trainer.callbacks):
        arrays, facts = state.object_state(thing, "x")
        parts += [{name: (array.shape, array.tobytes()) for name, array in arrays.items()}, facts]
    return repr(parts)


def idx(array, code=8):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()


def data_sets(folder):
    """IDX files, alone and in a folder; archives as of Keras and MedMNIST; the book's pickle; a table."""
    x, t = np.arange(5 * 28 * 28, dtype=np.uint8).reshape(5, 28, 28), np.arange(5, dtype=np.uint8)
    files = [idx(x), idx(t), idx(np.arange(3, dtype=">i4"), 12), idx(np.zeros((0, 3), ">f8"), 14)]
    four = {"train-images-idx3-ubyte": idx(x), "train-labels-idx1-ubyte.gz": gzip.compress(idx(t)), "t10k-images-idx3-ubyte": idx(x),
            "t10k-labels-idx1-ubyte": idx(t)}
    keras, medical = ({f"{a}_{part}" if first == a else f"{part}_{a}": array for part in parts for a, array in arrays.items()}
                      for first, parts, arrays in (("x", ("train", "test"), {"x": x, "y": t}),
                                                   ("train", ("train", "test", "val"), {"images": x, "labels": t[:, None]})))
    book = {"train_img": x.reshape(5, -1), "train_label": t, "test_img": x.reshape(5, -1), "test_label": t}
    table = "\n".join(["a,b,c", *(f"{i},{i * i / 7},{i % 2}" for i in range(12))]).encode()
    unpacks = lambda data: 4 * MB + 3 * 1032 * len(data)        # what deflate can make of its bytes, as bytes, as float32 and as labels
    home = {"most": unpacks, "beside": {}}

    def archive(arrays):
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    return {"idx": Format("x", files, datasets.read_idx),
            "idx.gz": Format("x.gz", [gzip.compress(file) for file in files], datasets.read_idx, mutate.inside_gzip, unpacks),
            "folder": Format("train-images-idx3-ubyte", [four["train-images-idx3-ubyte"]], lambda path: datasets.load_folder(path.parent),
                             beside=four),
            "folder.gz": Format("train-labels-idx1-ubyte.gz", [four["train-labels-idx1-ubyte.gz"]],
                                lambda path: datasets.load_folder(path.parent, one_hot_label=True), mutate.inside_gzip, unpacks, beside=four),
            "keras.npz": Format("mnist.npz", [archive(keras)], lambda path: datasets.load_mnist(data_home=path, download=False),
                                mutate.inside_zip, **home),
            "medmnist.npz": Format("bloodmnist.npz", [archive(medical)], lambda path: datasets.load_folder(path, validation=True),
                                   mutate.inside_zip, **home),
            "book.pkl": Format("mnist.pkl", [pickle.dumps(book, protocol) for protocol in (2, 4)],
                               lambda path: datasets.load_mnist(data_home=path.parent, download=False)),
            "table.csv": Format("x.csv", [table, b"1;2\n" * 12, b"\xef\xbb\xbf" + table], lambda path: tables.load(str(path), True),
                                most=lambda data: 4 * MB + 200 * len(data))}


def pictures(folder):
    """Pictures in the formats and modes that Pillow writes."""
    from PIL import Image
    ink = np.full((40, 30), 250, np.uint8)
    ink[8:30, 12:18] = 10
    grey = Image.fromarray(ink)
    samples = []
    for image, kind, options in ((grey, "png", {}), (grey.convert("RGBA"), "png", {}), (grey.convert("P"), "png", {"transparency": 3}),
                                 (grey.convert("1"), "png", {}), (Image.fromarray(ink.astype(np.uint16) * 257), "png", {}),
                                 (grey.convert("RGB"), "png", {"transparency": (10, 10, 10)}), (grey.convert("RGB"), "jpeg", {}),
                                 (grey, "jpeg", {}), (grey.convert("P"), "gif", {}), (grey, "bmp", {}), (grey, "ppm", {}),
                                 (grey, "tiff", {}), (grey.convert("F"), "tiff", {}), (grey.convert("RGBA"), "webp", {})):
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        samples.append(buffer.getvalue())
    return {"picture": Format("x.png", samples, datasets.load_image, most=_of_pixels)}


def _of_pixels(data):
    """What the pixels that a picture's header promises take, as float32 and float64: Pillow checks that header, and its limit."""
    from PIL import Image
    with contextlib.suppress(Exception), Image.open(io.BytesIO(data)) as image:
        return 8 * MB + 40 * image.width * image.height
    return 8 * MB


def formats(folder):
    """All of them by name."""
    return {**weights(folder), **networks(folder), **data_sets(folder), **pictures(folder)}
