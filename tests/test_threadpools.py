"""Whoever limits pools of threads limits pynn's: threadpoolctl in a process, joblib in those that it starts."""

import sys

import pytest
from scripts import python

import pynn

joblib = pytest.importorskip("joblib")
threadpoolctl = pytest.importorskip("threadpoolctl", "3.2")


def run(code):
    return python("-c", code, cwd=None)


@pytest.mark.parametrize("imports", ["import pynn, threadpoolctl", "import threadpoolctl, pynn", "import sklearn.utils, pynn, threadpoolctl",
                                     "import pynn, importlib; threadpoolctl = importlib.import_module('threadpoolctl')"])
def test_it_is_known_whichever_comes_first(imports):
    said = run(f"{imports}\n[pool] = [pool for pool in threadpoolctl.threadpool_info() if pool['user_api'] == 'pynn']\n"
                        "print(pool['num_threads'] == pynn.get_num_threads(), pool['version'] == pynn.__version__)")
    assert said.stdout.split() == ["True", "True"], said.stderr


def test_import_brings_no_threadpoolctl():
    assert run("import sys, pynn; print('threadpoolctl' in sys.modules)").stdout.strip() == "False"


def test_without_threadpoolctl_an_import_of_it_fails_as_ever():
    code = ("import sys, pynn\nsys.path[:] = []\n"
            "try:\n    import threadpoolctl\nexcept ModuleNotFoundError as error:\n    print(error.name, len(sys.meta_path))")
    assert run(code).stdout.startswith("threadpoolctl")


@pytest.mark.parametrize("limits", [1, {"pynn": 1}])
def test_limits(limits):
    with pynn.num_threads(2):
        with threadpoolctl.threadpool_limits(limits):
            assert pynn.get_num_threads() == 1
        assert pynn.get_num_threads() == 2
        with threadpoolctl.threadpool_limits(5000, user_api="pynn"):
            assert pynn.get_num_threads() == 128
        assert pynn.get_num_threads() == 2


def test_what_is_exported_clips():
    import ctypes
    library = ctypes.CDLL(sys.modules["pynn._core"].__file__)
    with pynn.num_threads(2):
        for n, given in (0, 1), (-5, 1), (3, 3), (10**6, 128):
            library.pynn_set_num_threads(n)
            assert library.pynn_get_num_threads() == pynn.get_num_threads() == given


@pytest.mark.parametrize("value, expected", [("1", 1), ("3", 3), ("4,2", 4), ("500", 128), ("0003", 3), ("9" * 5000, 128)], ids=lambda value: str(value)[:5])
def test_omp_num_threads(monkeypatch, value, expected):
    monkeypatch.delenv("PYNN_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert run("import pynn; print(pynn.get_num_threads())").stdout.strip() == str(expected)
    monkeypatch.setenv("PYNN_NUM_THREADS", "2")
    assert run("import pynn; print(pynn.get_num_threads())").stdout.strip() == "2"


@pytest.mark.parametrize("value", ["", "0", "many", "-1", ",3", "\u0660"])
def test_omp_num_threads_of_no_use(monkeypatch, value):
    monkeypatch.delenv("PYNN_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    show = "import pynn; print(pynn.get_num_threads())"
    processors = run(show).stdout
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    said = run(show)
    assert (said.stdout, said.stderr) == (processors, "")


def threads_here():
    import pynn
    return pynn.get_num_threads()


def test_joblibs_workers_have_their_share(monkeypatch):
    monkeypatch.delenv("PYNN_NUM_THREADS", raising=False)
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(threads_here)() for _ in range(4)) == [1] * 4
    with joblib.parallel_config("loky", inner_max_num_threads=3):
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(threads_here)() for _ in range(4)) == [3] * 4
