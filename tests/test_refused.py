"""A call that is refused leaves everything as it was, and what a file brings is kept whole."""

import numpy as np
import pytest

import pynn
from pynn import layers

X, T = np.random.default_rng(0).normal(size=(6, 4)), np.array([0, 1, 2, 0, 1, 2])


# ---- a forward pass that is refused ----

IMAGES = np.random.default_rng(1).normal(size=(2, 3, 4, 4))
REFUSED = {
    "Affine": (lambda: layers.Affine(np.ones((4, 3)), np.zeros(3)), (X,), (X[:, :2],), np.ones((6, 3))),
    "Relu": (layers.Relu, (X,), ("a",), X), "LeakyRelu": (layers.LeakyRelu, (X,), ("a",), X),
    "Sigmoid": (layers.Sigmoid, (X,), ("a",), X), "Tanh": (layers.Tanh, (X,), ("a",), X), "Flatten": (layers.Flatten, (X,), (5,), X),
    "SoftmaxWithLoss": (layers.SoftmaxWithLoss, (X, T), ("a", 3 - T), 1), "of labels": (layers.SoftmaxWithLoss, (X, T), (X, T + 9), 1),
    "IdentityWithLoss": (layers.IdentityWithLoss, (X, X), ("a", X + 1), 1), "AddLayer": (layers.AddLayer, (X, X), ("a", X), X),
    "MulLayer": (layers.MulLayer, (X, X), (X + 1, "a"), X),
    "Dropout": (layers.Dropout, (X,), (np.array([None, 1]),), X), "Dropout in use": (layers.Dropout, (X,), ("a", False), X),
    "BatchNormalization": (lambda: layers.BatchNormalization.of(4), (X,), (X[:, :2],), X),
    "and in use": (lambda: layers.BatchNormalization.of(4), (X,), (X[:, :2], False), X),
    "after use": (lambda: layers.BatchNormalization.of(4), (X, False), (X[:, :2],), X),
    "Convolution": (lambda: layers.Convolution(np.ones((2, 3, 3, 3)), None), (IMAGES,), (IMAGES[:, :2],), np.ones((2, 2, 2, 2))),
    "Pooling": (lambda: layers.Pooling(2, 2), (IMAGES,), (IMAGES[:, :, :1],), np.ones((2, 3, 2, 2))),
    "AveragePooling": (lambda: layers.AveragePooling(2, 2), (IMAGES,), (IMAGES[:, :, :1],), np.ones((2, 3, 2, 2))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_a_layer_as_it_was(name):
    make, good, bad, dout = REFUSED[name]
    np.random.seed(0)
    layer = make()
    layer.forward(*good)
    before = layer.backward(dout)
    with pytest.raises((TypeError, ValueError, IndexError)):
        layer.forward(*bad)
    for found, due in zip(np.atleast_1d(layer.backward(dout)), np.atleast_1d(before)):
        np.testing.assert_array_equal(found, due)


def test_what_is_refused_leaves_a_block_as_it_was():
    net = pynn.Sequential([layers.Convolution(np.ones((2, 3, 3, 3)), None), layers.Relu(), layers.Pooling(2, 2)])
    block = net._plan()[0][0]
    block.forward(IMAGES)
    before = block.backward(np.ones((2, 2, 1, 1)))
    with pytest.raises(ValueError):
        block.forward(IMAGES[:, :2])
    np.testing.assert_array_equal(block.backward(np.ones((2, 2, 1, 1))), before)


# ---- parameters that a file is loaded into ----


@pytest.mark.parametrize("value", [
    np.broadcast_to(0.0, 3), [0.0, 0.0, 0.0], np.zeros(3, int), np.zeros(3, np.float16)], ids=["read-only", "list", "whole numbers", "float16"])
def test_parameters_that_cannot_take_what_a_file_has(value, tmp_path):
    """They become arrays that can; as they are they would cut numbers off, or fail when others have been loaded."""
    saved, net = (pynn.TwoLayerNet(4, 5, 3) for _ in range(2))
    saved.layers[-1].b[:] = 0.1, 0.2, 0.3
    saved.save_params(tmp_path / "w.npz")
    net.layers[-1].b = value
    net.load_params(tmp_path / "w.npz")
    for name, array in saved.params.items():
        np.testing.assert_allclose(net.params[name], array, rtol=1e-3 if getattr(value, "dtype", None) == np.float16 else 0)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5)])
def test_a_number_where_a_file_has_an_array(value, tmp_path):
    saved, net = (pynn.TwoLayerNet(4, 5, 3) for _ in range(2))
    saved.save_params(tmp_path / "w.npz")
    net.layers[-1].b = value
    before = net.layers[0].W.copy()
    with pytest.raises(ValueError, match=r"b2 in .* has shape \(3,\) but the network has \(\)"):
        net.load_params(tmp_path / "w.npz")
    assert (net.layers[0].W == before).all()
