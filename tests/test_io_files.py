"""Saving: the old file or the new one, whatever happens; modes, links and pipes as with `open`."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pynn.io import files, load_params, save_params
from pynn.io.state import read_state, write_state

posix = pytest.mark.skipif(os.name != "posix", reason="modes, pipes and locks of POSIX")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full and /proc")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# ---- as `open` would -------------------------------------------------------

@posix
@pytest.mark.parametrize("bits", [0o600, 0o640, 0o666, 0o755])
def test_a_replaced_file_keeps_its_mode(tmp_path, bits):
    path = tmp_path / "x.npz"
    save_params({"W": np.ones(2)}, path)
    path.chmod(bits)
    save_params({"W": np.zeros(2)}, path)
    assert mode(path) == bits and load_params(path)["W"].tolist() == [0, 0]


@posix
def test_a_new_file_follows_the_umask_and_is_never_wider_while_it_is_written(tmp_path):
    old = os.umask(0o027)
    try:
        with files.replacing(tmp_path / "x") as file:
            assert mode(file.name) == 0o640
        (tmp_path / "x").chmod(0o600)
        with files.replacing(tmp_path / "x") as file:
            assert mode(file.name) == 0o600
    finally:
        os.umask(old)


@posix
def test_links_stay_links(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "x.npz").symlink_to("y.npz")
    (tmp_path / "y.npz").symlink_to("there/z.npz")
    for value in (1.0, 2.0):                    # dangling first
        save_params({"W": np.full(1, value)}, tmp_path / "x.npz")
        assert load_params(tmp_path / "there" / "z.npz")["W"] == value
    assert (tmp_path / "x.npz").is_symlink() and (tmp_path / "y.npz").is_symlink()
    (tmp_path / "a.npz").symlink_to("b.npz")
    (tmp_path / "b.npz").symlink_to("a.npz")
    with pytest.raises(OSError, match=f"save_params: cannot write .*a.npz: {os.strerror(errno.ELOOP)}"):
        save_params({}, tmp_path / "a.npz")


@posix
@pytest.mark.parametrize("suffix", [".npz", ".pkl", ".safetensors"])
def test_a_pipe_is_written_to(tmp_path, suffix):
    pipe, copy = tmp_path / f"pipe{suffix}", tmp_path / f"copy{suffix}"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: copy.write_bytes(pipe.read_bytes()))
    reader.start()
    save_params({"W": np.ones(3)}, pipe)
    reader.join(10)
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)
    assert load_params(copy)["W"].tolist() == [1, 1, 1]


@linux
def test_a_standard_stream_is_written_to(tmp_path):
    (tmp_path / "out.pkl").symlink_to("/dev/stdout")
    program = f"import numpy as np, pynn; pynn.save_params({{'W': np.ones(2)}}, {str(tmp_path / 'out.pkl')!r}); print('after')"
    with open(tmp_path / "got", "wb") as got:
        subprocess.run([sys.executable, "-c", program], stdout=got, check=True)
    assert sorted(os.listdir(tmp_path)) == ["got", "out.pkl"]
    assert b"after" in (tmp_path / "got").read_bytes()


@posix
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"
    save_params({"W": np.ones(2)}, path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)         # root may write anything
    with pytest.raises(PermissionError, match="save_params: cannot write .*x.npz: permission denied"):
        save_params({"W": np.zeros(2)}, path)
    assert load_params(path)["W"].tolist() == [1, 1]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(tmp_path):
    save_params({"W": np.ones(2)}, tmp_path / "x.npz")
    os.chown(tmp_path / "x.npz", 12345, 23456)
    os.chmod(tmp_path / "x.npz", 0o640)
    save_params({"W": np.zeros(2)}, tmp_path / "x.npz")
    status = os.stat(tmp_path / "x.npz")
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 23456, 0o640)


# ---- errors in words -------------------------------------------------------

def test_errors_name_the_file_and_say_why(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    for call, kind, words in [
            (lambda path: save_params({}, path / "none" / "x.npz"), FileNotFoundError, "cannot write .*x.npz: there is no folder .*none"),
            (lambda path: load_params(path / "none" / "x.npz"), FileNotFoundError, "cannot read .*x.npz: there is no folder .*none"),
            (lambda path: load_params(path / "x.npz"), FileNotFoundError, "cannot read .*x.npz: there is no such file"),
            (lambda path: read_state(path / "x.npz"), FileNotFoundError, "cannot read .*x.npz: there is no such file"),
            (lambda path: write_state(path / "none" / "x", {}, {}), FileNotFoundError, "write_state: cannot write"),
            (lambda path: save_params({}, path / "folder.npz"), OSError, "cannot write .*: it is a folder"),
            (lambda path: load_params(path / "folder.npz"), OSError, "cannot read .*: it is a folder")]:
        with pytest.raises(kind, match=words) as caught:
            call(tmp_path)
        assert "[Errno" not in str(caught.value) and caught.value.errno
    assert os.listdir(tmp_path) == ["folder.npz"]


@posix
def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(OSError, match=f"cannot write .*: {os.strerror(errno.ENAMETOOLONG)}"):
        save_params({}, tmp_path / ("x" * 300 + ".npz"))


@pytest.mark.parametrize("path", [3, None, ["x.npz"]])
def test_paths_must_be_paths(path):
    for call in (lambda: save_params({}, path), lambda: load_params(path), lambda: read_state(path)):
        with pytest.raises(TypeError, match=f"the path is a {type(path).__name__}"):
            call()
    with pytest.raises(ValueError, match="the path 'x.0.npz' has a NUL".replace("x.0", r"x\\x000")):
        load_params("x\x000.npz")


@linux
@pytest.mark.parametrize("suffix", [".npz", ".pkl", ".safetensors"])
def test_a_full_device(tmp_path, suffix):
    (tmp_path / f"x{suffix}").symlink_to("/dev/full")
    with pytest.raises(OSError, match=rf"save_params: cannot write .*x{suffix}: .*the disk is full") as caught:
        save_params({"W": np.ones(100_000)}, tmp_path / f"x{suffix}")
    assert caught.value.errno == errno.ENOSPC


# ---- killed (test_faults.py does it at every step) -------------------------

@posix
def test_only_the_temporary_files_of_dead_saves_of_this_path_are_cleared(tmp_path):
    with files.replacing(tmp_path / "x") as living:
        living.write(b"first")
        dead = Path(living.name[:-5] + ("0.tmp" if living.name[-5] == "9" else "9.tmp"))
        dead.write_bytes(b"of a killed save")
        other = tmp_path / ".pynn-00000000-0.tmp"
        other.write_bytes(b"of another path")
        with files.replacing(tmp_path / "x") as second:
            second.write(b"second")
        assert not dead.exists() and other.exists() and os.path.exists(living.name)
        assert (tmp_path / "x").read_bytes() == b"second"
    assert (tmp_path / "x").read_bytes() == b"first"
    assert sorted(os.listdir(tmp_path)) == [other.name, "x"]


def test_without_locks_only_old_temporary_files_are_cleared(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "fcntl", None)           # as on Windows
    with files.replacing(tmp_path / "x") as file:
        file.write(b"1")
    prefix = os.path.basename(file.name)[:15]
    for name, age in (("young", 10), ("old", 2 * files.ABANDONED)):
        (tmp_path / f"{prefix}{name}.tmp").write_bytes(b"")
        os.utime(tmp_path / f"{prefix}{name}.tmp", (time.time() - age,) * 2)
    with files.replacing(tmp_path / "x") as file:
        file.write(b"2")
    assert (tmp_path / "x").read_bytes() == b"2"
    assert sorted(os.listdir(tmp_path)) == [f"{prefix}young.tmp", "x"]


def test_saves_to_one_path_from_several_threads(tmp_path):
    errors = []

    def save(value):
        try:
            for _ in range(10):
                save_params({"W": np.full(1000, value)}, tmp_path / "x.npz")
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=save, args=(float(value),)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and os.listdir(tmp_path) == ["x.npz"]
    assert len(set(load_params(tmp_path / "x.npz")["W"])) == 1


def test_a_save_waits_for_a_reader(tmp_path):
    """Who has the file open keeps Windows from replacing it; elsewhere from nothing."""
    save_params({"W": np.ones(2)}, tmp_path / "x.npz")
    with open(tmp_path / "x.npz", "rb") as file:
        timer = threading.Timer(0.2, file.close)
        timer.start()
        save_params({"W": np.zeros(2)}, tmp_path / "x.npz")
    timer.join()
    assert load_params(tmp_path / "x.npz")["W"].tolist() == [0, 0]


def test_loads_while_others_save(tmp_path):
    save_params({"W": np.ones(1000)}, tmp_path / "x.npz")
    errors, ended = [], threading.Event()

    def load():
        try:
            while not ended.wait(0.001):
                load_params(tmp_path / "x.npz")
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for value in range(50):
            save_params({"W": np.full(1000, float(value))}, tmp_path / "x.npz")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not errors


def test_what_windows_refuses_is_asked_for_again_and_not_for_ever(tmp_path, monkeypatch):
    replace, refused = os.replace, []

    def refuse(source, target):
        refused.append(target)
        if len(refused) < 4:
            raise PermissionError(errno.EACCES, "Access is denied")
        replace(source, target)
    monkeypatch.setattr(files, "fcntl", None)           # as on Windows
    monkeypatch.setattr(os, "replace", refuse)
    save_params({"W": np.ones(2)}, tmp_path / "x.npz")
    assert len(refused) == 4 and load_params(tmp_path / "x.npz")["W"].tolist() == [1, 1]

    refused.clear()
    monkeypatch.setattr(files, "PATIENCE", -1)
    with pytest.raises(PermissionError, match="save_params: cannot write .*x.npz: permission denied"):
        save_params({"W": np.zeros(2)}, tmp_path / "x.npz")
    assert len(refused) == 1 and os.listdir(tmp_path) == ["x.npz"]
    assert load_params(tmp_path / "x.npz")["W"].tolist() == [1, 1]


def test_ctrl_c_leaves_the_old_file(tmp_path, monkeypatch):
    save_params({"W": np.ones(3)}, tmp_path / "x.npz")

    def interrupt(fd):
        raise KeyboardInterrupt
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_params({"W": np.zeros(3)}, tmp_path / "x.npz")
    assert os.listdir(tmp_path) == ["x.npz"] and load_params(tmp_path / "x.npz")["W"].tolist() == [1, 1, 1]
