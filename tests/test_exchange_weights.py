"""Weights from Keras' .weights.h5 and from PyTorch's state_dict."""

import numpy as np
import pytest
from exchanged import made, samples

import pynn
from pynn import Affine, BatchNormalization, Convolution, Dropout, Flatten, Pooling, Relu, Sequential, Tanh

RNG = np.random.default_rng(0)


def drawn(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def empty():
    """A network with layers of all kinds that have weights, some twice."""
    return Sequential([Convolution.of(2, 3, 3), BatchNormalization.of(3), Relu(), Pooling(2, 2), Convolution.of(3, 4, 2, bias=False), Flatten(),
                       BatchNormalization.of(16), Affine.of(16, 5), Tanh(), Affine.of(5, 6), Affine.of(6, 2, bias=False)])


# ---- PyTorch ----

def state():
    """The state_dict of the same network, ``running_var`` at least 1."""
    norms = {f"{name}.{key}": value for name, n in (("norm1", 3), ("norm2", 16)) for key, value in {
        "weight": drawn(n), "bias": drawn(n), "running_mean": drawn(n), "running_var": 1 + abs(drawn(n)),
        "num_batches_tracked": np.array(7)}.items()}
    return {"conv1.weight": drawn(3, 2, 3, 3), "conv1.bias": drawn(3), "conv2.weight": drawn(4, 3, 2, 2), **norms,
            "fc1.weight": drawn(5, 16), "fc1.bias": drawn(5), "fc2.weight": drawn(6, 5), "fc2.bias": drawn(6), "fc3.weight": drawn(2, 6)}


def test_a_state_dict(tmp_path):
    theirs, network = state(), empty()
    pynn.save_params(theirs, tmp_path / "net.safetensors")
    pynn.load_torch_weights(network, tmp_path / "net.safetensors")
    np.testing.assert_array_equal(network.params["W1"], theirs["conv1.weight"])
    np.testing.assert_array_equal(network.params["W3"], theirs["fc1.weight"].T)
    np.testing.assert_array_equal(network.params["W5"], theirs["fc3.weight"].T)
    np.testing.assert_array_equal(network.params["gamma2"], theirs["norm2.weight"])
    np.testing.assert_array_equal(network.layers["BatchNormalization1"].running_mean, theirs["norm1.running_mean"])
    np.testing.assert_allclose(network.layers["BatchNormalization1"].running_var + 1e-6, np.float64(theirs["norm1.running_var"]) + 1e-5,
                               rtol=1e-15)
    assert network.params["W3"].flags.c_contiguous


def test_a_missing_bias_is_zeros(tmp_path):
    network = Sequential([Affine.of(3, 2)])
    network.params["b1"][...] = 5
    pynn.save_params({"weight": drawn(2, 3)}, tmp_path / "net.safetensors")
    pynn.load_torch_weights(network, tmp_path / "net.safetensors")
    np.testing.assert_array_equal(network.params["b1"], [0, 0])


def names(*modules):
    return {f"{module}.weight": drawn(4, 4) for module in modules}


def square(n=3):
    return Sequential([Affine.of(4, 4, bias=False) for _ in range(n)])


@pytest.mark.parametrize("modules, order", [
    (["fc9", "fc10", "fc1"], ["fc1", "fc9", "fc10"]),
    (["net.2", "net.10", "net.0"], ["net.0", "net.2", "net.10"]),
    (["Affine3", "Affine1", "Affine2"], ["Affine1", "Affine2", "Affine3"]),
])
def test_modules_in_the_order_of_their_numbers(tmp_path, modules, order):
    theirs, network = names(*modules), square()
    pynn.save_params(theirs, tmp_path / "net.safetensors")
    pynn.load_torch_weights(network, tmp_path / "net.safetensors")
    for layer, module in zip(network.layers.values(), order):
        np.testing.assert_array_equal(layer.W, theirs[f"{module}.weight"].T)


def test_names_without_an_order(tmp_path):
    theirs, network = names("out", "hidden", "input"), square()
    pynn.save_params(theirs, tmp_path / "net.safetensors")
    before = network.params.copy()
    with pytest.raises(ValueError, match="which of .* comes first is not in the file; say the order"):
        pynn.load_torch_weights(network, tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="modules must name each of them once"):
        pynn.load_torch_weights(network, tmp_path / "net.safetensors", ["input", "hidden"])
    assert all(before[name] is network.params[name] for name in before)
    pynn.load_torch_weights(network, tmp_path / "net.safetensors", ["input", "hidden", "out"])
    np.testing.assert_array_equal(network.params["W3"], theirs["out.weight"].T)
    named = Sequential({"input": Affine.of(4, 4, bias=False), "hidden": Affine.of(4, 4, bias=False), "out": Affine.of(4, 4, bias=False)})
    pynn.load_torch_weights(named, tmp_path / "net.safetensors")
    np.testing.assert_array_equal(named.params["W1"], theirs["input.weight"].T)


@pytest.mark.parametrize("theirs, words", [
    (names("a1", "a2"), "has the weights of 2 affine layers, and the network has 3"),
    (names("a1", "a2", "a3") | {"a1.bias": drawn(4)}, "'a1' has a bias, and Affine.4 -> 4, no bias. has none"),
    (names("a1", "a2") | {"a3.weight": drawn(4, 5)}, r"'a3' has shape \(4, 5\), where \(4, 4\) is due for W3"),
    (names("a1", "a2") | {"a3.weight": drawn(4)}, r"module 'a3' has W \(4,\), as no layer of pynn has"),
    (names("a1", "a2") | {"a3.in_proj_weight": drawn(4)}, "'a3.in_proj_weight' is no weight of a layer that pynn has"),
    (names("a1", "a2") | {"a3.weight": np.ones((4, 4), np.int64)}, "'a3' has dtype int64"),
])
def test_state_dicts_that_do_not_fit(tmp_path, theirs, words):
    network = square()
    before = {name: value.copy() for name, value in network.params.items()}
    pynn.save_params(theirs, tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match=f"^load_torch_weights: .*{words}"):
        pynn.load_torch_weights(network, tmp_path / "net.safetensors")
    for name, value in before.items():
        np.testing.assert_array_equal(network.params[name], value)


class Own(Affine):
    def forward(self, x):
        return 2 * super().forward(x)


def test_networks_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="^load_torch_weights: .*net.pt must end in .safetensors"):
        pynn.load_torch_weights(square(), tmp_path / "net.pt")
    pynn.save_params(names("a1"), tmp_path / "net.safetensors")
    with pytest.raises(TypeError, match="^load_torch_weights: network is a dict"):
        pynn.load_torch_weights({}, tmp_path / "net.safetensors")
    with pytest.raises(TypeError, match="'Own1' is a Own with parameters of its own"):
        pynn.load_torch_weights(Sequential([Own(np.eye(4), None)]), tmp_path / "net.safetensors")


def test_the_books_dropout_is_named(tmp_path):
    pynn.save_params(names("a1"), tmp_path / "net.safetensors")
    with pytest.warns(UserWarning, match="^load_torch_weights: Dropout1 scales in use, as in the book"):
        pynn.load_torch_weights(Sequential([Dropout(0.5), Affine.of(4, 4)]), tmp_path / "net.safetensors")
    pynn.load_torch_weights(Sequential([Dropout(0.5, inverted=True), Affine.of(4, 4)]), tmp_path / "net.safetensors")


@pytest.mark.parametrize("name", ["MultiLayerNetExtend", "DeepConvNet", "every layer"])
def test_the_state_dict_of_a_converted_network(tmp_path, name):
    """Through safetensors' own writer, which takes the memory of an array as it lies."""
    torch, safetensors = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    network, shape = made(name)
    if name == "every layer":           # where one number stood for all
        network.layers["BatchNormalization2"] = BatchNormalization.of(108)
        network.layers["Convolution2"].b = np.arange(4.0)
    first = next(layer for layer in network.layers.values() if isinstance(layer, Affine))
    first.W = np.asfortranarray(first.W)
    module, x = pynn.to_torch(network, shape), samples(shape).astype(np.float64)
    with torch.no_grad():
        want = module(torch.from_numpy(x)).numpy()
    safetensors.save_file(module.state_dict(), tmp_path / "net.safetensors")
    for layer, attribute in (*network.places().values(), *network.buffers().values()):
        if getattr(layer, attribute) is not None:
            setattr(layer, attribute, np.zeros(np.shape(getattr(layer, attribute))))
    with pytest.warns(UserWarning, match="scales in use"):
        pynn.load_torch_weights(network, tmp_path / "net.safetensors", epsilon=1e-6)
    np.testing.assert_allclose(network.predict(x), want, rtol=1e-12, atol=1e-12)


def test_what_save_params_writes_is_what_safetensors_reads(tmp_path):
    """safetensors 0.8.0 writes the memory of a transposed array under its shape; pynn lays it out before."""
    numpy = pytest.importorskip("safetensors.numpy")
    w = drawn(3, 5)
    arrays = {"transposed": w.T, "big": w.astype(">f4"), "sliced": w[:, ::2], "fortran": np.asfortranarray(w)}
    pynn.save_params(arrays, tmp_path / "net.safetensors")
    for name, array in numpy.load_file(tmp_path / "net.safetensors").items():
        np.testing.assert_array_equal(array, arrays[name])


# ---- Keras ----

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
    theirs, network = {name: [np.float64(array) for array in arrays] for name, arrays in keras_layers().items()}, empty()
    pynn.load_keras_weights(network, keras_file(tmp_path / "net.weights.h5", theirs))
    x = RNG.standard_normal((5, 9, 9, 2))
    x = x[:, :8, :8]
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
