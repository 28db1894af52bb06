"""Weights from Keras' .weights.h5, in files as Keras 3.15 writes them."""

import numpy as np
import pytest
from exchanged import drawn, same_layers, square

import pynn
from pynn import Affine, Convolution, Sequential

h5py = pytest.importorskip("h5py")


def keras_file(path, layers, optimizer=True):
    """What Keras 3.15 writes: a group for each layer, named after its class and number."""
    with h5py.File(path, "w") as file:
        for name, arrays in layers.items():
            variables = file.create_group(f"layers/{name}/vars")
            for index, array in enumerate(arrays):
                variables[str(index)] = array
        if optimizer:
            file["optimizer/vars/0"] = np.int32(3)
    return path


def keras_layers():
    """The weights of the same network as Keras has them."""
    return {"batch_normalization": [drawn(3), drawn(3), drawn(3), 1 + abs(drawn(3))],
            "batch_normalization_1": [drawn(16), drawn(16), drawn(16), 1 + abs(drawn(16))],
            "conv2d": [drawn(3, 3, 2, 3), drawn(3)], "conv2d_1": [drawn(2, 2, 3, 4)],
            "dense": [drawn(16, 5), drawn(5)], "dense_1": [drawn(5, 6), drawn(6)], "dense_2": [drawn(6, 2)],
            "dropout": [], "flatten": [], "max_pooling2d": []}


def keras_predict(layers, x):
    """The network on images (N, H, W, C), written out with channels last."""
    def conv(x, kernel):
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))        # (N, oh, ow, C, FH, FW)
        return np.einsum("nyxcij,ijcf->nyxf", windows, kernel)

    def norm(x, gamma, beta, mean, var):
        return gamma * (x - mean) / np.sqrt(var + 1e-3) + beta

    x = norm(conv(x, layers["conv2d"][0]) + layers["conv2d"][1], *layers["batch_normalization"])
    n, height, width, channels = x.shape
    x = np.maximum(x, 0)[:, :height // 2 * 2, :width // 2 * 2].reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
    x = norm(conv(x, layers["conv2d_1"][0]).reshape(n, -1), *layers["batch_normalization_1"])
    x = np.tanh(x @ layers["dense"][0] + layers["dense"][1])
    return (x @ layers["dense_1"][0] + layers["dense_1"][1]) @ layers["dense_2"][0]


def test_keras_weights(tmp_path):
    theirs, network = {name: [np.float64(array) for array in arrays] for name, arrays in keras_layers().items()}, same_layers()
    pynn.load_keras_weights(network, keras_file(tmp_path / "net.weights.h5", theirs))
    x = np.random.default_rng(0).standard_normal((5, 8, 8, 2))
    np.testing.assert_allclose(network.predict(x.transpose(0, 3, 1, 2)), keras_predict(theirs, x), rtol=1e-10, atol=1e-12)


def test_an_affine_layer_right_behind_images(tmp_path):
    """It makes rows of images itself; the weights are turned all the same."""
    kernel, dense = drawn(1, 1, 1, 3), drawn(12, 2)
    network = Sequential([Convolution.of(1, 3, 1, bias=False), Affine.of(12, 2, bias=False)])
    pynn.load_keras_weights(network, keras_file(tmp_path / "net.weights.h5", {"conv2d": [kernel], "dense": [dense]}))
    x = drawn(4, 2, 2, 1)
    np.testing.assert_allclose(network.predict(x.transpose(0, 3, 1, 2)), (x * kernel.ravel()).reshape(4, 12) @ dense, rtol=1e-4, atol=1e-5)


def test_layers_in_the_order_of_their_numbers(tmp_path):
    """HDF5 sorts dense_10 in front of dense_2."""
    theirs = {f"dense{f'_{number}' if number else ''}": [drawn(4, 4)] for number in range(12)}
    network = square(12)
    pynn.load_keras_weights(network, keras_file(tmp_path / "net.weights.h5", theirs))
    for number, layer in enumerate(network.layers.values()):
        np.testing.assert_array_equal(layer.W, theirs[f"dense_{number}" if number else "dense"][0])


@pytest.mark.parametrize("layers, words", [
    ({"dense": [drawn(4, 4)]}, "has the weights of 1 affine layers, and the network has 2"),
    ({"dense": [drawn(4, 4)], "dense_1": [drawn(4, 5)]}, r"'dense_1' has shape \(4, 5\), where \(4, 4\) is due"),
    ({"dense": [drawn(4, 4)], "my_dense": [drawn(4, 4)]}, "'my_dense' has weights that no layer of pynn has; read are those of dense"),
    ({"dense": [drawn(4, 4)], "dense_0": [drawn(4, 4)]}, "have the same number"),
    ({"dense": [drawn(4, 4), drawn(4), drawn(4)]}, "'dense' has 3 arrays"),
    ({"batch_normalization": [drawn(4)] * 3}, "'batch_normalization' has 3 arrays, where gamma and beta .*center=True"),
    ({"dense": [drawn(4, 4)], "dense_1": [np.zeros((4, 4), "V2")]}, r"'dense_1' has dtype \|V2, which NumPy has no floats for; save it in float32"),
])
def test_keras_files_that_do_not_fit(tmp_path, layers, words):
    network = square(2)
    before = {name: value.copy() for name, value in network.params.items()}
    with pytest.raises(ValueError, match=f"^load_keras_weights: .*{words}"):
        pynn.load_keras_weights(network, keras_file(tmp_path / "net.weights.h5", layers))
    for name, value in before.items():
        np.testing.assert_array_equal(network.params[name], value)


def test_models_in_models(tmp_path):
    path = keras_file(tmp_path / "net.weights.h5", {"sequential/layers/dense": [drawn(4, 4)]})
    with pytest.raises(ValueError, match="'sequential' is a model in the model"):
        pynn.load_keras_weights(square(1), path)


def linked(path, link):
    keras_file(path, {"dense": []})
    with h5py.File(path.with_name("other.h5"), "w") as other:
        other["W"] = drawn(4, 4)
    with h5py.File(path, "a") as file:
        file["elsewhere"] = drawn(4, 4)
        file["layers/dense/vars"]["0"] = link
    return path


@pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "/W"), h5py.SoftLink("/elsewhere")])
def test_links_are_not_followed(tmp_path, link):
    with pytest.raises(ValueError, match="'0' is no dataset of the file"):
        pynn.load_keras_weights(square(1), linked(tmp_path / "net.weights.h5", link))


@pytest.mark.parametrize("options", [{"compression": "gzip"}, {"chunks": (2, 2)}, {"external": [("elsewhere", 0, 128)]}])
def test_packed_and_outside(tmp_path, options):
    path = keras_file(tmp_path / "net.weights.h5", {"dense": []})
    with h5py.File(path, "a") as file:
        file["layers/dense/vars"].create_dataset("0", (4, 4), "f4", **options)
    with pytest.raises(ValueError, match="'0' lies outside of the file or is packed"):
        pynn.load_keras_weights(square(1), path)


def test_a_promise_of_terabytes_is_not_read(tmp_path):
    """An array is read once its shape is that of the network's own."""
    path = keras_file(tmp_path / "net.weights.h5", {"dense": []})
    with h5py.File(path, "a") as file:
        file["layers/dense/vars"].create_dataset("0", (1 << 20, 1 << 20), "f4")
    with pytest.raises(ValueError, match=r"has shape \(1048576, 1048576\), where \(4, 4\) is due"):
        pynn.load_keras_weights(square(1), path)


def test_no_keras_file(tmp_path):
    path = tmp_path / "net.weights.h5"
    with pytest.raises(FileNotFoundError, match="^load_keras_weights: cannot read .*: there is no such file"):
        pynn.load_keras_weights(square(1), path)
    for content in (b"", b"not hdf5", b"\x89HDF\r\n\x1a\n" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="^load_keras_weights: .* is damaged or is no .weights.h5 file"):
            pynn.load_keras_weights(square(1), path)
    with h5py.File(path, "w") as file:
        file["model_weights/dense/kernel:0"] = drawn(4, 4)
    with pytest.raises(ValueError, match="it has no layers; the weights of Keras 3 have"):
        pynn.load_keras_weights(square(1), path)
    whole = keras_file(path, {"dense": [drawn(40, 40)]}).read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match="is damaged or is no .weights.h5 file"):
        pynn.load_keras_weights(square(1), path)
