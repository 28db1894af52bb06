"""The matrix product against NumPy's, over the shapes of the book and squares."""

import numpy as np

from . import peers

AFFINE = [(784, 50), (50, 10), (50, 100), (100, 10), (784, 100), (100, 100), (4320, 100),
          (1024, 50)]
# (positions of one image, C FH FW, FN): SimpleConvNet's and DeepConvNet's
CONVOLUTION = [(576, 25, 30), (784, 9, 16), (784, 144, 16), (196, 144, 32), (256, 288, 32),
               (64, 288, 64), (64, 576, 64)]
SQUARES = [8, 16, 32, 64, 100, 128, 256, 512, 1024, 2048]
BUDGET = 0.08                       # seconds of a shape's turns: there are hundreds
CHECKED = 50_000_000                # multiply-adds of the product that are checked, about


def measure(bench):
    for threads in bench.threads:
        for dtype in ("float32", "float64"):
            few = bench.quick or dtype == "float64"
            batches = [100] if threads > 1 else [1, 100] if few else [1, 10, 100, 1000]
            for shape in cases(dtype, batches):
                yield from bench.compare("gemm", shape, ["pynn", "numpy"], threads, budget=BUDGET)


def cases(dtype, batches):
    """Every product of the book: forward, dW = x.T dout and dx = dout W.T, as views.

    Those of convolutions for at most 100 images: a thousand times 784 rows are beyond every cache, and wait for memory alone.
    """
    layers = [(batch, *layer) for batch in batches for layer in AFFINE]
    layers += [(batch * positions, k, n) for batch in batches if batch <= 100 for positions, k, n in CONVOLUTION]
    for rows, k, n in layers:
        yield case(rows, k, n, "forward", dtype)
        yield case(k, rows, n, "dW", dtype)
        yield case(rows, n, k, "dx", dtype)
    for n in SQUARES:
        yield case(n, n, n, "square", dtype)


def case(m, k, n, kind, dtype):
    itemsize = np.dtype(dtype).itemsize
    return {"name": f"{kind} {m}x{k}x{n}", "kind": kind, "m": m, "k": k, "n": n, "dtype": dtype,
            "flops": 2 * m * k * n, "bytes": itemsize * (m * k + k * n + m * n)}


def operands(case):
    rng = np.random.default_rng(0)
    m, k, n = case["m"], case["k"], case["n"]
    shape_a, shape_b = (k, m) if case["kind"] == "dW" else (m, k), (k, n)
    if case["kind"] == "dx":
        shape_b = n, k
    a, b = (rng.random(shape, dtype=case["dtype"]) for shape in (shape_a, shape_b))
    a -= 0.5                            # terms of either sign
    return a.T if case["kind"] == "dW" else a, b.T if case["kind"] == "dx" else b


def prepare(peer, case):
    """Compare some rows of the product with NumPy's in float64.

    The error of a sum of k products is at most k u |A||B|, and for operands of
    random sign about sqrt(k) u |A||B| (Higham and Mary, 2019); four times that,
    and twice in float64, where NumPy's product errs as much, is allowed.
    """
    a, b = operands(case)
    matmul = peer.matmul
    product = np.asarray(matmul(a, b))
    count = min(len(a), 8 + CHECKED // (case["k"] * case["n"]))
    rows = np.linspace(0, len(a) - 1, count).astype(int)
    a64, b64 = a[rows].astype("float64"), b.astype("float64")
    scale = abs(a64) @ abs(b64)
    error = (abs(product[rows] - a64 @ b64) / np.where(scale == 0, 1, scale)).max()
    bound = 4 * np.sqrt(case["k"]) * np.finfo(case["dtype"]).eps
    return (lambda: matmul(a, b)), 1, float(error), float(bound)
