"""A sound call of every function of the extension, by name.

`CALLS[name](draw)` gives its arguments. A function that is not here fails `tests/test_fuzz.py`.
"""

from types import SimpleNamespace

import numpy as np

from pynn import _core

FLOATS = (np.float64, np.float32)


def targets(draw, n, classes):
    return draw.labels(n, classes) if draw.choose(2) == 0 else draw.array(n, classes)


def one_array(draw):
    return [draw.array(*draw.sizes(draw.pick((2, 1, 0, 3, 4))))]


def two_arrays(draw):
    shape = draw.sizes(draw.pick((2, 1, 3)))
    return [draw.array(*shape), draw.array(*shape)]


def two_summands(draw):
    x = one_array(draw)[0]
    y = draw.pick((lambda: draw.array(*x.shape), draw.number, lambda: draw.array()))()
    return [x, y] if draw.choose(2) == 0 else [y, x]


def matmul(draw):
    m, k, n = draw.sizes(3)
    stack = draw.sizes(draw.pick((0, 1, 2)))
    a, b = draw.pick((((m, k), (k, n)), ((k,), (k, n)), ((m, k), (k,)), ((k,), (k,))))
    return [draw.array(*(stack if len(a) == 2 else ()), *a), draw.array(*(stack if len(b) == 2 and draw.choose(2) else ()), *b)]


def take_rows(draw):
    n, *shape = draw.sizes(draw.pick((2, 1, 3)))
    x = draw.pick((lambda: draw.array(n, *shape), lambda: draw.array(3, *shape)[::3]))()       # one row, of any stride
    return [x, draw.labels(draw.pick((3, 0, 1)), len(x)) if len(x) else np.zeros(0, np.int64)]


def tour(draw):
    m, k, n = draw.sizes(3)
    return [draw.choose(7), draw.array(m, k), draw.array(k, n)]


def probabilities(draw, of_q=True):
    shape = draw.sizes(draw.pick((2, 1, 3)))
    return [draw.array(*shape, positive=True) for _ in range(1 + of_q)]


def with_targets(draw):
    n, classes = draw.sizes(2)
    return [draw.array(n, classes, positive=True), targets(draw, n, classes)]


def affine(draw):
    n, inputs, outputs = draw.sizes(3)
    return [draw.array(n, inputs), draw.array(inputs, outputs), draw.array(outputs) if draw.choose(3) != 2 else None]


def affine_backward(draw):
    n, inputs, outputs = draw.sizes(3)
    return [draw.array(n, inputs), draw.array(inputs, outputs), draw.array(n, outputs), draw.flag()]


def values(draw):
    n, outputs = draw.sizes(2)
    return [draw.array(n, outputs), draw.array(n, outputs)]


def masked(draw):
    shape = draw.sizes(draw.pick((2, 1, 4)))
    return [draw.array(*shape), draw.mask(*shape)]


def windows(draw):
    """Sizes of images and of windows that fit them."""
    n, c = draw.pick((2, 1, 0, 3)), draw.pick((2, 1, 3, 5))
    fh, fw = draw.pick((3, 1, 2, 5)), draw.pick((3, 1, 2, 4))
    stride, pad = draw.pick((1, 2, 3)), draw.pick((0, 1, 2))
    h, w = fh + draw.pick((3, 0, 1, 5, 12)), fw + draw.pick((3, 0, 2, 7, 20))
    return SimpleNamespace(images=(n, c, h, w), size=(fh, fw), steps=(stride, pad),
                           out=((h + 2 * pad - fh) // stride + 1, (w + 2 * pad - fw) // stride + 1))


def pooling(draw):
    w = windows(draw)
    return [draw.array(*w.images), *w.size, *w.steps]


def pool_backward(draw):
    w = windows(draw)
    index = np.zeros((*w.images[:2], *w.out), np.int32)
    if draw.choose(2):
        index[...] = draw.pick((1, 8, 9, -1, 2**31 - 1, -2**31))    # what forward never gives
    return [draw.array(*w.images[:2], *w.out), index, w.images, *w.size, *w.steps]


def average_backward(draw):
    w = windows(draw)
    return [draw.array(*w.images[:2], *w.out), w.images, *w.size, *w.steps]


def col2im(draw):
    w = windows(draw)
    n, c = w.images[:2]
    return [draw.array(n * w.out[0] * w.out[1], c * w.size[0] * w.size[1]), w.images, *w.size, *w.steps]


def convolution(draw, w=None):
    w = w or windows(draw)
    filters = draw.pick((3, 1, 2, 8, 17, 0))
    b = draw.pick((lambda: draw.array(filters), lambda: None, draw.number))()
    return [draw.array(*w.images), draw.array(filters, w.images[1], *w.size), b, *w.steps]


def conv_backward(draw):
    w = windows(draw)
    x, W, *_ = convolution(draw, w)
    return [x, W, draw.array(w.images[0], len(W), *w.out), *w.steps, draw.flag()]


def conv_block(draw):
    return [*convolution(draw), draw.flag(), draw.flag()]


def conv_block_backward(draw):
    """Of what forward gave; or with other bytes where it noted what pooling took."""
    w = windows(draw)
    x, W, b, *steps = convolution(draw, w)
    b = b if isinstance(b, (int, float, type(None))) else None
    out, index = _core.conv_block_forward(x, W, b, *steps, draw.flag(), draw.flag())
    if index is not None and draw.choose(2):
        index[...] = draw.pick((1, 3, 4, 255))
    return [x, W, draw.array(*out.shape, dtypes=(out.dtype,)), out, index, *steps, draw.flag()]


def batchnorm(draw, count=5):
    """Rows, or images with a value for each channel."""
    shape = draw.sizes(draw.pick((2, 4)))
    columns = int(np.prod(shape[1:])) if len(shape) == 2 or draw.choose(2) else shape[1]
    x, *rest = [draw.array(*shape), *(draw.array(columns, positive=True) for _ in range(count - 1))]
    return [x, *rest]


def batchnorm_backward(draw):
    """What forward gave: the two tables are one formula only where xc is centred and std is its deviation."""
    x, gamma, *rest = batchnorm(draw)
    if x.size == 0:
        return [draw.array(*x.shape), x, gamma, np.ones(gamma.shape)]
    _, xc, std, *_ = _core.batchnorm_train(x, gamma, *rest, 0.9)
    return [draw.array(*x.shape), xc, gamma, std]


def rule(states, numbers):
    """Arguments of an optimizer: a parameter and its gradient, what is kept, the rates."""
    def arguments(draw):
        dtype, shape = draw.pick(FLOATS), draw.sizes(draw.pick((2, 1, 0, 3)))
        param = draw.changed(dtype, *shape) if shape or draw.choose(2) == 0 else 1.5
        return [param, draw.array(*shape), *(draw.changed(dtype, *shape, positive=True) for _ in range(states)),
                *(draw.pick((0.1, 0.9, np.float32(0.5))) for _ in range(numbers))]
    return arguments


def numerical_gradient(draw):
    functions = (np.sum, lambda x: float((x * x).sum()), lambda x: x.max(initial=0), lambda x: x, lambda x: 1j, lambda x: None,
                 lambda x: "1", lambda x: x.resize(x.size + 1), lambda x: 1 / 0, lambda x: np.array([[2.0]]), draw.other())
    return [draw.pick(functions), draw.changed(draw.pick(FLOATS), *draw.sizes(draw.pick((2, 1, 0, 3))))]


def mlp_numerical_gradient(draw):
    sizes = [draw.pick((3, 1, 2, 5)) for _ in range(draw.pick((3, 2, 4)))]
    n = draw.pick((3, 1, 2))
    params = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        params += [draw.array(inputs, outputs), draw.array(outputs)]
    return [draw.array(n, sizes[0]), targets(draw, n, sizes[-1]), params, draw.pick(("relu", "sigmoid"))]


CALLS = {
    "build_info": lambda draw: [], "kernels": lambda draw: [], "get_num_threads": lambda draw: [],
    "use_kernels": lambda draw: [draw.pick((_core.kernels(), "simple", None))],
    "set_winograd": lambda draw: [True], "take_rows": take_rows,
    "set_num_threads": lambda draw: [draw.pick((2, 1, 3))],
    "tour": tour,
    "tour_peak": lambda draw: [draw.pick((1, 2, 100))],
    **dict.fromkeys(["identity_function", "step_function", "sigmoid", "sigmoid_grad", "relu", "relu_grad", "tanh", "softmax",
                     "relu_forward", "sigmoid_forward", "tanh_forward"], one_array),
    "as_array": lambda draw: [draw.pick(("f", "Affine.forward")), draw.pick(("x", "W")), *one_array(draw)],
    "leaky_relu_forward": lambda draw: [*one_array(draw), draw.number()],
    **dict.fromkeys(["mean_squared_error", "sigmoid_backward", "tanh_backward"], two_arrays),
    **dict.fromkeys(["add", "multiply"], two_summands),
    "matmul": matmul,
    **dict.fromkeys(["cross_entropy_error", "softmax_loss", "softmax_with_loss"], with_targets),
    "entropy": lambda draw: probabilities(draw, of_q=False), "cross_entropy": probabilities,
    "affine_forward": affine, "affine_backward": affine_backward,
    **dict.fromkeys(["relu_backward", "dropout"], masked),
    "leaky_relu_backward": lambda draw: [*masked(draw), draw.number()],
    "softmax_with_loss_backward": lambda draw: [*with_targets(draw), draw.number()],
    "identity_with_loss": lambda draw: [*values(draw), draw.flag()],
    "identity_with_loss_backward": lambda draw: [*values(draw), draw.number(), draw.flag()],
    "batchnorm_train": lambda draw: [*batchnorm(draw), draw.number()], "batchnorm_test": batchnorm,
    "batchnorm_backward": batchnorm_backward,
    "conv_forward": convolution, "conv_backward": conv_backward,
    "conv_block_forward": conv_block, "conv_block_backward": conv_block_backward,
    **dict.fromkeys(["pool_forward", "average_forward", "im2col"], pooling),
    "pool_backward": pool_backward, "average_backward": average_backward, "col2im": col2im,
    "sgd": rule(0, 1), "momentum": rule(1, 2), "nesterov": rule(1, 2), "adagrad": rule(1, 1), "rmsprop": rule(1, 2),
    "adam": rule(2, 3), "adamw": rule(2, 4),
    "numerical_gradient": numerical_gradient, "mlp_numerical_gradient": mlp_numerical_gradient,
}

# Which arguments are changed in place.
CHANGED = {"sgd": {0}, "momentum": {0, 2}, "nesterov": {0, 2}, "adagrad": {0, 2}, "rmsprop": {0, 2}, "adam": {0, 2, 3},
           "adamw": {0, 2, 3}, "numerical_gradient": {1}}
