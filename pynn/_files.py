"""Writing files whole or not at all."""

import os
from contextlib import contextmanager, suppress


@contextmanager
def replacing(path):
    """Open a new binary file that takes the place of `path` when the block ends.

    The bytes go to a temporary name in the same folder, which is renamed to
    `path` once they are on the disk.  If the block raises, the temporary file
    is removed and `path` is as it was.
    """
    target = os.path.realpath(path)     # a symbolic link stays one
    temporary = os.path.join(os.path.dirname(target), f".pynn-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.remove(temporary)
        raise
