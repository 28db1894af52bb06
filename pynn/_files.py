"""Writing files whole or not at all."""

import os
import uuid
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path):
    """Open a new binary file that takes the place of `path` when the block ends.

    The bytes go to a temporary name in the same folder, which is renamed to
    `path` once they are on the disk.  If the block raises, the temporary file
    is removed and `path` is as it was.
    """
    target = Path(os.path.realpath(path))       # a symbolic link stays one
    temporary = target.with_name(f".pynn-{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
