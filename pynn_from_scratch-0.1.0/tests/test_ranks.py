"""Trainings that several processes share, through pipes in the place of MPI; tests/test_mpi.py does the same with MPI."""

import numpy as np
import pytest

import pynn
import ranks_program
from compare_ranks import assert_same_training
from pipes import launch
from pynn.layers.share import Share, current

CASES = [case.__name__ for case in ranks_program.COMPARED]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What one process, and two and three, have learned."""
    folder = tmp_path_factory.mktemp("ranks")
    for size in (1, 2, 3):
        assert launch(size, folder, CASES) == [0] * size
    return folder


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_ranks_follow_one_process(case, size, folder):
    assert_same_training(folder, case, size)


def test_a_checkpoint_goes_on_with_another_number_of_ranks(folder):
    assert launch(3, folder, ["first_half"]) == [0] * 3
    for size in (1, 2):
        assert launch(size, folder, ["second_half"]) == [0] * size
        assert_same_training(folder, "second_half", size, of="whole")


@pytest.mark.parametrize("case", ["fails", "drifts", "other_networks", "fails_for_all", "too_few"])
def test_a_rank_that_fails_leaves_nobody_waiting(case, tmp_path):
    statuses = launch(3, tmp_path, [case], timeout=60)
    assert None not in statuses and 0 not in statuses


def test_a_share_of_several_rows_for_each_sample():
    """As of a layer behind one that turns (N, C, H, W) into (N H W, C)."""
    share = Share(2, 4, 8, total=None)
    np.random.seed(0)
    got = share.random((6, 5))
    after = np.random.rand()
    np.random.seed(0)
    np.testing.assert_array_equal(got, np.random.rand(24, 5)[6:12])
    assert np.random.rand() == after and share.weight == 0.25


def test_layers_see_the_whole_batch_again_after_an_error():
    with pytest.raises(ZeroDivisionError), Share(0, 1, 2, total=None):
        assert current().size == 2
        1 / 0
    assert current() is None


def test_a_communicator_of_one_is_no_communicator():
    class One:
        Get_rank = Allreduce = bcast = Abort = None

        def Get_size(self):
            return 1

    x = np.eye(4)
    assert pynn.Trainer(pynn.TwoLayerNet(4, 3, 4), x, [0, 1, 2, 3], verbose=False, comm=One()).ranks.size == 1


def test_something_else_than_a_communicator():
    with pytest.raises(TypeError, match="Trainer: comm is a int; it must be a communicator of mpi4py, such as MPI.COMM_WORLD"):
        pynn.Trainer(pynn.TwoLayerNet(4, 3, 4), np.eye(4), [0, 1, 2, 3], comm=4)
