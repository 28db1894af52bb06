"""Writing files whole or not at all, and saying in words why a file cannot be read or written."""

import binascii
import errno
import os
import stat
import time
from contextlib import contextmanager, suppress

try:
    import fcntl
except ImportError:             # Windows
    fcntl = None            # type: ignore[assignment]

ABANDONED = 3600                # seconds after which a temporary file that nobody can lock counts as dead
PATIENCE = 2                    # seconds for which Windows is asked again for a file that others have open


@contextmanager
def replacing(path):
    """Open a new binary file that takes the place of `path` when the block ends.

    The bytes go to a temporary file in the same folder, which is renamed to
    `path` once they are on the disk.  If the block raises, the temporary file
    is removed and `path` is as it was.  What a killed process left behind is
    removed by the next save to the same `path`.

    As with `open`, a symbolic link stays one, a file that is replaced keeps its
    mode, and a pipe, a device or a standard stream is written to as it stands.
    """
    target = _target(path)
    if target is None:
        with open(path, "wb") as file:
            yield file
        return
    old = _status(target)
    folder, name = os.path.split(target)
    prefix = f".pynn-{binascii.crc32(os.fsencode(name)):08x}-"
    _clear(folder, prefix)
    file = _temporary(folder, prefix, old)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl:           # with the file open, and so locked, until it has its name
                os.replace(file.name, target)
        if not fcntl:           # Windows renames no open file
            when_free(os.replace, file.name, target)
    except BaseException:
        with suppress(OSError):
            os.remove(file.name)
        raise


def when_free(action, *arguments):
    """``action(*arguments)``. Windows replaces no file that somebody has open, and opens none that is being replaced: ask again for a while."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return action(*arguments)
        except PermissionError:
            if fcntl or time.monotonic() > until or os.path.isdir(arguments[0]):
                raise
        time.sleep(0.001)


def _target(path):
    """The regular file at `path`, seen through its links; None if it is to be opened as it stands."""
    status = _status(path)
    if status and stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if status and not stat.S_ISREG(status.st_mode):
        return None
    hop = os.path.abspath(path)
    while os.path.islink(hop):
        if hop.startswith("/proc/"):            # /dev/stdout, redirected into a file
            return None
        hop = os.path.join(os.path.dirname(hop), os.readlink(hop))
    if status and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return os.path.realpath(path)


def _status(path):
    with suppress(FileNotFoundError):
        return os.stat(path)


def _temporary(folder, prefix, old):
    """A new locked file of a name of its own, with the mode and owner of `old`."""
    mode = stat.S_IMODE(old.st_mode) if old else 0o666
    while True:
        path = os.path.join(folder, f"{prefix}{os.urandom(6).hex()}.tmp")
        file = None
        try:
            file = open(path, "xb", opener=lambda path, flags: os.open(path, flags, mode))
            _prepare(file, mode, old)
            if os.path.exists(path):            # not cleared by another save before it was locked
                return file
        except FileExistsError:                 # another's
            raise
        except BaseException:                   # Ctrl-C, or no memory
            if file:
                file.close()
            with suppress(OSError):
                os.remove(path)
            raise
        file.close()


def _prepare(file, mode, old):
    """Give a temporary file the owner and mode of `old`, and lock it."""
    if old and hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(file.name, old.st_uid, old.st_gid)
    if old:
        with suppress(OSError):                 # a file system without modes
            os.chmod(file.name, mode)
    if fcntl:
        with suppress(OSError):                 # one without locks
            fcntl.flock(file, fcntl.LOCK_EX)


def _clear(folder, prefix):
    """Remove the temporary files of saves that were killed."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(prefix) and name.endswith(".tmp"):
                _remove_dead(os.path.join(folder, name))


def _remove_dead(path):
    """Remove a temporary file unless a living process has it locked."""
    with suppress(OSError):
        if fcntl:
            with open(path, "rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.remove(path)
        elif time.time() - os.stat(path).st_mtime > ABANDONED:
            os.remove(path)


def path_of(path, caller):
    """`path` as a str."""
    try:
        path = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"{caller}: the path is a {type(path).__name__}; it must be a str or a pathlib.Path") from None
    if "\0" in path:
        raise ValueError(f"{caller}: the path {path!r} has a NUL character in it")
    return path


@contextmanager
def in_words(caller, path, doing):
    """Word the errors of the system: ``save_params: cannot write w.npz: it is a folder``."""
    try:
        yield
    except OSError as error:
        worded = type(error)(f"{caller}: cannot {doing} {path}: {_reason(error, path)}")
        worded.errno = error.errno
        raise worded from error
    except MemoryError as error:
        raise MemoryError(f"{caller}: not enough memory to {doing} {path}{f' ({error})' if str(error) else ''}") from error


def _reason(error, path):
    folder = os.path.dirname(os.path.realpath(path))
    if error.errno == errno.ENOENT:
        return "there is no such file" if os.path.isdir(folder) else f"there is no folder {folder}"
    if error.errno == errno.EISDIR or os.path.isdir(path):          # Windows says no more than that it is denied
        return "it is a folder"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied" + (" (is it open in another program?)" if os.name == "nt" else "")
    return (error.strerror or str(error)) + (" (the disk is full)" if error.errno == errno.ENOSPC else "")
