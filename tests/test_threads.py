"""The thread pool from Python, and its stress program in C with and without sanitizers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import pynn

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def restore_num_threads():
    before = pynn.get_num_threads()
    yield
    pynn.set_num_threads(before)


@pytest.fixture
def operands(rng):
    """A layer large enough for several chunks."""
    return layer(rng, 256, 300, 200)


def layer(rng, rows, k, n):
    return [rng.standard_normal(shape) for shape in [(rows, k), (k, n), n]]


def step(x, W, b):
    """One layer forward and backward: the bytes of all that it computes."""
    layer = pynn.Affine(W, b)
    out = layer.forward(x)
    dx = layer.backward(out)
    return b"".join(a.tobytes() for a in (out, dx, layer.dW, layer.db))


def run_python(code, **env):
    """Run code in a fresh interpreter that has to end by itself; its output."""
    environ = {k: v for k, v in os.environ.items() if k != "PYNN_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], env={**environ, **env}, cwd=ROOT, timeout=120,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize("sizes", [(256, 300, 200), (9000, 150, 18), (4000, 160, 23)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits_for_any_number(rng, sizes, dtype):
    """Several chunks; a dW that runs through many blocks of K; one that is turned."""
    operands = [a.astype(dtype) for a in layer(rng, *sizes)]
    results = set()
    for n in (1, 2, 3, 4):
        pynn.set_num_threads(n)
        results.update(step(*operands) for _ in range(5))
    assert len(results) == 1


def test_set_and_get():
    for n in (1, 3, 128, np.int64(2)):
        pynn.set_num_threads(n)
        assert pynn.get_num_threads() == n


def test_context_manager_restores():
    pynn.set_num_threads(2)
    with pynn.num_threads(3):
        assert pynn.get_num_threads() == 3
        with pynn.num_threads(1):
            assert pynn.get_num_threads() == 1
        assert pynn.get_num_threads() == 3
    assert pynn.get_num_threads() == 2


def test_context_manager_restores_after_an_exception():
    pynn.set_num_threads(2)
    with pytest.raises(KeyError), pynn.num_threads(4):
        raise KeyError
    assert pynn.get_num_threads() == 2
    with pytest.raises(ValueError), pynn.num_threads(0):
        pytest.fail("entered with 0 threads")
    assert pynn.get_num_threads() == 2


def test_context_manager_decorates():
    pynn.set_num_threads(2)

    @pynn.num_threads(3)
    def inside():
        return pynn.get_num_threads()

    assert [inside(), inside(), pynn.get_num_threads()] == [3, 3, 2]


@pytest.mark.parametrize("n", [0, -1, 129, 10**30, -(10**30)])
def test_out_of_range(n):
    before = pynn.get_num_threads()
    with pytest.raises(ValueError, match=f"^set_num_threads: n is {n}; it must be from 1 to 128$"):
        pynn.set_num_threads(n)
    assert pynn.get_num_threads() == before


@pytest.mark.parametrize("n", [2.0, "2", None, [2]])
def test_not_an_integer(n):
    with pytest.raises(TypeError, match=re.escape(f"set_num_threads: n is {n!r}; it must be a whole number")):
        pynn.set_num_threads(n)


SHOW = "import pynn; print(pynn.get_num_threads())"


@pytest.mark.parametrize(("value", "n"), [("3", 3), (" 1 ", 1), ("128", 128)])
def test_environment(value, n):
    assert run_python(SHOW, PYNN_NUM_THREADS=value) == (str(n), "")


@pytest.mark.parametrize("value", ["0", "-2", "129", "two", "1.5"])
def test_environment_of_no_use_is_ignored_aloud(value):
    out, err = run_python(SHOW, PYNN_NUM_THREADS=value)
    assert out == run_python(SHOW, PYNN_NUM_THREADS="")[0]
    assert f"RuntimeWarning: PYNN_NUM_THREADS is {value!r} and must be a whole number from 1 to 128" in err
    assert f"pynn uses {out} threads" in err


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity to set")
def test_default_follows_affinity():
    out, _ = run_python("import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});" + SHOW)
    assert out == "1"


def test_python_threads_at_once(operands):
    """Each gets its own right answer, whoever has the pool."""
    pynn.set_num_threads(3)
    inputs = [[a * k for a in operands] for k in (1, 2, 3, 4)]
    expected = [step(*a) for a in inputs]
    wrong = []

    def work(i):
        wrong.extend(i for _ in range(30) if step(*inputs[i]) != expected[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for n in (1, 2, 4, 3) * 5:
        pynn.set_num_threads(n)
        time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_forked_child_computes(operands):
    pynn.set_num_threads(2)
    expected = step(*operands)
    child = os.fork()  # warns from Python 3.12 on if threads are left: the pool must have stopped its own
    if child == 0:
        os._exit(0 if all(step(*operands) == expected for _ in range(10)) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert step(*operands) == expected


def test_nothing_runs_while_idle(operands):
    """Two workers that spin use 0.6 s of processor time in 0.3 s; a pool asleep uses next to none, on any machine."""
    pynn.set_num_threads(3)
    step(*operands)
    time.sleep(0.1)
    start = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - start < 0.1


LAYER = "import numpy as np, pynn; pynn.set_num_threads(3); a = np.ones((400, 400)); pynn.matmul(a, a);"


@pytest.mark.parametrize("ending", [
    "",
    "raise SystemExit",
    # a daemon thread is in the middle of it
    """
import threading, time
def work():
    while True: pynn.matmul(a, a)
threading.Thread(target=work, daemon=True).start(); time.sleep(0.05)""",
])
def test_exit_does_not_hang(ending):
    run_python(LAYER + ending)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no signal of a timer")
def test_interrupt_reaches_the_main_thread():
    code = LAYER + """
import signal
signal.setitimer(signal.ITIMER_REAL, 0.05)
def ring(*_): raise InterruptedError
signal.signal(signal.SIGALRM, ring)
try:
    while True: pynn.matmul(a, a)
except InterruptedError: print("interrupted")"""
    assert run_python(code)[0] == "interrupted"


@pytest.fixture
def compiler():
    found = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) or shutil.which("cc")
    if found is None:
        pytest.skip("no C compiler")
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it pretends to be Linux")
def test_processors_are_counted_whatever_the_system_says(tmp_path, compiler):
    program = tmp_path / "processors_check"
    subprocess.run([compiler, "-std=gnu11", ROOT / "tests/c/processors_check.c", "-pthread", "-o", program], check=True)
    subprocess.run([program], check=True)


@pytest.mark.parametrize("sanitizer", ["", "thread", "address,undefined"])
def test_stress_in_c(tmp_path, compiler, sanitizer):

    def build(name, *sources):
        flags = ["-std=gnu11", "-O1", "-g", *([f"-fsanitize={sanitizer}"] if sanitizer else [])]
        program = tmp_path / name
        built = subprocess.run([compiler, *flags, *sources, "-pthread", "-o", program], capture_output=True, text=True)
        return program, built

    # What the compiler may lack is a sanitizer's runtime, so an empty program with it must build and run first.
    (tmp_path / "empty.c").write_text("int main(void) { return 0; }\n")
    program, built = build("empty", tmp_path / "empty.c")
    if built.returncode != 0 or subprocess.run([program], capture_output=True).returncode != 0:
        pytest.skip(f"{compiler} cannot build and run programs with -fsanitize={sanitizer}")

    program, built = build("stress", ROOT / "tests/c/parallel_stress.c", *sorted((ROOT / "csrc/platform").glob("processors_*.c")))
    assert built.returncode == 0, built.stderr
    done = subprocess.run([program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
