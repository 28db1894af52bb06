"""A reader's scripts, run in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pynn

PYTHONPATH = str(Path(pynn.__file__).parents[1])


def instruction_sets():
    """What PYNN_CPU may ask for on this processor."""
    return [isa for isa, available in pynn._core.build_info()["isas"].items() if available]


def python(*args, cwd, **env):
    env = {**os.environ, "PYTHONPATH": PYTHONPATH, **env}
    return subprocess.run([sys.executable, *map(str, args)], cwd=cwd, env=env, capture_output=True, text=True,
                          timeout=120)


def run(script, *args, cwd=None, **env):
    """A script's lines under pynn, which must end well and on standard error say at most what is the reader's."""
    result = python("-m", "pynn", "run", script, *args, cwd=cwd or script.parent, **env)
    said = [line for line in result.stderr.splitlines() if not line.startswith("yours: ")]
    assert (result.returncode, said) == (0, [])
    return result.stdout.splitlines()


@pytest.fixture
def chapter(tmp_path):
    """A reader's folders: a chapter's scripts beside a `common` with a module of the reader's own."""
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "__init__.py").write_text("")
    (tmp_path / "common" / "mine.py").write_text("answer = 42\n")
    (tmp_path / "ch05").mkdir()
    return tmp_path / "ch05"
