"""What writes files, killed at every step and on a full disk: ``python tests/dying.py {parameters,checkpoint,download} FOLDER``.

For every step a process of its own begins the work and is killed there, as ``kill -9`` would, and what the folder holds must be
the old state or the new one. Then every way for a disk to be full must leave the old one, name the file, and leave nothing beside it.
"""

import contextlib
import errno
import gzip
import hashlib
import importlib
import os
import re
import resource
import subprocess
import sys
from unittest import mock

import numpy as np

import pynn
from pynn.datasets import DatasetError, load_mnist, mnist
from pynn.datasets.folder import NAMES
from pynn.datasets.idx import idx_header

# A step is a line of these: nothing else touches a file.
WATCHED = tuple(f"pynn/io/{name}.py" for name in ("files", "npz", "pickles", "safetensors"))


def dies_at(step, work):
    """Whether `work` was over before so many lines had run."""
    steps = 0

    def trace(frame, event, arg):
        nonlocal steps
        if not frame.f_code.co_filename.endswith(WATCHED):
            return None
        steps += 1
        if steps > step:
            os._exit(9)
        return trace

    child = os.fork()
    if not child:
        sys.settrace(trace)
        work()
        sys.settrace(None)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9), code
    return code == 0


def kill_everywhere(old, new, found, folder):
    """`old` makes the folder, `new` changes it; `found` is 'old' or 'new', or raises if it is neither."""
    old()
    names, step, left, seen, over = set(os.listdir(folder)), 0, 0, set(), False
    while not over:
        over = dies_at(step, new)
        state = found()
        beside = {name for name in os.listdir(folder) if name.startswith(".pynn-")}
        assert len(beside) <= 1, beside                     # the next one has cleared what the last one left
        seen.add(state)
        left += len(beside)
        step += 1
        if state == "new" and not over:
            old()
    assert seen == {"old", "new"} and left > 5, (seen, left)
    assert len(set(os.listdir(folder)) - names) <= 1 and not beside
    print(f"killed at {step - 1} steps, {left} times with a file half written")


def full_disks(size):
    """Every way for a disk to be full while a file of so many bytes is written."""
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    yield from (mock.patch.object(os, name, refuse) for name in ("fsync", "replace", "open"))
    yield from (limited(n) for n in sorted({0, 1, size - 1, *range(0, size, max(1, size // 40))}))


@contextlib.contextmanager
def limited(n):
    """No file may have more than n bytes. The system says EFBIG then, at the very writes where a disk would say ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill_everywhere(old, new, found, folder, path):
    new()
    size = os.path.getsize(path)
    old()
    names, disks = sorted(os.listdir(folder)), 0
    for disk in full_disks(size):
        try:
            with disk:
                new()
        except (OSError, DatasetError) as error:
            assert os.path.basename(path) in str(error) and re.search("No space left|File too large", str(error)), error
        else:
            raise AssertionError("nobody noticed")
        assert found() == "old" and sorted(os.listdir(folder)) == names
        disks += 1
    print(f"{disks} full disks")


def try_everything(old, new, found, path):
    kill_everywhere(old, new, found, os.path.dirname(path))
    fill_everywhere(old, new, found, os.path.dirname(path), path)


def parameters(folder):
    values = {"old": np.zeros(3), "new": np.ones(20_000)}       # longer than any buffer
    for suffix in (".npz", ".pkl", ".safetensors"):
        path = os.path.join(folder, "weights" + suffix)

        def found():
            W = pynn.load_params(path)["W"]
            return next(name for name, value in values.items() if np.array_equal(W, value))

        try_everything(lambda: pynn.save_params({"W": values["old"]}, path), lambda: pynn.save_params({"W": values["new"]}, path),
                       found, path)
        os.remove(path)


def checkpoint(folder):
    path = os.path.join(folder, "training.npz")
    x, t = np.random.rand(60, 8), np.random.randint(0, 3, 60)

    def build(epochs):
        np.random.seed(0)
        network = pynn.TwoLayerNet(8, 60, 3)
        trainer = pynn.Trainer(network, x, t, x, t, epochs=epochs, mini_batch_size=20, optimizer="Adam", verbose=False)
        trainer.train()
        return trainer

    trainers, loaded = {"old": build(1), "new": build(2)}, build(1)

    def found():
        loaded.load(path)
        state = {3: "old", 6: "new"}[loaded.current_iter]
        for name, value in trainers[state].network.params.items():
            assert np.array_equal(loaded.network.params[name], value), name
        return state

    try_everything(lambda: trainers["old"].save(path), lambda: trainers["new"].save(path), found, path)


@contextlib.contextmanager
def server(folder):
    with subprocess.Popen([sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        yield "http://127.0.0.1:" + re.search(r"port (\d+)", process.stdout.readline())[1] + "/"
        process.terminate()


def download(folder):
    """One file of a set, whose others are there."""
    for name in ("pooch", "requests", "tqdm"):             # once, and not in every process that dies
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    rng = np.random.default_rng(0)
    shapes = [(30, 28, 28), 30, (90, 28, 28), 90]
    arrays = [rng.integers(0, 10, shape).astype(np.uint8) for shape in shapes]
    contents = {name: idx_header(array) + array.tobytes() for name, array in zip(NAMES, arrays)}
    served, cache = os.path.join(folder, "served"), os.path.join(folder, "caches", "pynn", "mnist")
    path = os.path.join(cache, NAMES[2])
    os.mkdir(served)
    os.makedirs(cache)
    for name, content in contents.items():
        with open(os.path.join(served, f"{name}.gz"), "wb") as file:
            file.write(gzip.compress(content))
        with open(os.path.join(cache, name), "wb") as file:
            file.write(content)
    os.environ |= {"XDG_CACHE_HOME": os.path.join(folder, "caches"), "NO_PROXY": "*"}
    os.environ.pop("PYNN_DATA_HOME", None)

    def forget():
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)

    def found():
        if not os.path.exists(path):
            return "old"
        with open(path, "rb") as file:
            assert file.read() == contents[NAMES[2]]
        return "new"

    with server(served) as url:
        sums = tuple(hashlib.sha256(content).hexdigest() for content in contents.values())
        mnist.MNIST = mnist.MNIST._replace(mirrors=(url,), sums=sums)
        try_everything(forget, load_mnist, found, path)


if __name__ == "__main__":
    {"parameters": parameters, "checkpoint": checkpoint, "download": download}[sys.argv[1]](sys.argv[2])
