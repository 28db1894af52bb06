"""The examples of the documentation run, and are no longer than the same thing elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def lines(path):
    return sum(bool(line.strip()) for line in path.read_text(encoding="utf-8").splitlines())


def test_own_regression(tmp_path, rng):
    x = rng.standard_normal((200, 3))
    t = x[:, 0] + np.sin(2 * x[:, 1])
    np.savetxt(tmp_path / "houses.csv", np.c_[x, t], delimiter=",", header="area,rooms,age,price", comments="")
    run = subprocess.run([sys.executable, EXAMPLES / "own_regression.py"], cwd=tmp_path, capture_output=True, text=True,
                         env={**os.environ, "MPLBACKEND": "agg"})
    assert run.returncode == 0, run.stderr
    assert float(run.stdout.splitlines()[-1]) > 0.9
    assert {path.name for path in tmp_path.iterdir()} == {"houses.csv", "houses.npz", "history.png"}


def test_it_is_as_short_as_its_keras_version():
    assert lines(EXAMPLES / "own_regression.py") <= lines(EXAMPLES / "own_regression_keras.py")


def test_the_cells_of_the_guide_run(tmp_path, monkeypatch):
    guide = (EXAMPLES.parent / "own-networks.md").read_text(encoding="utf-8")
    cells = re.findall(r"```python\n(.*?)```", guide, re.S)
    assert len(cells) == 5
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in cells:
        exec(cell, names)
    assert names["again"].current_iter == 2 * names["trainer"].current_iter
