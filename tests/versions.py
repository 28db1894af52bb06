"""Builds pynn without a warning, with GCC and with Clang, and tests it on every CPython there is, with its oldest NumPy and the newest.

    python tests/versions.py FOLDER [pytest's arguments]

One binary is for every CPython: GCC builds it on the oldest one with its oldest NumPy, Clang on the newest with the newest. What
GCC has built is tested with each CPython's oldest NumPy, what Clang has built with its newest. Each pair has an environment of its
own in FOLDER, which a second run uses again. The interpreters are those that `python3.N` calls, among pyenv's or on the path; the newest
is Debian's, unpacked, where there is none: nothing is built on that one, it has no headers. Prints a table, and what there is none of.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from building import QUICKLY, ROOT, command

sys.path.insert(0, str(ROOT))
from tools import foreign       # noqa: E402

MINORS = range(10, 15)
OLDEST_NUMPY = {13: "2.1.0", 14: "2.3.2"}      # the first with wheels for that version; 2.0.0 for the others
REQUIRED = ["setuptools>=77", "pytest>=8", "hypothesis>=6.100", "anywidget", "joblib", "matplotlib", "pillow", "pooch", "safetensors",
            "scikit-learn", "threadpoolctl>=3.2", "tqdm"]
UNPACKED = "Debian's"
OF_SKLEARN = "ignore:Passing a non-Collection"      # the last scikit-learn for CPython 3.10 warns so under today's pytest
OF_HYPOTHESIS = "ignore:It looks like `register_random`"        # it takes CPython 3.14's borrowed references for objects that nobody holds


def interpreter(minor):
    """The newest CPython 3.`minor` that starts, Debian's if that is one of them, or None."""
    pyenv = sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/python3.{minor}"))
    for found in (*reversed(pyenv), shutil.which(f"python3.{minor}")):
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:      # one of pyenv's names may call nothing
            return found
    return UNPACKED if foreign.NEWEST == f"3.{minor}" and unpacked() else None


def unpacked(*folder):
    """Debian's newest CPython, called from this folder, or None where there is no Debian to have it from."""
    try:
        return foreign.newest(*folder)
    except (OSError, StopIteration, subprocess.CalledProcessError) as error:
        print(f"Debian does not give its CPython {foreign.NEWEST}: {error!r}", flush=True)
        return None


def environment(folder, python, numpy):
    """An interpreter with that NumPy and what the tests need, or None where they are not to be had."""
    if python == UNPACKED:          # it has no pip of its own
        debians = unpacked(folder)
        inside, pip = debians.command[0], [sys.executable, "-m", "pip", "--python", debians.command[0]]
        to = ["--upgrade", "--target", debians.packages]
    else:
        inside = folder / "bin/python"
        pip, to = [inside, "-m", "pip"], []
        if not inside.exists() and command(python, "-m", "venv", folder):
            return None
    install = ["install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    return None if command(*pip, *install, *to, numpy, *REQUIRED, PYTHONPATH="") else inside


def build(source, inside, compiler):
    """A copy of the tree with the extension in it; whether that went well."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "build", "*.so", "__pycache__"))
    flags = "-Werror " + os.environ.get("PYNN_CFLAGS", "")
    return command(inside, "setup.py", "--quiet", "build_ext", "--inplace", cwd=source, CC=compiler, PYNN_CFLAGS=flags) == 0


def try_all(folder, builder, compiler, pairs, arguments):
    """Rows of the table: how the tests went for each (minor, interpreter, NumPy), on what that compiler builds with `builder`'s."""
    inside = {minor: environment(folder / f"3.{minor}-{compiler}", python, numpy) for minor, python, numpy in pairs}
    source = folder / compiler
    built = inside[builder] and build(source, inside[builder], compiler)
    for minor, _, numpy in pairs:
        began = time.monotonic()
        if inside[minor] is None:
            ended = "not to be had"
        elif not built:
            ended = "not built"
        else:
            status = command(inside[minor], "-m", "pytest", "-q", "-W", OF_SKLEARN, "-W", OF_HYPOTHESIS, "tests", *QUICKLY, *arguments, cwd=source,
                             PYTHONPATH=source, HYPOTHESIS_PROFILE="quick")
            ended = "failed" if status else "passed"
        yield f"3.{minor}", numpy, compiler, ended, f"{time.monotonic() - began:.0f} s"


def main(folder, *arguments):
    folder, here = Path(folder).resolve(), {minor: interpreter(minor) for minor in MINORS}
    missing = [f"CPython 3.{minor}" for minor, python in here.items() if python is None]
    here = {minor: python for minor, python in here.items() if python is not None}
    with_headers = [minor for minor, python in here.items() if python != UNPACKED]
    oldest = [(minor, python, f"numpy=={OLDEST_NUMPY.get(minor, '2.0.0')}") for minor, python in here.items()]
    newest = [(minor, python, "numpy") for minor, python in here.items()]
    rows = [*try_all(folder, with_headers[0], "gcc", oldest, arguments), *try_all(folder, with_headers[-1], "clang", newest, arguments)]
    print(*("  ".join(f"{cell:14}" for cell in row) for row in rows), sep="\n")
    print("Not run, because not on this machine:", ", ".join(missing) or "none is missing")
    return any(row[3] != "passed" for row in rows)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
