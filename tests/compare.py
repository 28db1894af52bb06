"""What every test asks of a result: its value, its dtype, its memory, and the inputs left alone."""

import numpy as np

# Dtypes with more digits than a double has; the longdouble of Windows and of ARM's Macs is a double.
LONGER = [np.longdouble] if np.finfo(np.longdouble).nmant > 52 else []


def floating(dtype):
    """The dtype an argument counts as: floats as they are, integers and bool as float64."""
    dtype = np.dtype(dtype)
    return dtype.newbyteorder("=") if dtype.kind == "f" else np.dtype(np.float64)


def result_dtype(*arrays):
    return np.result_type(*(floating(a.dtype) for a in arrays))


def eps(dtype):
    return float(np.finfo(dtype).eps)


def wide(a):
    """`a` in more digits than the result has: the oracle's own rounding must not count."""
    return np.asarray(a).astype(np.longdouble)


def snapshot(a):
    """Every byte that can be reached through `a` or the array under it."""
    base = a
    while isinstance(base.base, np.ndarray):
        base = base.base
    return base.tobytes(), a.shape, a.strides, a.dtype.str, a.flags.writeable


def call(f, *args):
    """f(*args), with the checks that hold for every operation on its arrays."""
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    before = [snapshot(a) for a in arrays]
    result = f(*args)
    assert [snapshot(a) for a in arrays] == before, "an input was modified"
    for out in result if isinstance(result, tuple) else (result,):
        if isinstance(out, np.ndarray):
            assert not any(np.shares_memory(out, a) for a in arrays), "the output aliases an input"
            assert out.flags.c_contiguous and out.flags.writeable and out.flags.aligned
            assert out.dtype.isnative
    return result


def assert_close(got, want, ulps, scale=None, dtype=None, absolute=0.0):
    """|got - want| <= ulps * eps * scale + absolute, with eps of the result's dtype.

    `scale` is |want| unless the error analysis says otherwise, and may be an array. float16 is
    computed in float32 and rounded once: half an ulp of its own, so `ulps` count in float32.
    Below the smallest normal number the spacing is absolute, and one spacing is allowed.
    """
    got, want = np.asarray(got), wide(want)
    dtype = got.dtype if dtype is None else np.dtype(dtype)
    assert got.dtype == dtype, f"dtype {got.dtype}, expected {dtype}"
    assert got.shape == want.shape, f"shape {got.shape}, expected {want.shape}"
    working = np.float32 if dtype == np.float16 else dtype
    size = np.abs(want) if scale is None else wide(scale)
    with np.errstate(invalid="ignore"):
        bound = ulps * eps(working) * size + absolute + float(np.finfo(dtype).smallest_subnormal)
        if dtype == np.float16:
            bound = bound + 0.5 * eps(dtype) * np.abs(want)
    wild = ~np.isfinite(want)
    np.testing.assert_array_equal(got[wild].astype(np.longdouble), want[wild])
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(np.longdouble) - want)
        bad = ~wild & ~(error <= bound)
    if bad.any():
        i = np.unravel_index(np.argmax(np.where(bad, error / (eps(working) * size + bound), 0)),
                             bad.shape)
        raise AssertionError(f"{bad.sum()} of {bad.size} wrong; at {tuple(map(int, i))} got "
                             f"{got[i]!r}, expected {want[i]!r}: off by {float(error[i]):.3g}, "
                             f"allowed {float(np.broadcast_to(bound, bad.shape)[i]):.3g}")
