"""The fuzzer's short form: every function is in its table, and a few calls, files, leaks and failing allocations of each kind."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from fuzz import calls, files, work
from fuzz.formats import formats
from fuzz.table import CALLS, CHANGED
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn import _core

LONG = os.environ.get("PYNN_FUZZ") == "long"       # as make test-leaks asks for
HERE = Path(__file__).parent
SETS = [isa for isa, there in _core.build_info()["isas"].items() if there]


def program(module, *arguments, **environment):
    """Run a module of the fuzzer, which must end well; what it printed."""
    paths = os.pathsep.join([str(HERE), str(Path(_core.__file__).parents[1]), environment.pop("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, timeout=None if LONG else 600,
                          env={**os.environ, "PYTHONPATH": paths, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def quiet():
    before = _core.kernels(), _core.get_num_threads()
    with np.errstate(all="ignore"):
        yield
    _core.use_kernels(before[0])
    _core.set_num_threads(before[1])


def test_every_function_is_called():
    """One that is not in the table is a new one: add its arguments to tests/fuzz/table.py."""
    assert CALLS.keys() == calls.FUNCTIONS.keys() and CHANGED.keys() <= CALLS.keys()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("isa", SETS)
def test_plain_calls_give_results(isa, quiet):
    _core.use_kernels(isa)
    for name in CALLS:
        args = CALLS[name](calls.Draw(lambda n: 0))
        assert len(args) == len(calls.FUNCTIONS[name]) and calls.check(name, args) is None, name


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=12)
@given(st.data())
def test_calls(name, data):
    """Drawn by hypothesis, which makes what it finds as plain as it can."""
    with np.errstate(all="ignore"):
        calls.check(name, calls.draw_call(name, lambda n: data.draw(st.integers(0, n - 1))))


@pytest.mark.filterwarnings("ignore")
def test_sound_files_are_read_and_damaged_ones_told(tmp_path, monkeypatch):
    monkeypatch.delenv("PYNN_DATA_HOME", raising=False)     # another MNIST would be read for one that is damaged
    forms = formats(tmp_path)
    for number, (name, form) in enumerate(forms.items()):
        (tmp_path / name).mkdir()
        for sample in form.samples:
            assert files.check(form, sample, tmp_path / name) is None, name
        for seed in range(12):
            files.check(form, files.draw_file(form, work.chooser(100 * number + seed)), tmp_path / name)


def marks(x):
    x[...] = 7
    return np.ones(2)


@pytest.mark.parametrize("broken, says", [
    (marks, "argument 0 was changed"), (int, "does not begin with the function"), (lambda x: x, "shares memory"),
    (lambda x: np.ones(3) + (_core.kernels() == "simple"), "the simple kernels gave")])
def test_what_is_not_as_promised_is_found(broken, says, monkeypatch, quiet):
    _core.use_kernels(SETS[0])          # not the simple ones, to which others are compared
    monkeypatch.setattr(_core, "relu", broken)
    with pytest.raises(calls.Broken, match=says):
        calls.check("relu", [np.zeros(3)])


def test_one_array_in_two_places_is_one_for_all_kernels():
    """A parameter that is its own state: what came of it was compared with what comes of two arrays."""
    _, grad, m, _, *numbers = CALLS["adam"](calls.Draw(lambda n: 0))
    param = np.zeros_like(m)
    calls.check("adam", [param, grad, m, param, *numbers])


def test_a_few_hundred_calls_of_each_leave_nothing_behind():
    assert "left nothing behind" in program("fuzz.leaks", 300)


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """Where the extension is whose allocations fail, and what it takes to load it first."""
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler, and LD_PRELOAD as Linux has it")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("needs this Python's headers")
    folder = tmp_path_factory.mktemp("failing")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", f"-I{sysconfig.get_path('include')}", f"-I{np.get_include()}",
                    HERE / "c" / "failing.c", "-o", folder / "failing.so"], check=True)
    before = os.environ.get("LD_PRELOAD", "")          # the sanitizers'
    return {"PYTHONPATH": str(folder), "LD_PRELOAD": f"{folder / 'failing.so'} {before}"}


def test_memory_that_runs_out_in_calls(failing):
    """Python's allocations and the arrays', one by one and several at once: a MemoryError, and everything as it was."""
    assert "allocations failed" in program("fuzz.no_memory", "calls", *((8, 40) if LONG else (1, 0)), **failing)


@pytest.mark.parametrize("what", ["read", "save"])
def test_memory_that_runs_out_in_files(failing, what):
    """What cannot be read changes nothing, what cannot be saved leaves the old file and no other."""
    assert "allocations failed" in program("fuzz.no_memory", "files", 1 if LONG else 97, what, **failing)


def test_memory_that_runs_out_in_the_import(failing):
    """An import that failed does not hinder the next one, nor a fork."""
    assert "allocations failed" in program("fuzz.no_memory_import", _core.__file__, **failing)


def test_memory_that_runs_out_while_an_import_is_refused(failing):
    with pytest.raises(AssertionError, match="ImportError: pynn: PYNN_CPU is 'abacus'"):
        program("fuzz.no_memory_import", _core.__file__, PYNN_CPU="abacus", **failing)
