"""Weights from PyTorch's state_dict; and what is said where a library is missing."""

import sys

import numpy as np
import pytest
from exchanged import drawn, made, same_layers, samples, square

import pynn
from pynn import Affine, BatchNormalization, Dropout, Sequential

def state():
    """The state_dict of the same network, ``running_var`` at least 1."""
    norms = {f"{name}.{key}": value for name, n in (("norm1", 3), ("norm2", 16)) for key, value in {
        "weight": drawn(n), "bias": drawn(n), "running_mean": drawn(n), "running_var": 1 + abs(drawn(n)),
        "num_batches_tracked": np.array(7)}.items()}
    return {"conv1.weight": drawn(3, 2, 3, 3), "conv1.bias": drawn(3), "conv2.weight": drawn(4, 3, 2, 2), **norms,
            "fc1.weight": drawn(5, 16), "fc1.bias": drawn(5), "fc2.weight": drawn(6, 5), "fc2.bias": drawn(6), "fc3.weight": drawn(2, 6)}


def test_a_state_dict(tmp_path):
    theirs, network = state(), same_layers()
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


@pytest.mark.parametrize("call, library, extra", [
    (lambda path: pynn.export_onnx(square(), path), "onnx", "onnx"), (pynn.load_onnx, "onnx", "onnx"),
    (lambda path: pynn.to_torch(square()), "torch", "torch"), (pynn.from_torch, "torch", "torch"),
    (lambda path: pynn.load_keras_weights(square(), path), "h5py", "keras"),
])
def test_a_missing_library_is_named_with_its_command(tmp_path, monkeypatch, call, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf'^\w+: {library} is not installed .*: pip install "pynn-from-scratch\[{extra}\]"$'):
        call(tmp_path / "net")


@pytest.mark.parametrize("error, words, options", [
    (TypeError, "modules is a int", {"modules": 5}), (TypeError, "epsilon is 'a'", {"epsilon": "a"}),
    (ValueError, "epsilon is nan", {"epsilon": np.nan}),
    (ValueError, "epsilon is -5", {"epsilon": -5}), (ValueError, "modules must name each of them once", {"modules": [1, "norm"]})])
def test_options_in_words(tmp_path, error, words, options):
    pynn.save_params({f"norm.{key}": np.ones(3) for key in ("weight", "bias", "running_mean", "running_var")}, tmp_path / "w.safetensors")
    net = Sequential([BatchNormalization.of(3)])
    with pytest.raises(error, match=f"^load_torch_weights: .*{words}"):
        pynn.load_torch_weights(net, tmp_path / "w.safetensors", **options)
    assert (net.params["beta1"] == 0).all()


def test_modules_may_come_one_by_one(tmp_path):
    pynn.save_params({"a.weight": np.ones((2, 3)), "b.weight": np.full((2, 2), 2.0)}, tmp_path / "w.safetensors")
    net = Sequential([Affine.of(3, 2, bias=False), Affine.of(2, 2, bias=False)])
    pynn.load_torch_weights(net, tmp_path / "w.safetensors", modules=iter(["a", "b"]))
    assert (net.params["W2"] == 2).all()


def test_a_shape_of_a_sample_in_words():
    with pytest.raises(TypeError, match="Sequential.summary: a size of input_shape is 'a'; it must be a whole number"):
        Sequential([Affine.of(4, 2)]).summary("ab")
