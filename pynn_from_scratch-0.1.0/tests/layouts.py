"""Arrays of every dtype, shape and memory layout, as hypothesis strategies.

A layout changes where the elements lie, never what they are (but for 'broadcast', which repeats
them). Memory that a view skips over holds NaN or the largest integer: a kernel that strays gives
itself away.
"""

import numpy as np
from hypothesis import strategies as st

FLOATS = (np.float16, np.float32, np.float64)
INTEGERS = (np.bool_, np.int8, np.int16, np.int32, np.int64,
            np.uint8, np.uint16, np.uint32, np.uint64)
DTYPES = FLOATS + INTEGERS
LAYOUTS = ("C", "F", "permuted", "strided", "negative", "offset", "unaligned", "swapped",
           "readonly", "broadcast")


def _poisoned(shape, dtype):
    """An array full of what must not be read."""
    poison = np.nan if dtype.kind == "f" else True if dtype.kind == "b" else np.iinfo(dtype).max
    return np.full(shape, poison, dtype)


def lay_out(a, layout):
    """The values of `a` in another layout; a view, except for 'C' and 'F'."""
    if layout == "C":
        return np.array(a, order="C")
    if layout == "F":
        return np.array(a, order="F")
    if layout == "permuted":                    # memory order rotated: neither C nor F in 3-D
        axes = np.roll(np.arange(a.ndim), 1)
        return np.array(a.transpose(axes), order="C").transpose(np.argsort(axes))
    if layout == "strided":                     # every second column, every third row
        steps = [2 + (a.ndim - 1 - i) % 2 for i in range(a.ndim)]
        base = _poisoned([n * s for n, s in zip(a.shape, steps)], a.dtype)
        view = base[(..., *(slice(s - 1, None, s) for s in steps))]
    elif layout == "negative":
        view = np.empty(a.shape, a.dtype)[(..., *[slice(None, None, -1)] * a.ndim)]
    elif layout == "offset":                    # inside a larger array, on every side
        base = _poisoned([n + 3 for n in a.shape], a.dtype)
        view = base[(..., *(slice(1, n + 1) for n in a.shape))]
    elif layout == "unaligned":
        buffer = np.full(a.nbytes + 1, 0xFF, np.uint8)
        view = np.frombuffer(buffer, a.dtype, a.size, offset=1).reshape(a.shape)
    elif layout == "swapped":
        view = np.empty(a.shape, a.dtype.newbyteorder())
    elif layout == "readonly":
        view = a.copy()
        view.flags.writeable = False
        return view
    elif layout == "broadcast":                 # stride 0 in the first axis
        return np.broadcast_to(a[:1], a.shape) if a.ndim and a.shape[0] else a.copy()
    view[...] = a
    return view


def sides(max_side=40, min_side=0):
    """A length: mostly short, sometimes past a vector or a block."""
    return st.one_of(st.integers(min_side, 5), st.integers(min_side, max_side))


def shapes(min_dims=0, max_dims=4, max_side=20, min_side=0):
    return st.lists(sides(max_side, min_side), min_size=min_dims, max_size=max_dims).map(tuple)


def values(rng, shape, dtype, scale=1.0):
    """Normal numbers of the given scale; small integers of either sign where the dtype has them."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        drawn = scale * rng.standard_normal(shape)
    elif dtype.kind == "b":
        drawn = rng.random(shape) < 0.5
    else:
        drawn = rng.integers(-9 if dtype.kind == "i" else 0, 10, shape)
    return np.asarray(drawn, dtype)


@st.composite
def arrays(draw, shape=shapes(), dtype=st.sampled_from(DTYPES), layout=st.sampled_from(LAYOUTS),
           scale=st.sampled_from([1e-3, 1.0, 8.0])):
    """An array; each argument is a value or a strategy."""
    def drawn(x):
        return draw(x) if isinstance(x, st.SearchStrategy) else x
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return lay_out(values(rng, drawn(shape), drawn(dtype), drawn(scale)), drawn(layout))
