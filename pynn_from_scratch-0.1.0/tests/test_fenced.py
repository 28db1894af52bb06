"""No kernel of any instruction set touches memory outside its arrays."""

import subprocess
import sys
from pathlib import Path

import pytest
from scripts import instruction_sets, python


@pytest.mark.skipif(not sys.platform.startswith(("linux", "darwin")), reason="needs mprotect")
@pytest.mark.parametrize("isa", instruction_sets())
def test_no_kernel_strays(isa, tmp_path):
    try:
        done = python("-X", "faulthandler", Path(__file__).with_name("fenced.py"), cwd=tmp_path, PYNN_CPU=isa)
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"fenced.py took {error.timeout} s")
    assert done.returncode == 0, done.stderr
