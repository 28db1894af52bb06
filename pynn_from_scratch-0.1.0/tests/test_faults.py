"""Killed at every step, and on a disk that is full: the old file or the new one. `dying.py` says what is tried."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripts import PYTHONPATH

DYING = Path(__file__).with_name("dying.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process at every step")
@pytest.mark.parametrize("work", ["parameters", "checkpoint", "download"])
def test_the_file_is_the_old_one_or_the_new_one(work, tmp_path):
    if work == "download":
        pytest.importorskip("pooch")
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    done = subprocess.run([sys.executable, DYING, work, tmp_path], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
