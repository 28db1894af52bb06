"""Builds pynn without a warning and runs its tests on every CPython there is, with its oldest NumPy and the newest, with GCC and Clang.

    python tests/versions.py FOLDER [pytest's arguments]

GCC builds for the oldest NumPy, Clang for the newest. Each pair has an environment of its own in FOLDER, which a second run uses
again. The interpreters are those that `python3.N` calls, among pyenv's or on the path. Prints a table, and what there is none of.
"""

import os
import shutil
import sys
import time
from pathlib import Path

from building import ROOT, command

MINORS = range(10, 16)
OLDEST_NUMPY = {13: "2.1.0", 14: "2.3.2", 15: "2.5.0"}      # the first with wheels for that version; 2.0.0 for the others
REQUIRED = ["setuptools>=77", "pytest>=8", "hypothesis>=6.100", "matplotlib", "pillow", "safetensors", "pooch", "tqdm"]
VARIABLES = {"PYTHONPATH": "", "PYNN_CFLAGS": "-Werror " + os.environ.get("PYNN_CFLAGS", ""), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def interpreter(minor):
    """The newest CPython 3.`minor`, or None."""
    pyenv = sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/python3.{minor}"))
    return pyenv[-1] if pyenv else shutil.which(f"python3.{minor}")


def try_one(folder, python, numpy, compiler, arguments):
    """How it went, in words. The copy of the tree is built and tested in one place, so that no other build is found."""
    environment, source = folder / "environment", folder / "source"
    inside = environment / "bin/python"
    install = [inside, "-m", "pip", "install", "--quiet"]
    if not inside.exists() and command(python, "-m", "venv", environment):
        return "not to be had"
    if command(*install, numpy, *REQUIRED, **VARIABLES):
        return "not to be had"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "*.so", "__pycache__"))
    if command(*install, "--no-deps", "--no-build-isolation", "--editable", source, CC=compiler, **VARIABLES):
        return "does not build"
    tests = [inside, "-m", "pytest", "-q", "tests", "--ignore=tests/test_typing.py"]      # the checkers are for one version
    return "failed" if command(*tests, *arguments, cwd=source, **VARIABLES) else "passed"


def main(folder, *arguments):
    rows, missing = [], []
    for minor in MINORS:
        python = interpreter(minor)
        if python is None:
            missing.append(f"CPython 3.{minor}")
            continue
        for numpy, compiler in [(f"numpy=={OLDEST_NUMPY.get(minor, '2.0.0')}", "gcc"), ("numpy", "clang")]:
            began = time.monotonic()
            ended = try_one(Path(folder).resolve() / f"3.{minor}-{compiler}", python, numpy, compiler, arguments)
            rows.append((f"3.{minor}", numpy, compiler, ended, f"{time.monotonic() - began:.0f} s"))
    print(*("  ".join(f"{cell:14}" for cell in row) for row in rows), sep="\n")
    print("Not run, because not on this machine:", ", ".join(missing) or "none is missing")
    return any(row[3] != "passed" for row in rows)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
