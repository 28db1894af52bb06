"""``pynn run`` of notebooks, ``pynn check``, and errors in one sentence."""

import json
import os
from textwrap import dedent

import pytest
from scripts import PYTHONPATH, python


def write_notebook(path, *cells):
    path.parent.mkdir()
    path.write_text(json.dumps({
        "cells": [{"cell_type": "markdown", "source": ["# print(1)"]},
                  *({"cell_type": "code", "source": cell.splitlines(True), "outputs": []} for cell in cells)],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture(params=["in IPython", "without IPython"])
def interpreter(request, tmp_path):
    """What the environment of a process must have, and whether it has IPython."""
    if request.param == "in IPython":
        pytest.importorskip("IPython")
        return {"IPYTHONDIR": str(tmp_path / "ipython")}, True
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "IPython.py").write_text("raise ImportError('hidden')\n")
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path / "hiding"), PYTHONPATH])}, False


def test_a_notebook_runs_cell_by_cell(tmp_path, interpreter):
    env, ipython = interpreter
    write_notebook(tmp_path / "book" / "ch05.ipynb", "import os\nfrom common.layers import Relu\nx = 6\n",
                   "%who_ls\nprint(Relu.__module__, os.getcwd().endswith('book'))", "x * 7", "x * 8;", "")
    result = python("-m", "pynn", "run", "book/ch05.ipynb", cwd=tmp_path, **env)
    assert result.returncode == 0, result.stderr
    assert "pynn.layers.activations True" in result.stdout.splitlines()
    assert [line.rpartition(" ")[2] for line in result.stdout.splitlines() if "42" in line or "48" in line] == ["42"]
    assert ("cell 2: lines that begin with % or !" in result.stderr) == (not ipython)


def test_a_notebook_ends_at_its_first_error(tmp_path, interpreter):
    write_notebook(tmp_path / "book" / "a.ipynb", "print('one')", "1 / 0", "print('three')")
    result = python("-m", "pynn", "run", "book/a.ipynb", cwd=tmp_path, **interpreter[0])
    assert result.returncode == 1
    assert result.stdout.startswith("one") and "three" not in result.stdout
    assert "ZeroDivisionError" in result.stdout + result.stderr
    assert "notebook.py" not in result.stdout + result.stderr


def test_not_a_notebook(tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    result = python("-m", "pynn", "run", "a.ipynb", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (
        2, "pynn: a.ipynb is not a notebook of format 4: it must be JSON with a list of cells\n")


SCRIPT = """\
    import numpy as np
    from common.functions import softmax
    from common.layers import Affine
    from common.multi_layer_net import MultiLayerNet
    from common.optimizer import Adam
    from common.trainer import Trainer
    x, t = np.random.randn(40, 5), np.random.randint(0, 3, 40)
    net = MultiLayerNet(5, [4, 4], 3, weight_decay_lambda=0.1)
    trainer = Trainer(net, x, t, x, t, epochs=2, mini_batch_size=10, optimizer='Adam', verbose=False)
    trainer.train()
    rows = [[1.0], [2.0, 3.0]]
    print('loss', net.loss(x, t), softmax(np.array([1.0, 2.0])))
    """


def check(folder, script, *args):
    (folder / "script.py").write_text(dedent(script))
    result = python("-m", "pynn", "check", "script.py", *args, cwd=folder)
    return result.returncode, result.stdout.splitlines(), result.stderr


def test_check_finds_a_script_the_same(tmp_path):
    status, lines, errors = check(tmp_path, SCRIPT)
    assert (status, errors, lines[-1]) == (0, "", "the same on pynn and on plain NumPy")
    names = [line.rsplit("  ", 2)[0].split("  ")[0] for line in lines[:-2]]
    assert names == ["what it prints", "x", "t", *(f"net.params['{name}']" for name in ("W1", "b1", "W2", "b2", "W3", "b3")),
                     "trainer.train_loss_list", "rows[0]", "rows[1]"]
    assert all("same to" in line for line in lines[:-2])
    assert lines[-2].startswith("time: ")


def test_check_compares_with_the_readers_own_code(tmp_path):
    """pynn's `softmax` takes the place of the book's; a module that both runs have can tell them apart."""
    status, lines, errors = check(tmp_path, """\
        from common.functions import softmax
        import numpy as np
        import pynn.functions
        same = np.arange(3.0)
        other = np.array([1.0, 2.0, 3.0 + (softmax is pynn.functions.softmax)])
        print(same.sum())
        """)
    assert status == 1
    assert "other           3  differs by 3e-01, first in number 3: 4 on pynn, 3 on plain NumPy" in lines
    assert lines[-1] == "different, first of all: other"


@pytest.mark.parametrize("script, words", [
    ("1 / 0", ["on pynn it fails: ZeroDivisionError: division by zero", "on plain NumPy it fails: ZeroDivisionError: division by zero",
               "it fails on both"]),
    ("import sys; sys.exit(int(sys.argv[1]) if 'pynn.book.plain' in sys.modules else 0)",
     ["on plain NumPy it fails: without a word", "it runs on pynn only"])])
def test_check_of_a_script_that_fails(tmp_path, script, words):
    assert check(tmp_path, script, "3")[:2] == (1, words)


@pytest.mark.parametrize("args, status, words", [
    (["check", "absent.py"], 2, "absent.py: no such script"),
    (["check", "a.ipynb"], 2, "a.ipynb is a notebook; pynn check takes scripts"),
    (["run", "absent.py"], 2, "cannot read the script: absent.py: No such file or directory"),
    (["run", "."], 2, "cannot read the script: .: Is a directory"),
    (["train", "--epochs", "0.1", "--output", "file.txt/curves.png"], 1, "file.txt: ")])
def test_errors_are_a_sentence(tmp_path, args, status, words):
    pytest.importorskip("sklearn")
    for name in ("file.txt", "a.ipynb"):
        (tmp_path / name).write_text("")
    result = python("-m", "pynn", *args, cwd=tmp_path)
    assert (result.returncode, result.stderr.count("\n")) == (status, 1)
    assert result.stderr.startswith(f"pynn: {words}") and "Errno" not in result.stderr


def test_a_copied_command_is_called_as_it_was(tmp_path):
    assert python("-m", "pynn", "run", "--help", cwd=tmp_path).stdout.startswith("usage: python -m pynn run")


def test_a_notebook_of_brackets(tmp_path):
    (tmp_path / "deep.ipynb").write_text("[" * 100_000)
    result = python("-m", "pynn", "run", "deep.ipynb", cwd=tmp_path)
    assert result.returncode == 2 and result.stderr == "pynn: deep.ipynb is not a notebook of format 4: it must be JSON with a list of cells\n"


def test_check_of_a_list_that_contains_itself(tmp_path):
    status, lines, _ = check(tmp_path, "a = 5; l = []; l.append(l); d = {}; d['d'] = d")
    assert status == 0 and lines[0].split() == ["what", "it", "prints", "0", "same", "to", "the", "bit"] and lines[1].split()[0] == "a"
