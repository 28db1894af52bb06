"""The unpacked bytes of a file, a piece at a time.

A file of a thousand bytes can unpack to a million, so nobody reads one whole
before its header has said what is in it.
"""

import io
import os
import zlib

import numpy as np

PIECE = 1 << 18         # bytes unpacked at once
EXPANSION = 1032        # times a deflated byte can grow, by the format

_GZIP_MAGIC = b"\x1f\x8b"


class DatasetError(ValueError):
    """A data file is missing, damaged, or not what it should be."""


class DatasetWarning(UserWarning):
    """A data set is usable, but not the one that was published or asked for."""


class Stream:
    """A binary file, unpacked if it is gzip's.

    The first bytes decide, not the file's name: browsers unpack ``.gz`` files
    without renaming them.

    Attributes
    ----------
    packed : bool
        Whether it is gzip's.
    capacity : int
        The most bytes it can hold: its length, or what gzip makes of that.
    """

    def __init__(self, file, size, name):
        self._file, self._name = file, name
        self._piece = file.read(PIECE)
        self.packed = self._piece[:2] == _GZIP_MAGIC
        self.capacity = size * EXPANSION if self.packed else size
        self._inflater = zlib.decompressobj(31) if self.packed else None    # 31: with gzip's header

    def read(self, size):
        """The next `size` bytes; fewer only where the file ends."""
        data = bytearray(size)
        return bytes(data[:self.read_into(memoryview(data))])

    def read_into(self, view):
        """Fill `view`; the number of bytes there were, fewer only where the file ends."""
        filled = 0
        while filled < len(view):
            piece = self._next(min(len(view) - filled, PIECE))
            if not piece:
                break
            view[filled:filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _next(self, size):
        """At most `size` bytes, none where the file ends."""
        if self.packed:
            return self._inflate(size)
        piece, self._piece = self._piece[:size], self._piece[size:]
        return piece or self._file.read(size)

    def _inflate(self, size):
        try:
            while not self._inflater.eof or self._next_member():
                data = self._inflater.decompress(self._piece, size)
                self._piece = self._inflater.unconsumed_tail
                if data:
                    return data
                if not self._inflater.eof:
                    self._piece = self._piece or self._file.read(PIECE)
                    if not self._piece:
                        raise EOFError("it ends too early")
            return b""
        except (EOFError, zlib.error) as error:
            raise DatasetError(f"{self._name}: truncated or damaged gzip data ({error}); "
                               "delete the file and get it again") from error

    def _next_member(self):
        """Go on to what follows in the gzip file; whether anything but zeros does."""
        rest = self._inflater.unused_data.lstrip(b"\0")
        while not rest:
            piece = self._file.read(PIECE)
            if not piece:
                return False
            rest = piece.lstrip(b"\0")
        self._piece, self._inflater = rest, zlib.decompressobj(31)
        return True


def open_bytes(data, name):
    """`data` as a `Stream`."""
    return Stream(io.BytesIO(data), len(data), name)


def open_file(file, name):
    """The open binary `file` as a `Stream`."""
    return Stream(file, os.fstat(file.fileno()).st_size, name)


def allocate(size, what):
    """Memory for `size` bytes, not yet touched; `what` is for the error."""
    try:
        return np.empty(size, np.uint8)
    except (MemoryError, ValueError) as error:
        raise MemoryError(f"{what} takes {size} bytes, more than can be had") from error
