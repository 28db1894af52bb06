"""What holds for every operation: memory, references, threads, imports, instruction sets."""

import gc
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from compare import LONGER, call
from layouts import lay_out, values
from scripts import instruction_sets

import pynn
from pynn import functions, gradient, layers, networks, optimizer
from pynn.layers.convolution import col2im, im2col

REAL = (np.float32, np.float64)
RULES = ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW")


def forward_backward(make, *args):
    layer = make()
    out = layer.forward(*args)
    return out, layer.backward(out)


def affine(x, W, b):
    layer = layers.Affine(W, b)
    out = layer.forward(x)
    return out, layer.backward(out), layer.dW, layer.db


def softmax_with_loss(x, t):
    layer = layers.SoftmaxWithLoss()
    return layer.forward(x, t), layer.backward(), layer.y


def identity_with_loss(x, t):
    layer = layers.IdentityWithLoss(mean=True)
    return layer.forward(x, t), layer.backward(), layer.y


def updated(rule, param, grad):
    param = param.copy()
    getattr(optimizer, rule)().update({"W": param}, {"W": grad})
    return param


def two_layer_net(x, t):
    np.random.seed(0)
    net = networks.TwoLayerNet(x.shape[1], 5, 7, dtype=x.dtype)
    return tuple(net.gradient(x, t).values())


def dropout(x):
    np.random.seed(0)
    layer = layers.Dropout(0.3)
    return layer.forward(x), layer.backward(x), layer.forward(x, train_flg=False)


def batch_normalization(x, gamma, beta):
    layer = layers.BatchNormalization(gamma, beta)
    out = layer.forward(x)
    # rows reversed: for dout = out the exact dx is 0, and what is left of it rounding
    return (out, layer.backward(out[::-1]), layer.dgamma, layer.dbeta, layer.running_mean,
            layer.running_var, layer.forward(x, train_flg=False))


def convolution(x, W, b):
    layer = layers.Convolution(W, b, stride=1, pad=1)
    out = layer.forward(x)
    return out, layer.backward(out), layer.dW, layer.db


def columns(x):
    col = im2col(x, 3, 2, stride=2, pad=1)
    return col, col2im(col, x.shape, 3, 2, stride=2, pad=1)


LABELS = np.arange(40) % 7

# name: (operation, its arguments from a way to draw an array of a given shape)
OPERATIONS = {
    **{name: (getattr(functions, name), lambda a: [a(40, 7)])
       for name in ["identity_function", "step_function", "sigmoid", "sigmoid_grad", "relu",
                    "relu_grad", "tanh", "softmax"]},
    "entropy": (functions.entropy, lambda a: [np.abs(a(40, 7))]),
    "cross_entropy": (functions.cross_entropy, lambda a: [np.abs(a(40, 7)), np.abs(a(40, 7))]),
    "mean_squared_error": (functions.mean_squared_error, lambda a: [a(40, 7), a(40, 7)]),
    "cross_entropy_error of labels": (functions.cross_entropy_error,
                                      lambda a: [np.abs(a(40, 7)), LABELS]),
    "cross_entropy_error of targets": (functions.cross_entropy_error,
                                       lambda a: [np.abs(a(40, 7)), a(40, 7)]),
    "softmax_loss": (functions.softmax_loss, lambda a: [a(40, 7), LABELS]),
    "matmul": (functions.matmul, lambda a: [a(40, 30), a(30, 7)]),
    "AddLayer": (lambda *xy: forward_backward(layers.AddLayer, *xy), lambda a: [a(40, 7), a(40, 7)]),
    "MulLayer": (lambda *xy: forward_backward(layers.MulLayer, *xy), lambda a: [a(40, 7), a(40, 7)]),
    "Relu": (lambda x: forward_backward(layers.Relu, x), lambda a: [a(40, 7)]),
    "Sigmoid": (lambda x: forward_backward(layers.Sigmoid, x), lambda a: [a(40, 7)]),
    "Tanh": (lambda x: forward_backward(layers.Tanh, x), lambda a: [a(40, 7)]),
    "LeakyRelu": (lambda x: forward_backward(layers.LeakyRelu, x), lambda a: [a(40, 7)]),
    "Flatten": (lambda x: forward_backward(layers.Flatten, x), lambda a: [a(40, 2, 3)]),
    "Affine": (affine, lambda a: [a(40, 30), a(30, 7), a(7)]),
    "Affine without bias": (lambda x, W: affine(x, W, None)[:3], lambda a: [a(40, 30), a(30, 7)]),
    "SoftmaxWithLoss": (softmax_with_loss, lambda a: [a(40, 7), LABELS]),
    "IdentityWithLoss": (identity_with_loss, lambda a: [a(40, 7), a(40, 7)]),
    "Dropout": (dropout, lambda a: [a(40, 7)]),
    "BatchNormalization": (batch_normalization, lambda a: [a(40, 7), a(7), a(7)]),
    "BatchNormalization of channels": (batch_normalization, lambda a: [a(40, 3, 5, 4), a(3), a(3)]),
    "Convolution": (convolution, lambda a: [a(40, 2, 6, 5), a(3, 2, 3, 3), a(3)]),
    "Pooling": (lambda x: forward_backward(lambda: layers.Pooling(2, 2), x), lambda a: [a(40, 2, 6, 5)]),
    "Convolution without bias": (lambda x, W: convolution(x, W, None)[:3], lambda a: [a(40, 2, 6, 5), a(3, 2, 3, 3)]),
    "AveragePooling": (lambda x: forward_backward(lambda: layers.AveragePooling(3, 2, 2, 1), x), lambda a: [a(40, 2, 6, 5)]),
    "im2col": (columns, lambda a: [a(40, 2, 6, 5)]),
    **{rule: (lambda p, g, rule=rule: updated(rule, p, g), lambda a: [a(40, 7), a(40, 7)])
       for rule in RULES},
    "numerical_gradient": (lambda x: gradient.numerical_gradient(np.sum, x), lambda a: [a(3, 4)]),
    "TwoLayerNet": (two_layer_net, lambda a: [a(40, 30), LABELS]),
}
SEEDED = ("Dropout", "TwoLayerNet")     # by NumPy's global state, which threads share


def arguments(name, dtype, scale=1):
    """Arrays whose batch, the axis of 40, is `scale` times as long."""
    rng = np.random.default_rng(0)
    args = OPERATIONS[name][1](
        lambda n, *shape: values(rng, (scale * n if n == 40 else n, *shape), dtype))
    return [np.tile(LABELS, scale) if a is LABELS else a for a in args]


def flat(result):
    """Every array of a result that may be nested."""
    if isinstance(result, tuple):
        return [a for part in result for a in flat(part)]
    return [np.asarray(result)]


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", OPERATIONS)
def test_inputs_are_not_modified_and_outputs_are_fresh(name, dtype):
    call(OPERATIONS[name][0], *arguments(name, dtype))


@pytest.mark.parametrize("name", OPERATIONS)
def test_twice_the_same_bits_in_other_memory(name):
    f = OPERATIONS[name][0]
    args = arguments(name, np.float64)
    first, second = flat(f(*args)), flat(f(*args))
    for a, b in zip(first, second):
        assert a.tobytes() == b.tobytes() and not (a.size and np.shares_memory(a, b))


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_result_that_is_held_never_changes(name):
    """However the memory of freed arrays is reused."""
    f = OPERATIONS[name][0]
    args = arguments(name, np.float32)
    held = flat(f(*args))
    kept = [a.tobytes() for a in held]
    others = [a * a.dtype.type(3) if a.dtype.kind == "f" else a for a in args]
    for _ in range(20):
        f(*others)
    assert [a.tobytes() for a in held] == kept


@pytest.mark.parametrize("name", OPERATIONS)
def test_references_are_given_back(name):
    f = OPERATIONS[name][0]
    args = arguments(name, np.float64)
    f(*args)
    before = [sys.getrefcount(a) for a in args]
    for _ in range(50):
        f(*args)
    assert [sys.getrefcount(a) for a in args] == before


def grown(f, rounds=200, repeats=4):
    """Python's blocks and NumPy's bytes that a loop of calls leaves behind.

    The least of several loops: a leak grows in each of them, the interpreter's own caches fill once.
    """
    def run():
        blocks, memory = sys.getallocatedblocks(), tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            f()
        gc.collect()
        return sys.getallocatedblocks() - blocks, tracemalloc.get_traced_memory()[0] - memory

    tracemalloc.start()
    try:
        loops = [run() for _ in range(repeats)]
    finally:
        tracemalloc.stop()
    return min(blocks for blocks, _ in loops), min(memory for _, memory in loops)


# One leaked object a call would be 200 blocks, and a leaked array more bytes; caches of the
# interpreter account for a few.
FEW_BLOCKS, FEW_BYTES = 50, 20_000


@pytest.mark.parametrize("dtype, layout", [(np.float32, "C"), (np.float16, "C"), (np.int64, "strided")])
@pytest.mark.parametrize("name", [n for n in OPERATIONS if n not in RULES
                                  and n not in ("numerical_gradient", "TwoLayerNet")])
def test_functions_and_layers_leak_nothing(name, dtype, layout):
    """With the copies that other dtypes and layouts need."""
    args = [lay_out(a, layout) for a in arguments(name, dtype)]
    blocks, memory = grown(lambda: OPERATIONS[name][0](*args))
    assert blocks < FEW_BLOCKS and memory < FEW_BYTES


@pytest.mark.parametrize("name", [*RULES, "numerical_gradient", "TwoLayerNet"])
def test_the_others_leak_nothing(name):
    args = arguments(name, np.float64)
    blocks, memory = grown(lambda: OPERATIONS[name][0](*args))
    assert blocks < FEW_BLOCKS and memory < FEW_BYTES


def failing():
    x, one = np.ones((4, 3)), np.ones((4, 1))
    half, ints = np.ones((2, 2), np.float16), np.ones(3, int)
    relu, sigmoid = layers.Relu(), layers.Sigmoid()
    relu.forward(x)
    sigmoid.forward(x)
    return {
        "dtype": lambda: functions.relu(x.astype(complex)),
        "not an array": lambda: functions.relu("x"),
        "ragged": lambda: functions.relu([[1], [1, 2]]),
        "count": lambda: functions.matmul(x),
        "matmul": lambda: functions.matmul(x.T[:, ::2], x[:3]),
        "matmul second": lambda: functions.matmul(x.astype(np.float16), "b"),
        "stacks": lambda: functions.matmul(np.ones((2, 3, 3)), np.ones((3, 3, 3))),
        "labels range": lambda: functions.cross_entropy_error(x, np.full(4, 3)),
        "labels shape": lambda: functions.softmax_loss(x.astype(np.float32), np.zeros((4, 1), int)),
        "labels dtype": lambda: functions.cross_entropy_error(x, np.zeros(4)),
        "squares": lambda: functions.mean_squared_error(x, one),
        "affine x": lambda: layers.Affine(x, np.ones(3)).forward(x),
        "affine b": lambda: layers.Affine(x.T, np.ones(5)).forward(x),
        "relu dout": lambda: relu.backward(one),
        "sigmoid dout": lambda: sigmoid.backward(one),
        "conv x": lambda: layers.Convolution(np.ones((2, 3, 9, 9)), 0).forward(np.ones((1, 3, 4, 4))),
        "conv b": lambda: layers.Convolution(np.ones((2, 3, 3, 3)), x).forward(np.ones((1, 3, 4, 4))),
        "pool": lambda: layers.Pooling(2, 2, stride=0).forward(np.ones((1, 3, 4, 4))),
        "batch normalization": lambda: layers.BatchNormalization(np.ones(4), np.ones(4)).forward(x),
        "dropout": lambda: layers.Dropout(0.5).forward(x.astype(complex)),
        "loss": lambda: layers.SoftmaxWithLoss().forward(x, np.full(4, -1)),
        **{rule: (lambda rule=rule: getattr(optimizer, rule)().update({"W": x}, {"W": one}))
           for rule in RULES},
        "parameter": lambda: optimizer.SGD().update({"W": half}, {"W": half}),
        "gradient dtype": lambda: gradient.numerical_gradient(np.sum, ints),
        "gradient scalar": lambda: gradient.numerical_gradient(lambda x: x, x),
        "gradient raises": lambda: gradient.numerical_gradient(lambda x: 1 / 0, x),
    }


@pytest.mark.parametrize("name", failing())
def test_errors_leak_nothing(name):
    f = failing()[name]

    def caught():
        try:
            f()
        except Exception:
            return
        raise AssertionError("no error")

    blocks, memory = grown(caught)
    assert blocks < FEW_BLOCKS and memory < FEW_BYTES


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", [n for n in OPERATIONS if n not in SEEDED])
def test_threads_call_at_the_same_time(name, dtype):
    """Four threads on arrays of their own and on shared ones, large enough to release the GIL."""
    f = OPERATIONS[name][0]
    shared = arguments(name, dtype, scale=50)
    want = [a.tobytes() for a in flat(f(*shared))]
    wrong, start = [], threading.Barrier(4)

    def work(i):
        try:
            args = shared if i % 2 else [a.copy() for a in shared]
            start.wait(30)
            for _ in range(10):
                if [a.tobytes() for a in flat(f(*args))] != want:
                    wrong.append(i)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads) and not wrong


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", OPERATIONS)
def test_any_number_of_threads_gives_the_same_bits(name, dtype):
    args = arguments(name, dtype, scale=300)
    results = []
    for n in (1, 2, 3):
        with pynn.num_threads(n):
            results.append([a.tobytes() for a in flat(OPERATIONS[name][0](*args))])
    assert results[0] == results[1] == results[2]


def python(code, **environment):
    """Run `code` in an interpreter of its own and return what it printed."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True,
                          text=True, timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_extension_may_be_imported_again():
    """As a notebook's autoreload does: both modules work, and so does what the first one made."""
    assert python("""
import sys, numpy as np, pynn
first, x = sys.modules.pop("pynn._core"), np.array([[-1.0, 2.0]])
import pynn._core as second
assert first is not second
print(first.matmul(x, x.T).item(), second.matmul(x, x.T).item())
""").split() == ["5.0", "5.0"]


def test_import_reads_no_more_than_numpy():
    """Matplotlib, tqdm and the like come when they are used."""
    assert python("""
import sys, numpy
before = {m.split(".")[0] for m in sys.modules}
import pynn
extra = {m.split(".")[0] for m in sys.modules} - before - {"pynn"}
print(sorted(m for m in extra if m not in sys.stdlib_module_names))
""").strip() == "[]"


def test_calls_after_fork():
    """multiprocessing on Linux: a child has no threads but the one that forked."""
    if sys.platform != "linux":
        pytest.skip("fork is Linux's way")
    assert python("""
import os, numpy as np, pynn
a = np.random.default_rng(0).standard_normal((600, 600))
want = pynn.matmul(a, a)
pid = os.fork()
if pid == 0:
    os._exit(0 if (pynn.matmul(a, a) == want).all() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), (pynn.matmul(a, a) == want).all())
""").strip() == "0 True"


RESULTS = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from test_contracts import OPERATIONS, arguments, flat
results = []
for name in OPERATIONS:
    for dtype in (np.float32, np.float64):
        results += flat(OPERATIONS[name][0](*arguments(name, dtype)))
np.savez({path!r}, *results)
"""


@pytest.mark.parametrize("isa", instruction_sets())
def test_every_instruction_set_gives_the_same(isa, tmp_path):
    """To rounding: sums are ordered, and products fused, as the registers have it."""
    path = str(tmp_path / "results.npz")
    python(RESULTS.format(tests=os.path.dirname(__file__), path=path), PYNN_CPU=isa)
    with np.load(path) as other:
        arrays = list(other.values())
    mine = [a for name in OPERATIONS for dtype in REAL
            for a in flat(OPERATIONS[name][0](*arguments(name, dtype)))]
    assert len(arrays) == len(mine)
    for a, b in zip(arrays, mine):
        assert a.dtype == b.dtype and a.shape == b.shape
        if a.dtype.kind == "f":     # 40 terms of order 1 at most; measured against the largest
            np.testing.assert_allclose(
                a, b, rtol=0, atol=100 * np.finfo(a.dtype).eps * np.abs(b).max())
        else:
            np.testing.assert_array_equal(a, b)


def test_unknown_instruction_set():
    with pytest.raises(AssertionError, match="ImportError: pynn: PYNN_CPU is 'z80'"):
        python("import pynn", PYNN_CPU="z80")


def test_no_choice_of_an_instruction_set_is_the_best():
    best = f"import pynn; assert pynn._core.kernels() == {instruction_sets()[0]!r}"
    python(best, PYNN_CPU="")
    python(f"import os, subprocess, sys; del os.environ['PYNN_CPU']; subprocess.run([sys.executable, '-c', {best!r}], check=True)", PYNN_CPU="")


@pytest.mark.skipif(bool(LONGER), reason="a longdouble is longer than a double here")
def test_a_long_double_of_eight_bytes_is_a_double():
    """Windows' and ARM's Macs': NumPy names it float64."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]], np.longdouble)
    np.testing.assert_array_equal(functions.matmul(x, x), [[7, 10], [15, 22]])
    np.testing.assert_allclose(gradient.numerical_gradient(lambda x: float(np.sum(x**2)), x), 2 * x, atol=1e-6)
    for rule in (optimizer.SGD, optimizer.Adam):
        params, doubles = {"W": x.copy()}, {"W": x.astype(np.float64)}
        for changed in (params, doubles):
            rule().update(changed, {"W": np.ones((2, 2))})
        np.testing.assert_array_equal(params["W"], doubles["W"])
