"""Copies of pynn that are compiled for the benchmarks: an earlier commit, and this source with a pool that is traced.

Each is built once and stays in ``build/benchmarks`` with the processor seconds that its compilation took.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "build" / "benchmarks"
TRACED = Path(__file__).with_name("traced.c")


class Missing(Exception):
    """A copy that cannot be built here; the message says why."""


def earlier(commit):
    """The folder of a commit, compiled."""
    name = _git("rev-parse", "--short", f"{commit}^{{commit}}").decode().strip()
    folder = PLACE / name
    if not is_built(folder):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-x"], cwd=folder, input=_git("archive", name), check=True)
        compile_in(folder)
    return folder


def traced():
    """The folder of this source, compiled with `traced.c` around its pool."""
    files = sorted(path for path in (ROOT / "csrc").rglob("*") if path.is_file())
    content = b"".join(path.read_bytes() for path in [*files, TRACED, ROOT / "setup.py"])
    folder = PLACE / f"traced-{hashlib.sha256(content).hexdigest()[:8]}"
    kernels = folder / "csrc" / "kernels"
    if not is_built(folder):
        for part in "csrc", "pynn":
            shutil.copytree(ROOT / part, folder / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        shutil.copy(ROOT / "setup.py", folder)
        shutil.move(kernels / "parallel.c", kernels / "pool.h")
        shutil.copy(TRACED, kernels / "parallel.c")
        compile_in(folder)
    return folder


def is_built(folder):
    return (folder / "seconds").exists()


def seconds(folder):
    """Processor seconds that the compilation of a copy took."""
    return float((folder / "seconds").read_text())


def compile_in(folder):
    """Compile the extension of a source tree into it, and note the processor seconds."""
    print(f"building {folder.relative_to(ROOT)}, once", flush=True)
    before = os.times()
    try:
        subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise Missing(f"{folder.name} does not compile here") from error
    after = os.times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    (folder / "seconds").write_text(f"{used:.1f}\n")


def _git(*args):
    try:
        return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"git {' '.join(args)} failed: this is no checkout with that commit") from error
