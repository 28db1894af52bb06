"""Bad input of every argument: the exception's type, and a message that says where and how much."""

import re

import numpy as np
import pytest
from compare import LONGER

from pynn import functions


def refuses(error, says, f, *args):
    """f(*args) raises exactly `error`, and its message holds every word of `says` in order."""
    with pytest.raises(error) as caught:
        f(*args)
    assert caught.type is error
    message = str(caught.value)
    pattern = ".*".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in says.split())
    assert re.search(pattern, message, re.S), f"{says!r} not in {message!r}"


ONE_ARRAY = ["identity_function", "step_function", "sigmoid", "sigmoid_grad", "relu", "relu_grad",
             "tanh", "softmax", "entropy"]
TWO_ARRAYS = {"mean_squared_error": "y t", "cross_entropy_error": "y t", "softmax_loss": "x t",
              "cross_entropy": "p q", "matmul": "a b"}

NOT_NUMBERS = {
    "complex128": np.ones((2, 2), complex),
    **{"longdouble": np.ones((2, 2), dtype) for dtype in LONGER},
    "object": np.array([[1, None], [2, 3]], object),
    "str": np.array([["a", "b"], ["c", "d"]]),
    "datetime": np.zeros((2, 2), "M8[s]"),
    "structured": np.zeros((2, 2), [("a", "f4")]),
}
NOT_ARRAYS = {"None": None, "string": "abc", "ragged": [[1, 2], [3]], "object": object(),
              "set": {1, 2}}


@pytest.mark.parametrize("bad", NOT_NUMBERS)
@pytest.mark.parametrize("name", ONE_ARRAY)
def test_dtype_of_one_array(name, bad):
    argument = "p" if name == "entropy" else "x"
    refuses(TypeError, f"{name} {argument} {NOT_NUMBERS[bad].dtype}".split("[")[0],
            getattr(functions, name), NOT_NUMBERS[bad])


@pytest.mark.parametrize("bad", NOT_NUMBERS)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", TWO_ARRAYS)
def test_dtype_of_two_arrays(name, place, bad):
    args = [np.ones((2, 2)), np.ones((2, 2))]
    args[place] = NOT_NUMBERS[bad]
    refuses(TypeError, f"{name} {TWO_ARRAYS[name].split()[place]}", getattr(functions, name), *args)


@pytest.mark.parametrize("bad", NOT_ARRAYS)
@pytest.mark.parametrize("name", ONE_ARRAY)
def test_not_an_array(name, bad):
    refuses(TypeError, f"{name} {'p' if name == 'entropy' else 'x'}",
            getattr(functions, name), NOT_ARRAYS[bad])


@pytest.mark.parametrize("bad", NOT_ARRAYS)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", TWO_ARRAYS)
def test_neither_is_an_array(name, place, bad):
    args = [np.ones((2, 2)), np.ones((2, 2))]
    args[place] = NOT_ARRAYS[bad]
    refuses(TypeError, f"{name} {TWO_ARRAYS[name].split()[place]}", getattr(functions, name), *args)


@pytest.mark.parametrize("f", [getattr(functions, n) for n in [*ONE_ARRAY, *TWO_ARRAYS]],
                         ids=lambda f: f.__name__)
def test_number_of_arguments(f):
    for args in [(), (np.ones(2),) * 3]:
        with pytest.raises(TypeError, match=f.__name__):
            f(*args)


@pytest.mark.parametrize("a, b, says", [
    ((2, 3), (4, 5), "matmul a 3 columns b 4 rows"),
    ((3,), (4,), "matmul a 3 b 4"),
    ((3,), (4, 3), "matmul a 3 b 4"),
    ((2, 3), (2,), "matmul a 3 b 2"),
    ((2, 2, 3), (3, 3, 4), "matmul a 2, 2, 3 b 3, 3, 4"),
    ((), (2, 2), "matmul a"),
    ((2, 2), (), "matmul b"),
])
def test_shapes_of_matmul(a, b, says):
    refuses(ValueError, says, functions.matmul, np.ones(a), np.ones(b))


@pytest.mark.parametrize("f", [functions.softmax, functions.entropy], ids=lambda f: f.__name__)
def test_rows_need_an_axis(f):
    refuses(ValueError, f.__name__, f, np.array(1.0))


def test_shapes_of_mean_squared_error():
    f = functions.mean_squared_error
    refuses(ValueError, "mean_squared_error y (2, 3) t (3, 2)", f, np.ones((2, 3)), np.ones((3, 2)))
    refuses(ValueError, "mean_squared_error y (2, 3) t (3,)", f, np.ones((2, 3)), np.ones(3))


def test_shapes_of_cross_entropy():
    refuses(ValueError, "cross_entropy p (2, 3) q (3,)", functions.cross_entropy,
            np.ones((2, 3)), np.ones(3))


LOSSES = [("cross_entropy_error", "y"), ("softmax_loss", "x")]


@pytest.mark.parametrize("name, y", LOSSES)
class TestTargets:
    def f(self, name, t, shape=(4, 3)):
        return getattr(functions, name)(np.full(shape, 1 / 3), t)

    @pytest.mark.parametrize("label", [3, 17, -1, -3, 2**62])
    def test_label_out_of_range(self, name, y, label):
        t = np.array([0, 1, label, 2])
        refuses(IndexError, f"{name} t[2] {label} 3 classes", self.f, name, t)

    def test_label_too_large_for_a_c_integer(self, name, y):
        refuses(IndexError, f"{name} t[1]", self.f, name, np.array([0, 2**64 - 1, 1, 2], np.uint64))

    def test_negative_labels_of_small_integers(self, name, y):
        refuses(IndexError, f"{name} t[0] -1 3", self.f, name, np.array([-1, 0, 0, 0], np.int8))

    def test_column_of_labels(self, name, y):
        """(N, 1) would broadcast against (N,) into nonsense."""
        refuses(ValueError, f"{name} t (4, 1) (4,) ravel", self.f, name, np.zeros((4, 1), int))

    def test_row_of_labels(self, name, y):
        refuses(ValueError, f"{name} t (1, 4) (4,)", self.f, name, np.zeros((1, 4), int))

    @pytest.mark.parametrize("shape", [(3,), (5,), (3, 4, 1), (4, 2), (2, 3), (0,)])
    def test_number_of_targets(self, name, y, shape):
        says = f"{name} t ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''}) 4 3"
        refuses(ValueError, says, self.f, name, np.zeros(shape, int))

    def test_transposed_one_hot(self, name, y):
        refuses(ValueError, f"{name} t (3, 4) {y} (4, 3)", self.f, name, np.zeros((3, 4)))

    def test_labels_of_a_single_class(self, name, y):
        """output_size=1, where two classes were meant."""
        refuses(ValueError, f"{name} {y} (4, 1) single class two columns", self.f, name, np.zeros(4, int), (4, 1))

    @pytest.mark.parametrize("dtype", [np.float64, np.float32, bool])
    def test_labels_that_are_not_integers(self, name, y, dtype):
        refuses(TypeError, f"{name} t {np.dtype(dtype)} integers", self.f, name, np.zeros(4, dtype))

    @pytest.mark.parametrize("shape", [(), (2, 3, 4)])
    def test_predictions_are_rows(self, name, y, shape):
        refuses(ValueError, f"{name} {y} ({', '.join(map(str, shape))})",
                self.f, name, np.zeros(shape[:1], int), shape)

    @pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,)])
    def test_predictions_of_nothing(self, name, y, shape):
        """The mean over no samples: refused in words, where NumPy warns and gives nan."""
        refuses(ValueError, f"{name} {y}", self.f, name, np.zeros(shape[:1], int), shape)
