"""Interpreters that end, fork or are not the main one, with work in flight: each in a process of its own, which must end by itself."""

import os
import sys

import pytest
from scripts import python

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")

BEGIN = """
import atexit, os, sys, threading, time
import numpy as np
import pynn
pynn.set_num_threads(3)
a = np.random.default_rng(0).standard_normal((300, 300))
net = pynn.TwoLayerNet(20, 30, 5)
x, t = np.random.rand(2000, 20), np.random.randint(0, 5, 2000)
want = pynn.matmul(a, a)

def multiply():
    while True:
        pynn.matmul(a, a)

def train():
    while True:
        net.gradient(x, t)

def busy(*works):
    for work in works:
        threading.Thread(target=work, daemon=True).start()
    time.sleep(0.05)
"""

ENDINGS = {
    "falls off its end": "",
    "exits": "sys.exit(0)",
    "exits by a thread": "threading.Thread(target=sys.exit).start()",
    "leaves at once": "os._exit(0)",
    "computes at the end": "atexit.register(lambda: print((pynn.matmul(a, a) == want).all()))",
    "collects what it made": "atexit.register(lambda: globals().clear())",
    "goes on in a thread": "threading.Thread(target=lambda: [pynn.matmul(a, a) for _ in range(50)]).start()",
    "sets the threads anew": "atexit.register(lambda: (pynn.set_num_threads(2), pynn.matmul(a, a)))",
}


def ended(code, tmp_path):
    """What the code printed, without a word on standard error."""
    done = python("-W", "error", "-c", BEGIN + code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize("ending", ENDINGS)
def test_daemon_threads_are_in_the_middle_of_it(ending, tmp_path):
    said = ended(f"busy(multiply, multiply, train)\n{ENDINGS[ending]}", tmp_path)
    assert said == (["True"] if "print" in ENDINGS[ending] else [])


def test_an_exception_ends_it_with_its_traceback(tmp_path):
    done = python("-c", BEGIN + "busy(multiply)\nraise KeyError('mine')", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == "KeyError: 'mine'"


FORK = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)         # Python 3.12 warns of what is tried here
busy(multiply, train)
for round in range(5):
    child = os.fork()
    if not child:
        right = (pynn.matmul(a, a) == want).all()
        net.gradient(x, t)
        {end}
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, code
    assert (pynn.matmul(a, a) == want).all()
print("over")
"""


@needs_fork
@pytest.mark.parametrize("end", ["os._exit(0 if right else 1)", "sys.exit(0 if right else 1)"])
def test_fork_while_other_threads_compute(end, tmp_path):
    assert ended(FORK.format(end=end), tmp_path) == ["over"]


@needs_fork
def test_fork_by_a_thread_while_the_main_one_computes(tmp_path):
    assert ended("""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
codes = []
def forks():
    for _ in range(5):
        child = os.fork()
        if not child:
            os._exit(0 if (pynn.matmul(a, a) == want).all() else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread = threading.Thread(target=forks)
thread.start()
while thread.is_alive():
    assert (pynn.matmul(a, a) == want).all()
print(sum(codes), len(codes))""", tmp_path) == ["0", "5"]


@needs_fork
def test_children_of_children(tmp_path):
    assert ended("""
def descend(depth):
    if depth == 0:
        return 0
    child = os.fork()
    if not child:
        right = (pynn.matmul(a, a) == want).all()
        os._exit(descend(depth - 1) if right else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(descend(4))""", tmp_path) == ["0"]


SUBINTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
code = '''
try:
    import pynn
except ImportError as error:
    print(error, flush=True)
'''
def run():
    other = interpreters.create()
    interpreters.{run}(other, code)
    interpreters.destroy(other)
run()
"""


@pytest.mark.parametrize("before", ["", "import pynn"])
def test_subinterpreters_are_refused_in_words(before, tmp_path):
    run = "exec" if sys.version_info >= (3, 13) else "run_string"
    done = python("-c", before + SUBINTERPRETER.format(run=run), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ("pynn works in Python's main interpreter alone, as NumPy does; in place of subinterpreters "
                                   "use threads or processes")
