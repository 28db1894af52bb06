"""What processes that share the batches have in common with one that does not."""

import numpy as np


def assert_same_training(folder, case, size, alone="0-of-1", of=None):
    """Every rank has learned, recorded and said what a single process has."""
    want = np.load(folder / f"{of or case}-{alone}.npz")
    for rank in range(size):
        got = np.load(folder / f"{case}-{rank}-of-{size}.npz")
        assert set(got) == set(want)
        for name in want:
            if name in ("said", "random"):
                np.testing.assert_array_equal(got[name], want[name], err_msg=f"{name} of rank {rank}")
                continue
            # The ranks add the terms of a gradient in another order: a relative 1e-16 a step, 1e-7 in float32. Adam divides by the
            # gradient's own size, so where that is near its 1e-7 the same roundings move a parameter by up to 1e-9 of the rate: 270
            # steps were seen to end 4e-11 apart. A share that is wrong by one sample is 1e-2 away.
            tolerance = 1e-5 if case == "single" else 1e-9
            np.testing.assert_allclose(got[name], want[name], rtol=tolerance, atol=tolerance, err_msg=f"{name} of rank {rank}")
