"""Types: checkers pass what runs and refuse what does not, the stub is the extension, and the names are those there are."""

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scripts import python

import pynn
import pynn._core as _core

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "pynn").rglob("*.py"))
SCRIPT = ROOT / "tests" / "typing" / "user_script.py"
CONFIG = ROOT / "pyproject.toml"


def passes(*command):
    result = subprocess.run([sys.executable, "-m", *map(str, command)], cwd=ROOT, capture_output=True, text=True,
                            env={**os.environ, "MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)})
    assert result.returncode == 0, result.stdout + result.stderr


# ---- checkers ----

def test_mypy_passes_a_readers_script_and_the_package():
    """And refuses the lines at the end of the script: --strict refuses an ignore comment that is of no use."""
    passes("mypy", "--strict", "--no-incremental", SCRIPT)


def test_pyright_passes_a_readers_script():
    passes("pyright", "--pythonpath", sys.executable, SCRIPT)


def test_annotations_are_those_of_what_runs():
    passes("mypy.stubtest", "pynn", "--mypy-config-file", CONFIG, "--allowlist", ROOT / "tests" / "typing" / "stubtest.txt",
           "--ignore-unused-allowlist")


def test_every_function_of_the_extension_has_a_signature():
    """stubtest compares nothing with a function in C that has none."""
    functions = [f for f in vars(_core).values() if inspect.isbuiltin(f)]
    assert len(functions) > 50
    for function in functions:
        for parameter in inspect.signature(function).parameters.values():
            assert parameter.kind is parameter.POSITIONAL_ONLY and parameter.default is parameter.empty
        assert function.__doc__


# ---- what runs ----

def test_the_readers_script_runs(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    import user_script
    found = user_script.main()
    assert found["check"] is True
    assert found["chapter_5"][-3] < found["chapter_5"][0]
    assert found["chapter_7"] == (2, 10, 200, 9, 2, 1, 12, 12, 2, 1, 12, 12, 470)


def test_float32_stays_where_numpys_stubs_say_float64():
    x = np.array([[-1.0, 0.5, 2.0]], np.float32)
    assert (x / 2).dtype == (1 / (1 + np.exp(-x))).dtype == (x * 0.5).dtype == np.float32
    for y in (pynn.sigmoid(x / 2), pynn.softmax(1 / (1 + np.exp(-x))), pynn.matmul(x, x.T), pynn.cross_entropy_error(x / 2, [0])):
        assert y.dtype == np.float32
    network = pynn.Sequential([pynn.Affine.of(3, 2), pynn.Tanh(), pynn.BatchNormalization.of(2)], dtype=np.float32)
    assert network.loss(1 / (1 + np.exp(-x)), [1]).dtype == np.float32
    assert network.predict(x / 2).dtype == np.float32


def test_types_cost_no_import():
    said = python("-c", "import sys, pynn; print([m for m in ('pynn._typing', 'numpy.typing', 'typing_extensions') if m in sys.modules])",
                  cwd=ROOT).stdout
    assert said.strip() == "[]"


# ---- names ----

def test_all_names_what_the_modules_do():
    for name in ("check", "gradient", "layers", "networks", "optimizer", "perceptron", "threads", "training"):
        if (module := sys.modules.get(f"pynn.{name}")) is not None:
            assert set(module.__all__) <= set(pynn.__all__), name
    functions = {name for name, f in vars(pynn.functions).items() if inspect.isfunction(f) and f.__module__ == "pynn.functions"}
    assert functions <= set(pynn.__all__)


def test_all_is_there_sorted_and_documented():
    assert pynn.__all__ == sorted(set(pynn.__all__))
    for name in pynn.__all__:
        assert inspect.getdoc(getattr(pynn, name)), name
        assert name in dir(pynn)
    with pytest.raises(AttributeError, match="load_digit"):
        pynn.load_digit


def test_a_star_import_brings_names_and_no_modules():
    names = {}
    exec("from pynn import *", names)
    del names["__builtins__"]
    assert set(names) == set(pynn.__all__)
    assert [name for name, value in names.items() if isinstance(value, ModuleType)] == ["plot"]


def test_what_the_docs_name_is_there():
    paths = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.py"), *ROOT.glob("notebooks/*.ipynb")]
    named = {name for path in paths for name in re.findall(r"\bpynn\.([A-Za-z_]\w*)\(", path.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert named <= set(pynn.__all__)


# ---- one voice ----

@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_one_voice(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b[Cc]h\. ?\d", text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and "reference" not in path.parts:      # which benchmarks load by another name
            assert node.level == 0
        if isinstance(node, ast.FunctionDef) and node.name == "update":
            assert ast.get_docstring(node)
