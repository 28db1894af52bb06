"""What a caller's own objects do while pynn reads them, and what they are told when they are of no use."""

import gc
import threading
from fractions import Fraction

import numpy as np
import pytest
from test_errors import refuses

import pynn
from pynn import _core, layers

X = np.ones((2, 3))
IMAGES = np.ones((2, 1, 4, 4))


class Raises:
    """Raises when it is read, whichever way."""

    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error

    def __float__(self):
        raise self.error

    __index__ = __bool__ = __float__


def update(**changed):
    """One step of Adam in the extension, one argument of it exchanged."""
    args = {"param": np.ones(3), "grad": np.ones(3), "m": np.zeros(3), "v": np.zeros(3), "lr": 0.1, "beta1": 0.9, "beta2": 0.9}
    return _core.adam(*{**args, **changed}.values())


READERS = {
    "relu x": pynn.relu,
    "matmul b": lambda r: pynn.matmul(X, r),
    "softmax_loss t": lambda r: pynn.softmax_loss(X, r),
    "cross_entropy_error t": lambda r: pynn.cross_entropy_error(X, r),
    "IdentityWithLoss t": lambda r: layers.IdentityWithLoss().forward(X, r),
    "Affine x": lambda r: layers.Affine(np.ones((3, 2)), None).forward(r),
    "Affine b": lambda r: layers.Affine(np.ones((3, 2)), r).forward(X),
    "Relu mask": lambda r: _core.relu_backward(X, r),
    "LeakyRelu slope": lambda r: layers.LeakyRelu(r).forward(X),
    "Convolution b": lambda r: layers.Convolution(np.ones((1, 1, 2, 2)), r).forward(IMAGES),
    "Convolution stride": lambda r: layers.Convolution(np.ones((1, 1, 2, 2)), None, r).forward(IMAGES),
    "Pooling pool_h": lambda r: layers.Pooling(r, 2).forward(IMAGES),
    "AveragePooling pad": lambda r: layers.AveragePooling(2, 2, 2, r).forward(IMAGES),
    "im2col x": lambda r: pynn.im2col(r, 2, 2),
    "col2im shape": lambda r: pynn.col2im(X, (r, 1, 1, 1), 1, 1),
    "BatchNormalization momentum": lambda r: layers.BatchNormalization(np.ones(3), np.ones(3), r).forward(X),
    "SoftmaxWithLoss dout": lambda r: _core.softmax_with_loss_backward(X, X, r),
    "update lr": lambda r: update(lr=r),
    "update grad": lambda r: update(grad=r),
    "numerical_gradient": lambda r: pynn.numerical_gradient(lambda x: r, np.ones(2)),
    "mlp_numerical_gradient x": lambda r: pynn.mlp_numerical_gradient(r, [0], [np.ones((3, 2)), np.ones(2)]),
    "mlp_numerical_gradient W1": lambda r: pynn.mlp_numerical_gradient(X, [0, 0], [r, np.ones(2)]),
    "Dropout x": lambda r: layers.Dropout().forward(r),
    "set_num_threads": pynn.set_num_threads,
}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError("mine"), ZeroDivisionError("mine"), OSError("mine")])
@pytest.mark.parametrize("name", READERS)
def test_exceptions_of_the_caller_s_own_pass_through(name, error):
    with pytest.raises(type(error)) as caught:
        READERS[name](Raises(error))
    assert caught.value is error


@pytest.mark.parametrize("error", [TypeError("mine"), ValueError("mine")])
@pytest.mark.parametrize("name", READERS)
def test_errors_in_words_keep_their_cause(name, error):
    with pytest.raises((TypeError, ValueError)) as caught:
        READERS[name](Raises(error))
    assert caught.value is not error and ": " in str(caught.value)
    assert caught.value.__cause__ is error


# ---- containers and arrays that change while they are read ----------------------------------------

# NumPy 2.5 asks for new views instead, and other code does it as long as it can.
changes_arrays = pytest.mark.filterwarnings("ignore:Setting the (shape|dtype) on a NumPy array:DeprecationWarning")


def test_a_list_of_params_that_shrinks():
    params = []

    class Shrinks:
        def __array__(self, dtype=None, copy=None):
            params.clear()
            gc.collect()
            self.others = [np.full(3, 7.0) for _ in range(1000)]
            return np.ones((3, 3))

    W1, W2 = np.ones((3, 3)), np.ones((3, 2))
    params += [Shrinks(), np.zeros(3), W2.copy(), np.zeros(2)]
    x, t = np.ones((4, 3)), np.zeros(4, int)
    got = pynn.mlp_numerical_gradient(x, t, params)
    for a, b in zip(got, pynn.mlp_numerical_gradient(x, t, [W1, np.zeros(3), W2, np.zeros(2)])):
        np.testing.assert_array_equal(a, b)


class Meanwhile:
    """An array whose reading runs `action` first."""

    def __init__(self, action, array):
        self.action, self.array = action, array

    def __array__(self, dtype=None, copy=None):
        self.action()
        return np.asarray(self.array)

    def __index__(self):
        self.action()
        return self.array


@changes_arrays
def test_arrays_that_are_reshaped_while_the_next_argument_is_read():
    """Shapes are looked at when nothing can change them any more."""
    def reshape(a, shape):
        return lambda: setattr(a, "shape", shape)

    a = np.ones((8, 4))
    refuses(ValueError, "matmul a 2 columns b 4 rows", pynn.matmul, a, Meanwhile(reshape(a, (16, 2)), np.ones((4, 3))))
    x = np.ones((1, 1, 4, 4))
    refuses(ValueError, "Pooling.forward x (16,)", layers.Pooling(Meanwhile(reshape(x, 16), 2), 2).forward, x)
    x = np.ones((6, 4))
    assert pynn.softmax_loss(x, Meanwhile(reshape(x, (3, 8)), [0, 1, 2])) > 0
    mask = np.zeros((6, 4), bool)
    x = np.ones((6, 4))
    refuses(ValueError, "Relu.backward dout (24,) mask (6, 4)", _core.relu_backward, x, Meanwhile(reshape(x, 24), mask))
    p, m = np.ones(6), np.zeros(6)
    refuses(ValueError, "Momentum.update v (6,) param (2, 3)", _core.momentum, p, Meanwhile(reshape(p, (2, 3)), np.ones(6)), m,
            0.1, 0.9)


@changes_arrays
def test_arrays_that_change_their_dtype_while_the_next_argument_is_read():
    x = np.ones((4, 4))
    got = pynn.matmul(x, Meanwhile(lambda: setattr(x, "dtype", np.float32), np.ones((8, 2))))
    np.testing.assert_array_equal(got, x.astype(float) @ np.ones((8, 2)))


# ---- numerical_gradient ---------------------------------------------------------------------------

@changes_arrays
@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("change", ["reshape", "resize", "shrink", "row", "dtype"])
def test_x_is_put_back_whatever_f_does_to_it(change, raises):
    x = np.arange(4.0)

    def f(_):
        if change == "reshape":
            x.shape = (2, 2)
        elif change == "row":
            x.shape = (1, 4)
        elif change == "dtype":
            x.dtype = np.int64
        else:
            x.resize(4000 if change == "resize" else 2, refcheck=False)
        if raises:
            raise ZeroDivisionError("mine")
        return 1.0

    with pytest.raises(ZeroDivisionError if raises else RuntimeError):
        pynn.numerical_gradient(f, x)
    np.testing.assert_array_equal(x.view(np.float64).ravel()[:2], [0, 1])


@changes_arrays
def test_a_view_is_put_back_too():
    base = np.arange(12.0).reshape(3, 4)
    x = base[::-1, ::2]

    def f(v):
        v.shape = (3, 1, 2)
        return 1.0

    with pytest.raises(RuntimeError, match="changed its shape"):
        pynn.numerical_gradient(f, x)
    np.testing.assert_array_equal(base, np.arange(12.0).reshape(3, 4))


# ---- values of no use -----------------------------------------------------------------------------

HUGE = 10**400


@pytest.mark.parametrize("error, says, f", [
    (OverflowError, "SGD.update lr too large", lambda: pynn.SGD(HUGE).update({"W": np.ones(2)}, {"W": np.ones(2)})),
    (OverflowError, "SGD.update param too large", lambda: pynn.SGD().update({"W": HUGE}, {"W": 1.0})),
    (OverflowError, "multiply too large", lambda: layers.MulLayer().forward(HUGE, 0.5)),
    (OverflowError, "multiply y too large", lambda: layers.MulLayer().forward(np.ones(2), HUGE)),
    (OverflowError, "Convolution.forward b too large", lambda: layers.Convolution(np.ones((1, 1, 2, 2)), HUGE).forward(IMAGES)),
    (TypeError, "numerical_gradient f int", lambda: pynn.numerical_gradient(lambda x: HUGE, np.ones(2))),
    (TypeError, "relu x dtype object", lambda: pynn.relu(HUGE)),
    (ValueError, "im2col stride out of range", lambda: pynn.im2col(IMAGES, 2, 2, 10**5000)),
    (ValueError, "im2col stride from 1 to", lambda: pynn.im2col(IMAGES, 2, 2, 10**30)),
    (ValueError, "im2col pad at least 0", lambda: pynn.im2col(IMAGES, 2, 2, 1, -10**30)),
    (ValueError, "col2im input_shape", lambda: pynn.col2im(X, (10**30, 1, 1, 1), 1, 1)),
    (IndexError, f"softmax_loss {2**64 - 1} 3", lambda: pynn.softmax_loss(X, np.array([0, 2**64 - 1], np.uint64))),
    (TypeError, "set_num_threads n whole number", lambda: pynn.set_num_threads(np.arange(2))),
    (TypeError, "numerical_gradient params int list", lambda: pynn.mlp_numerical_gradient(X, [0, 0], 3)),
    (TypeError, "add x <U1", lambda: layers.AddLayer().forward("a", "b")),
    (TypeError, "Affine.forward x list", lambda: layers.Affine(1, 2).forward([[1], [1, 2]])),
    (TypeError, "Dropout.forward x list", lambda: layers.Dropout().forward([[1], [1, 2]])),
    (ValueError, "Affine.forward W ()", lambda: layers.Affine(1, 2).forward([[1], [2]])),
    (ValueError, "Affine.forward x scalar", lambda: layers.Affine(np.ones((3, 2)), None).forward(3)),
    (ValueError, "Pooling.forward x ()", lambda: layers.Pooling(2, 2).forward(3)),
    (ValueError, "BatchNormalization.forward x ()", lambda: layers.BatchNormalization(np.ones(1), np.ones(1)).forward(3.0)),
    (TypeError, "BatchNormalization gamma list", lambda: layers.BatchNormalization([[1], [1, 2]], 1)),
    (ValueError, "Dropout dropout_ratio 7", lambda: layers.Dropout(7)),
    (ValueError, "Dropout dropout_ratio nan", lambda: layers.Dropout(np.nan)),
    (ValueError, "Dropout dropout_ratio", lambda: layers.Dropout(-HUGE)),
    (TypeError, "Dropout dropout_ratio", lambda: layers.Dropout("0.5")),
])
def test_refused_in_words(error, says, f):
    refuses(error, says, f)


@pytest.mark.parametrize("b", [1j, np.complex128(1 + 2j), np.array(1 + 2j), "3", np.str_("3"), np.array("3"), np.array(None),
                               np.datetime64("2020"), np.timedelta64(3, "s"), np.array(3, "m8[s]"), b"3", {}])
def test_a_bias_that_is_no_real_number(b):
    with pytest.raises(TypeError, match="^Convolution.forward: b "):
        layers.Convolution(np.ones((1, 1, 3, 3)), b).forward(IMAGES)


@pytest.mark.parametrize("b", [2, 2.0, True + 1, np.float32(2), np.int8(2), np.array(2), np.array(2, np.longdouble), Fraction(2)])
def test_a_bias_that_is_a_number(b):
    got = layers.Convolution(np.ones((1, 1, 2, 2), np.float32), b).forward(IMAGES.astype(np.float32))
    assert got.dtype == np.float32 and (got == 6).all()


MASKED = np.ma.masked_array([[1.0, 2.0, 3.0]] * 2, [[False, True, False]] * 2)


@pytest.mark.parametrize("f", [
    pynn.relu, lambda m: pynn.matmul(X.T, m), lambda m: layers.Affine(np.ones((3, 2)), None).forward(m),
    lambda m: layers.Affine(m.T, None).forward(np.ones((2, 3))), lambda m: layers.Dropout().forward(m),
    lambda m: layers.BatchNormalization(np.ones(3), np.ones(3)).forward(m), lambda m: pynn.softmax_loss(X, m),
    lambda m: pynn.SGD().update({"W": m}, {"W": X}), lambda m: pynn.SGD().update({"W": np.ones((2, 3))}, {"W": m}),
    lambda m: pynn.numerical_gradient(np.sum, m), lambda m: pynn.Momentum(m[0, 1]).update({"W": np.ones(3)}, {"W": np.ones(3)})])
def test_masked_arrays_are_refused(f):
    """Their masks would be ignored."""
    with pytest.raises(TypeError, match="is a masked array|must be a number"):
        f(MASKED)


@pytest.mark.parametrize("f, words", [
    (lambda: pynn.matmul(np.ones((10**6, 1)), np.ones((1, 10**6))), "matmul (1000000, 1000000) float64 8000000000000"),
    (lambda: pynn.entropy(np.zeros((2**42, 0), np.float32)), "entropy (4398046511104,) float32 17592186044416"),
    (lambda: pynn.matmul(np.broadcast_to(1.0, (2**40, 1)), np.broadcast_to(1.0, (1, 2**40))), "matmul float64 9.67e+24")])
def test_memory_errors_say_what_was_asked_for(f, words):
    refuses(MemoryError, words, f)


# ---- optimizers -----------------------------------------------------------------------------------

@pytest.mark.parametrize("rule", ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW"])
def test_a_parameter_that_is_not_contiguous_from_several_threads(rule):
    """A copy that is written back must not make the parameter read-only meanwhile."""
    W, grad, errors = np.zeros((400, 300)).T, np.ones((300, 400)), []
    optimizer = getattr(pynn, rule)()
    optimizer.update({"W": W}, {"W": grad})

    def work():
        try:
            for _ in range(50):
                optimizer.update({"W": W}, {"W": grad})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and W.flags.writeable and (W < 0).all()
