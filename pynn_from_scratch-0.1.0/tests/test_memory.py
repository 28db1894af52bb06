"""Results own aligned memory that is used again only when its array is gone."""

import gc
import tracemalloc

import numpy as np
import pytest

import pynn

SIZES = [0, 1, 7, 16, 100, 1000, 1025, 5000, 70_000, 1_000_000]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_results_start_on_a_cache_line(size, dtype):
    assert pynn.sigmoid(np.zeros(size, dtype)).ctypes.data % 64 == 0


def test_results_own_their_memory():
    out = pynn.sigmoid(np.zeros((3, 4)))
    assert out.flags.owndata and out.flags.writeable and out.base is None


@pytest.mark.parametrize("size", SIZES[1:])
def test_arrays_that_are_held_never_share_memory(size):
    held = [pynn.sigmoid(np.full(size, float(i))) for i in range(6)]
    del held[2], held[0]
    held += [pynn.sigmoid(np.full(size, float(i))) for i in range(10, 14)]
    for i, a in enumerate(held):
        assert not any(np.shares_memory(a, b) for b in held[:i])
    wanted = [1, 3, 4, 5, 10, 11, 12, 13]
    for a, value in zip(held, wanted, strict=True):
        np.testing.assert_allclose(a, 1 / (1 + np.exp(-value)), rtol=1e-14)


def test_a_view_keeps_the_memory_of_its_base():
    out = pynn.sigmoid(np.zeros(5000))
    tail = out[10:]
    del out
    gc.collect()
    pynn.sigmoid(np.full(5000, 9.0))
    assert (tail == 0.5).all()


def test_memory_is_used_again():
    x = np.zeros(200_000)
    first = pynn.sigmoid(x).ctypes.data
    assert any(pynn.sigmoid(x).ctypes.data == first for _ in range(4))


@pytest.mark.parametrize("new", [0, 10, 100_000])
def test_results_can_be_resized(new):
    out = pynn.sigmoid(np.zeros(1000))
    out.resize(new, refcheck=False)
    assert (out[:1000] == 0.5).all() and (out[1000:] == 0).all()


def test_tracemalloc_sees_results():
    tracemalloc.start()
    try:
        out = pynn.sigmoid(np.zeros(500_000))
        held = tracemalloc.get_traced_memory()[0]
        assert held >= out.nbytes
        del out
        assert tracemalloc.get_traced_memory()[0] < held - 3_000_000
    finally:
        tracemalloc.stop()


def test_what_is_kept_is_bounded():
    resource = pytest.importorskip("resource")
    x = np.zeros(6_000_000, np.float32)
    for n in range(4_000_000, 6_000_000, 20_000):  # a hundred sizes, 2 GB if all were kept
        pynn.relu(x[:n])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_bytes = peak if peak > 1 << 32 else peak * 1024  # macOS counts bytes, Linux kilobytes
    assert peak_bytes < 1_200_000_000
