"""Whether a wheel is the same bytes when it is built again: ``python -m tools.reproducible manylinux``.

Zig keeps what it has compiled, so that each time it begins with an empty cache, in the same place: what it links of its own names its
folder. Files that differ are named.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.cross import build

CACHE = Path("build", "zig-cache").absolute()


def build_afresh(name: str, folder: str) -> Path:
    """A wheel of a target, moved into a folder of its own."""
    shutil.rmtree(CACHE, ignore_errors=True)
    os.environ["ZIG_GLOBAL_CACHE_DIR"] = os.environ["ZIG_LOCAL_CACHE_DIR"] = str(CACHE)
    wheel = build(name)
    copy = Path(folder, wheel.name)
    copy.write_bytes(wheel.read_bytes())
    return copy


def different(first: Path, second: Path) -> list[str]:
    """The files of two wheels that are not the same."""
    with zipfile.ZipFile(first) as a, zipfile.ZipFile(second) as b:
        names = sorted({*a.namelist(), *b.namelist()})
        return [name for name in names if name not in a.namelist() or name not in b.namelist() or a.read(name) != b.read(name)]


def check(name: str) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = build_afresh(name, one), build_afresh(name, other)
        print(f"{name}: {hashlib.sha256(first.read_bytes()).hexdigest()}")
        if first.read_bytes() != second.read_bytes():
            sys.exit(f"{name}: built again it is {hashlib.sha256(second.read_bytes()).hexdigest()}; other are {different(first, second)}")


if __name__ == "__main__":
    for target in sys.argv[1:]:
        check(target)
