"""What setup.py compiles, for architectures that the tests do not run on too."""

import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools import loops

ROOT = Path(__file__).parent.parent


def tables_named(architecture):
    """Instruction sets whose kernels dispatch.c names where the compiler defines `architecture`."""
    source = re.sub(r"#include .*", "", (ROOT / "csrc/kernels/dispatch.c").read_text())
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) or shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    text = subprocess.run([compiler, "-E", "-P", "-undef", f"-D{architecture}", "-x", "c", "-"],
                          input=source, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r'\{"(\w+)", kernels_', text)) - {"simple"}       # compiled with the other sources


@pytest.mark.parametrize("platform, architecture", [
    ("linux-x86_64", "__x86_64__"), ("linux-aarch64", "__aarch64__"), ("linux-riscv64", "__riscv"),
    ("win-amd64", "__x86_64__"), ("macosx-11.0-arm64", "__aarch64__"), ("macosx-10.13-x86_64", "__x86_64__"),
    ("emscripten-4.0.9-wasm32", "__wasm__")])
def test_every_table_that_dispatch_names_is_compiled(platform, architecture, monkeypatch):
    """A missing one is an undefined symbol: the extension links, and fails on import."""
    pytest.importorskip("setuptools")
    monkeypatch.setattr("setuptools.setup", lambda **kwargs: None)
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform)
    names = runpy.run_path(str(ROOT / "setup.py"))["instruction_sets"]()
    assert set(names) == tables_named(architecture)


def test_an_unbuilt_checkout_says_so(tmp_path):
    """A copy of the sources without the extension, found before any installed one."""
    shutil.copytree(ROOT / "pynn", tmp_path / "pynn", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    code = ("import sys; sys.meta_path = [finder for finder in sys.meta_path if 'ditable' not in repr(finder)]; "
            f"sys.path.insert(0, {str(tmp_path)!r}); import pynn")
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1].startswith("ImportError: pynn is not built: ") and "make train" in run.stderr


def test_a_micro_kernels_loop_is_told_from_a_transform():
    """The registers that add up: a transform's are written anew in every round."""
    _, _, fused, written, _, _ = loops.ISAS["aarch64"]
    adds = [f"\tfmla\tv{i}.4s, v30.4s, v31.s[0]" for i in range(8)]
    loads = ["\tld1\t{ v30.4s }, [x8], #16", "\tldr\tq31, [x9]", "\tstr\tq0, [x10]"]
    assert loops.sums(loads + adds, fused, written) == set("01234567")
    assert loops.sums([*adds, "\tmov\tv3.16b, v9.16b", "\tldr\tq4, [sp, #16]"], fused, written) == set("012567")
    assert loops.sums(["\tfmla.4s\tv7, v30, v31[0]", "\tmov.16b\tv8, v9"], fused, written) == {"7"}        # as Apple writes it
    _, _, fused, written, _, _ = loops.ISAS["x86_64"]
    lines = ["\tvbroadcastss\t(%rax), %ymm2", "\tvfmadd231ps\t%ymm2, %ymm1, %ymm15", "\tvfmadd231pd\t(%rcx), %ymm2, %ymm14    ## ymm14 = (ymm2 * mem) + ymm14"]
    assert loops.sums(lines, fused, written) == {"14", "15"}
