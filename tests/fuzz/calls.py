"""One call of the extension, and everything that is asked of it."""

import inspect
import re
import signal

import numpy as np

from fuzz.table import CALLS, CHANGED
from fuzz.values import Draw

from pynn import _core

FUNCTIONS = {name: list(inspect.signature(f).parameters) for name, f in vars(_core).items() if inspect.isbuiltin(f)}
EXPECTED = (TypeError, ValueError, IndexError, OverflowError, MemoryError, RuntimeError)
SECONDS = 10                    # after which a call is interrupted, as Ctrl-C would; some arguments ask for hours of work

# An error begins with the function as its user knows it, and names an argument or what is wrong with the whole.
USER_NAMES = {"mlp_numerical_gradient": "numerical_gradient", "batchnorm_train": "BatchNormalization.forward",
              "batchnorm_test": "BatchNormalization.forward", "conv_block_forward": "Convolution.forward",
              "conv_block_backward": "Convolution.backward", "dropout": "Dropout"}
CLASSES = ("Affine", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "SoftmaxWithLoss", "IdentityWithLoss", "BatchNormalization", "Convolution",
           "Pooling", "AveragePooling", "SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW")
WORDS = re.compile(r"arguments given|memory|the windows|the filters|filters of|the shape of x|places of|pooling took|the array|f returned|"
                   r"f resized|f is|y has|params|W\d|b\d|weight_decay|lr_t")

# How far two sets of kernels may be apart: this many times eps, the number of terms of a sum, and the largest products.
ROUNDING = 16
LARGER = {"batchnorm_train": 1e7,       # 1 / std is up to 1e3, and its square is in dx
          "batchnorm_test": 1e4, "batchnorm_backward": 1e12, "rmsprop": 1e8, "adagrad": 1e8, "adam": 1e8, "adamw": 1e8,   # 1 / sqrt(h + 1e-7)
          "mlp_numerical_gradient": 1e6, "cross_entropy_error": 1e7}
LARGEST = 100                   # numbers for which that is a bound
NUMBERS = (int, float, np.integer, np.floating)
INCOMPARABLE = ("build_info", "kernels", "use_kernels", "set_winograd", "take_rows", "tour_peak", "numerical_gradient", "as_array",
                "conv_block_backward")          # takes what kernels of the same set noted
ONLY_SHAPE = {("conv_block_forward", 1)}        # which of two pixels equal but for rounding pooling took


class Broken(AssertionError):
    """pynn did not do what it promises."""


class TooLong(BaseException):
    """A call was interrupted."""


def draw_call(name, choose):
    """Arguments for a function: sound ones, of which some are exchanged."""
    draw = Draw(choose)
    args = CALLS[name](draw)
    how = choose(16)
    for _ in range((how > 7) + (how > 13)):
        if args:
            args[choose(len(args))] = draw.other()
    if how == 15 and choose(2):
        args = args[:-1] if choose(2) else [*args, None]
    return args


def arrays_in(args):
    """Every array among the arguments, lists of them included, with the place of the argument."""
    for i, x in enumerate(args):
        for a in x if type(x) is list else [x]:
            if isinstance(a, np.ndarray):
                yield i, a


def contents(a):
    """Every byte that can be reached through `a`, its layout and its flags."""
    base = a
    while isinstance(base.base, np.ndarray):
        base = base.base
    return (None if base.nbytes > 1 << 24 else base.tobytes()), a.shape, a.strides, a.dtype, a.flags.num


def attempt(name, args):
    """(outputs, None) or (None, exception)."""
    before = _core.kernels(), _core.get_num_threads()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        result = getattr(_core, name)(*args)
        return (result if isinstance(result, tuple) else (result,)), None
    except TooLong:
        raise
    except BaseException as error:
        return None, error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if name == "set_winograd":
            _core.set_winograd(True)
        if name in ("use_kernels", "set_num_threads"):
            _core.use_kernels(before[0])
            _core.set_num_threads(before[1])


def check(name, args):
    """Call the function and look at everything it promises; the exception's type, or None."""
    arrays = list(arrays_in(args))
    before = [contents(a) for _, a in arrays]
    size = _size(name, args, arrays)
    again = size and _copies(args, CHANGED.get(name, ()))
    outputs, error = attempt(name, args)
    changed = CHANGED.get(name, ()) if error is None else ()
    for (i, a), was in zip(arrays, before):
        if i not in changed and contents(a) != was and not isinstance(error, RuntimeError):     # f resized x
            raise Broken(f"argument {i} was changed")
    if error is not None:
        _check_error(name, args, error)
    else:
        _check_outputs(name, arrays, outputs)
    if size is not None:
        _check_against_simple(name, args if error else again, outputs, error, size)
    return type(error) if error else None


def _copies(args, changed):
    """The arguments, with a copy of each array that is changed: one copy where several arguments are one array."""
    memo = {id(args[i]): args[i].copy() for i in changed if i < len(args) and isinstance(args[i], np.ndarray)}
    return [memo.get(id(a), a) for a in args]


def _check_error(name, args, error):
    if error.__traceback__.tb_next is not None or name == "numerical_gradient" and callable(args[0]) or name == "take_rows":
        return                          # raised in Python, or in f, by code of the caller's own; or by numpy.take, as it says
    if not isinstance(error, EXPECTED):
        raise Broken(f"raised {type(error).__name__}") from error
    message = str(error)
    head, _, rest = message.partition(": ")
    function = args[0] if name == "as_array" and head != name else USER_NAMES.get(name, name)
    if head != function and head.split(".")[0] not in CLASSES:
        raise Broken(f"the message does not begin with the function: {message!r}") from error
    if not any(re.search(rf"\b{argument}\b", rest) for argument in (*FUNCTIONS[name], "W")) and not WORDS.search(rest):
        raise Broken(f"the message names no argument: {message!r}") from error


def _check_outputs(name, arrays, outputs):
    if name in CHANGED and name != "numerical_gradient" or name in ("as_array", "take_rows"):
        return                          # gives what it was given
    for out in outputs:
        if isinstance(out, np.ndarray):
            if any(np.may_share_memory(out, a) and np.shares_memory(out, a) for _, a in arrays):
                raise Broken("a result shares memory with an argument")
            if not (out.flags.writeable and out.flags.aligned and out.dtype.isnative):
                raise Broken(f"a result has the flags {out.flags}")


def _numbers_in(args):
    """The numbers among the arguments, and in lists and tuples that may stand for arrays."""
    for x in args:
        yield from _numbers_in(x) if isinstance(x, list | tuple) else [x] if isinstance(x, NUMBERS) else []


def _size(name, args, arrays):
    """(terms, largest product) of sums over the arguments; None where the simple kernels may give something else.

    That is where a result is no number of the arguments', and where a number is so large that a sum of them may be infinite.
    """
    if _core.kernels() == "simple" or name in INCOMPARABLE or any(abs(x) > LARGEST for x in _numbers_in(args)):
        return None
    terms, largest = 1, 1.0
    for _, a in arrays:
        if a.size > 1 << 16 or a.dtype.kind not in "biuf" or type(a) is not np.ndarray:
            return None
        terms = max(terms, a.size)
        if a.dtype.kind != "b" and a.size:
            top = float(np.abs(a).max(initial=0, where=np.isfinite(a)))
            if top > LARGEST:
                return None
            largest *= max(1.0, top)
    return terms, largest


def _check_against_simple(name, args, outputs, error, size):
    fast = _core.kernels()
    _core.use_kernels("simple")
    try:
        wanted, other = attempt(name, args)
    finally:
        _core.use_kernels(fast)
    if (type(error), str(error)) != (type(other), str(other)):
        raise Broken(f"the simple kernels raised {other!r}, the others {error!r}")
    for i, (got, want) in enumerate(zip(outputs or (), wanted or ())):
        if isinstance(got, np.generic | np.ndarray | float) and (name, i) not in ONLY_SHAPE:
            _compare(name, *(np.asarray(x, np.float32 if type(x) is float else None) for x in (got, want)), size)


def _compare(name, got, want, size):
    if (got.shape, got.dtype) != (want.shape, want.dtype):
        raise Broken(f"{got.dtype} {got.shape}, but the simple kernels gave {want.dtype} {want.shape}")
    if got.dtype.kind != "f":
        if not np.array_equal(got, want):
            raise Broken(f"{got}, but the simple kernels gave {want}")
        return
    wild = ~np.isfinite(want)
    if not np.array_equal(got[wild], want[wild], equal_nan=True) or not np.isfinite(got[~wild]).all():
        raise Broken(f"{got}, but the simple kernels gave {want}: not finite in other places")
    error = np.abs(got[~wild].astype(np.longdouble) - want[~wild])
    if (error > _allowed(name, want[~wild], *size)).any():
        raise Broken(f"{got}, but the simple kernels gave {want}: {float(error.max()):.3g} apart")


def _allowed(name, want, terms, largest):
    """Sums of K products: K eps times the sum of their sizes, the standard bound, for any order of the sum."""
    working = np.float32 if want.dtype == np.float16 else want.dtype
    bound = ROUNDING * LARGER.get(name, 1) * terms * terms * largest * float(np.finfo(working).eps)
    return bound + (float(np.finfo(np.float16).eps) * np.abs(want) if want.dtype == np.float16 else 0)
