"""The trainings of test_ranks.py on real MPI libraries; ``make test-mpi`` installs them.

``PYNN_MPI`` names the environments, each with mpi4py and one library.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

import pynn
import ranks_program
from compare_ranks import assert_same_training
from pipes import launch

pytestmark = pytest.mark.mpi
LIBRARIES = [Path(path) for path in os.environ.get("PYNN_MPI", "").split()]
CASES = [case.__name__ for case in ranks_program.COMPARED]
PROGRAM = Path(ranks_program.__file__)
# Open MPI refuses root, more ranks than processors, and containers without a network, if it is not told otherwise.
ENV = {**os.environ, "PYTHONPATH": str(Path(pynn.__file__).parents[1]), "OMPI_ALLOW_RUN_AS_ROOT": "1", "PYNN_NUM_THREADS": "1",
       "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}


def mpiexec(library, size, *args, cwd=None, timeout=600):
    command = [library / "bin" / "mpiexec", "-n", size, library / "bin" / "python", *args]
    return subprocess.run(list(map(str, command)), cwd=cwd, env=ENV, capture_output=True, text=True, errors="replace", timeout=timeout)


@pytest.fixture(scope="module", params=LIBRARIES, ids=lambda path: path.name)
def library(request):
    return request.param


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    assert launch(1, folder, CASES) == [0]
    return folder


@pytest.fixture(scope="module", params=[1, 2, 3, 4])
def trained(request, library, alone):
    """So many ranks have trained beside a single process: their number, and the folder of both."""
    result = mpiexec(library, request.param, PROGRAM, alone, *CASES)
    assert result.returncode == 0, result.stderr
    return request.param, alone


@pytest.mark.parametrize("case", CASES)
def test_ranks_follow_one_process(case, trained):
    size, folder = trained
    assert_same_training(folder, case, size)


def test_a_checkpoint_goes_on_with_another_number_of_ranks(library, alone):
    for size, half in (3, "first_half"), (2, "second_half"):
        result = mpiexec(library, size, PROGRAM, alone, half)
        assert result.returncode == 0, result.stderr
    assert_same_training(alone, "second_half", 2, of="whole")


@pytest.mark.parametrize("case, words", [
    ("fails", "OSError: the disk of this rank is gone"), ("fails_for_all", "there is no folder"),
    ("drifts", r"after 100 steps W1 of rank 2 is [\d.e-]+ away from that of rank 0"),
    ("other_networks", r"Trainer: rank [12] has \[\('W1', \(6, 1[12]\)"),
    ("too_few", "mini_batch_size is 2 but there are 3 ranks"), ("killed", "(?i)killed")])
def test_a_rank_that_fails_ends_the_job_with_its_reason(case, words, library, tmp_path):
    result = mpiexec(library, 3, PROGRAM, tmp_path, case, timeout=120)
    assert result.returncode != 0
    assert re.search(words, result.stdout + result.stderr)


def test_the_command(library, tmp_path):
    (tmp_path / "table.csv").write_text("".join(f"{i % 7},{i % 5},{i % 7 - 2 * (i % 5)}\n" for i in range(300)))
    options = ["-m", "pynn", "train", "--data", "table.csv", "--epochs", 3, "--runs"]
    alone = mpiexec(library, 1, *options, "one", cwd=tmp_path)
    shared = mpiexec(library, 2, *options, "two", "--mpi", cwd=tmp_path)
    assert alone.returncode == shared.returncode == 0, shared.stderr
    reached = r"test rmse [\d.]+ after \d+ steps"
    assert re.findall(reached, shared.stdout) == re.findall(reached, alone.stdout) and ", on 2 ranks" in shared.stdout
    assert len(list((tmp_path / "two").iterdir())) == 1


def test_the_command_fails_once(library, tmp_path):
    result = mpiexec(library, 3, "-m", "pynn", "train", "--mpi", "--data", "absent", cwd=tmp_path, timeout=120)
    assert result.returncode != 0 and result.stderr.count("--data absent: no such folder") == 1
