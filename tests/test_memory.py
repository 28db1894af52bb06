"""Results own aligned memory that is used again only when its array is gone."""

import gc
import sys
import tracemalloc

import numpy as np
import pytest
from scripts import python

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


HUNDRED_SIZES = """
import resource
import numpy as np
import pynn
x = np.zeros(6_000_000, np.float32)
for n in range(4_000_000, 6_000_000, 20_000):
    pynn.relu(x[:n])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


# Results of up to 64 MB are kept, of nine sizes here, 432 MB in all.
NINE_SIZES = """
import numpy as np
import pynn

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

x = np.ones(20_000_000, np.float32)
pynn.relu(x)
before = resident()
for n in range(8_000_000, 16_000_001, 1_000_000):
    pynn.relu(x[:n])
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads what is resident as Linux tells it")
def test_what_is_kept_of_large_results_is_bounded(tmp_path):
    """At most 256 MB (KEPT_BYTES in csrc/binding/memory.c), and a tenth for the rest of the process."""
    assert int(python("-c", NINE_SIZES, cwd=tmp_path).stdout) < 1.1 * 256 * 2**20


def test_what_is_kept_is_bounded(tmp_path):
    """All results together are 2 GB. A process of its own has no earlier peak."""
    pytest.importorskip("resource")
    peak = int(python("-c", HUNDRED_SIZES, cwd=tmp_path).stdout)
    peak_bytes = peak if sys.platform == "darwin" else peak * 1024
    assert peak_bytes < 1_200_000_000
