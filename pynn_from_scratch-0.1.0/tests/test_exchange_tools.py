"""Other tools on what pynn writes, and pynn on what they write: ``make test-exchange`` installs them.

docs/exchange.md has a table of how these tools differ on valid files; each of its lines is a test here or in test_exchange_onnx.py.
"""

import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from exchanged import NETWORKS, assert_within, exact_and_bound, in_float32, made, samples

import pynn
from pynn.exchange.onnx_operators import OPERATORS
from pynn.exchange.onnx_writing import NOT_IN_FLOAT64

pytestmark = [pytest.mark.exchange, pytest.mark.filterwarnings("default")]


def onnxruntime(path, x):
    import onnxruntime
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def openvino(path, x):
    """In float32: by default it computes in bfloat16 where the processor has it."""
    import openvino
    model = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model(np.ascontiguousarray(x))[0]


def opencv(path, x):
    import cv2
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(x, "x")
    return net.forward()


# ---- what pynn writes ----

@pytest.mark.parametrize("tool", [openvino, opencv])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_scores_and_labels(tmp_path, name, tool):
    network, shape = made(name)
    network, x = in_float32(network), samples(shape)
    pynn.export_onnx(network, tmp_path / "net.onnx", shape)
    assert_within(tool(tmp_path / "net.onnx", x), network, x)


ALONE = {
    pynn.Affine: (lambda: pynn.Affine.of(4, 3), (4,)), pynn.Convolution: (lambda: pynn.Convolution.of(1, 2, 3), (1, 6, 6)),
    pynn.Pooling: (lambda: pynn.Pooling(2, 2), (1, 6, 6)), pynn.AveragePooling: (lambda: pynn.AveragePooling(2, 2), (1, 6, 6)),
    pynn.BatchNormalization: (lambda: pynn.BatchNormalization.of(4), (4,)), pynn.Dropout: (pynn.Dropout, (4,)),
    pynn.Flatten: (pynn.Flatten, (1, 6, 6)), pynn.Relu: (pynn.Relu, (4,)), pynn.LeakyRelu: (lambda: pynn.LeakyRelu(0.25), (4,)),
    pynn.Sigmoid: (pynn.Sigmoid, (4,)), pynn.Tanh: (pynn.Tanh, (4,)),
}


def test_what_onnxruntime_has_not_in_float64_is_what_the_warning_says(tmp_path):
    """onnxruntime 1.32.0: no Conv, no AveragePool; all else runs and is right. (LeakyRelu it has in opset 17, not before 16.)"""
    assert set(ALONE) == set(OPERATORS)
    missing = set()
    for kind, (make, shape) in ALONE.items():
        network = pynn.Sequential([make()])
        with pytest.warns(UserWarning, match="in float64"):
            pynn.export_onnx(network, tmp_path / "net.onnx", shape, dtype=np.float64)
        x = samples(shape).astype(np.float64)
        try:
            np.testing.assert_allclose(onnxruntime(tmp_path / "net.onnx", x), network.predict(x), rtol=1e-12, atol=1e-12)
        except Exception as error:
            assert "NOT_IMPLEMENTED" in str(error)
            missing.add(kind)
    assert missing == {pynn.Convolution, pynn.AveragePooling} and set(NOT_IN_FLOAT64) == {"Conv", "AveragePool"}


def test_float64_elsewhere_is_float32(tmp_path):
    """OpenVINO 2026.4.1 computes a float64 file in float32; so the warning says, and the scores are right to float32."""
    network, shape = made("TwoLayerNet")
    network, x = in_float32(network), samples(shape)
    with pytest.warns(UserWarning, match="OpenVINO 2026.4.1 computes in float32, and OpenCV 5.0.0 returns wrong numbers"):
        pynn.export_onnx(network, tmp_path / "net.onnx", dtype=np.float64)
    y = openvino(tmp_path / "net.onnx", x.astype(np.float64))
    assert_within(y, network, x)
    assert abs(y - network.predict(x)).max() > 1e-12


def test_rounding_windows_up_as_onnxruntime_where_it_changes_nothing(tmp_path):
    """Elsewhere four tools have four answers: refused."""
    from onnx import TensorProto, helper
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1, size, size]) for name, size in (("x", 6), ("y", 3))]
    for operator in ("MaxPool", "AveragePool"):
        node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
        model = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
        x = samples((1, 6, 6))
        # a mean of four: three additions and a division
        np.testing.assert_allclose(pynn.load_onnx(tmp_path / "net.onnx").predict(x), onnxruntime(tmp_path / "net.onnx", x), rtol=1e-5, atol=1e-6)


def test_big_endian_input_is_ours_to_turn():
    """onnxruntime and OpenCV read it as little-endian without a word; pynn takes it as it is."""
    network, shape = made("SimpleConvNet")
    x = samples(shape)
    np.testing.assert_array_equal(network.predict(x.astype(">f4")), network.predict(x))


# ---- what PyTorch writes ----

def pytorch_file(module, x, path, dynamo):
    import torch
    module = module.eval().float()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            torch.onnx.export(module, (torch.from_numpy(x),), path, dynamo=True, verbose=False, dynamic_shapes=({0: torch.export.Dim("N")},))
        else:
            torch.onnx.export(module, (torch.from_numpy(x),), path, dynamo=False, dynamic_axes={"x": {0: "N"}}, input_names=["x"])


@pytest.mark.parametrize("dynamo", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_pytorchs_own_exporters(tmp_path, name, dynamo):
    """They fold batch normalization into what stands before, leave out zero biases, and write arrays into a file beside it."""
    network, shape = made(name)
    if name == "every layer":           # as Unflatten, images that become rows and images again
        network = pynn.Sequential([pynn.Convolution.of(2, 3, 3, pad=2), pynn.BatchNormalization.of(3), pynn.LeakyRelu(0.2),
                                   pynn.AveragePooling(2, 2), pynn.Flatten(), pynn.Sigmoid(), pynn.Affine.of(75, 4, bias=False), pynn.Tanh()])
    network = in_float32(pynn.Sequential([layer if not isinstance(layer, pynn.Dropout) else pynn.Dropout(0.3, inverted=True)
                                          for layer in network.layers.values()]))
    module, x = pynn.to_torch(network, shape), samples(shape)
    pytorch_file(module, x, tmp_path / "net.onnx", dynamo)
    got = pynn.load_onnx(tmp_path / "net.onnx").predict(x)
    # a folded scale is rounded with every weight, which the bound has room for
    assert_within(got, network, x)


def test_pytorchs_zero_biases(tmp_path):
    import torch
    module = torch.nn.Sequential(torch.nn.Linear(40, 30), torch.nn.ReLU(), torch.nn.Linear(30, 3))
    with torch.no_grad():
        module[0].bias.zero_()
        module[2].bias.zero_()
    x = samples((40,))
    for dynamo in (True, False):
        pytorch_file(module, x, tmp_path / "net.onnx", dynamo)
        network = in_float32(pynn.load_onnx(tmp_path / "net.onnx"))
        assert_within(module(torch.from_numpy(x)).detach().numpy(), network, x)


# ---- Keras ----

@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    return keras


def keras_model(keras):
    layers = keras.layers
    return keras.Sequential([
        keras.Input((12, 13, 2)), layers.Conv2D(3, 3, padding="same", activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(2),
        layers.Conv2D(4, (2, 3), use_bias=False), layers.LeakyReLU(0.2), layers.AveragePooling2D(2), layers.Flatten(),
        layers.BatchNormalization(epsilon=1e-3), layers.Dropout(0.3), layers.Dense(9, activation="tanh", name="first"),
        layers.Dense(6, use_bias=False, activation="sigmoid", name="dense_9"), layers.Dense(4)])


def the_same_in_pynn():
    return pynn.Sequential([
        pynn.Convolution.of(2, 3, 3, pad=1), pynn.Relu(), pynn.BatchNormalization.of(3), pynn.Pooling(2, 2),
        pynn.Convolution(np.zeros((4, 3, 2, 3)), None), pynn.LeakyRelu(0.2), pynn.AveragePooling(2, 2), pynn.Flatten(),
        pynn.BatchNormalization.of(16), pynn.Dropout(0.3, inverted=True), pynn.Affine.of(16, 9), pynn.Tanh(),
        pynn.Affine.of(9, 6, bias=False), pynn.Sigmoid(), pynn.Affine.of(6, 4)])


def test_a_trained_keras_model(tmp_path, keras):
    """With the optimizer's state in the file, and layers whose names are another's class."""
    keras.utils.set_random_seed(0)
    model, x = keras_model(keras), samples((12, 13, 2), 64)
    model.compile("adam", "mse")
    model.fit(x, np.random.default_rng(0).random((64, 4)), epochs=3, verbose=0)
    model.save_weights(tmp_path / "net.weights.h5")
    network = the_same_in_pynn()
    pynn.load_keras_weights(network, tmp_path / "net.weights.h5")
    assert_within(model.predict(x, verbose=0), network, x.transpose(0, 3, 1, 2))


def test_a_network_comes_back_from_keras(tmp_path, keras):
    network = in_float32(the_same_in_pynn())
    rng = np.random.default_rng(0)
    for layer, attribute in (*network.places().values(), *network.buffers().values()):
        if (value := getattr(layer, attribute)) is not None:
            setattr(layer, attribute, np.float32(1 + rng.random(np.shape(value))).astype(np.float64))
    model = keras_model(keras)
    layers = iter(layer for layer in network.layers.values() if layer.params)
    for theirs in model.layers:
        if theirs.weights and not isinstance(theirs, keras.layers.Dropout):
            theirs.set_weights(for_keras(next(layers)))
    model.save_weights(tmp_path / "net.weights.h5")
    other = the_same_in_pynn()
    pynn.load_keras_weights(other, tmp_path / "net.weights.h5")
    for name, value in network.params.items():
        np.testing.assert_array_equal(other.params[name], value)
    for name, (layer, attribute) in network.buffers().items():
        # the variance takes up the difference of the epsilons
        np.testing.assert_allclose(getattr(*other.buffers()[name]), getattr(layer, attribute) + (1e-3 - 1e-6) * (attribute == "running_var"), rtol=1e-15)


def for_keras(layer):
    """The arrays of a layer of ours in Keras' layouts, written out for this model: 2x2 pixels of 4 channels become 16 columns."""
    if isinstance(layer, pynn.Convolution):
        W = layer.W.transpose(2, 3, 1, 0)
        return [W] if layer.b is None else [W, layer.b]

    def columns(values):
        return values.reshape(4, 4, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape) if len(values) == 16 else values
    if isinstance(layer, pynn.BatchNormalization):
        return [columns(value) for value in (layer.gamma, layer.beta, layer.running_mean, layer.running_var)]
    return [columns(layer.W)] if layer.b is None else [columns(layer.W), layer.b]


def test_keras_flatten_has_one_order(keras):
    """Channels last even of a model whose images have them first."""
    x = np.arange(12.0, dtype=np.float32).reshape(1, 2, 2, 3)
    rows = keras.ops.convert_to_numpy(keras.layers.Flatten(data_format="channels_first")(x))
    np.testing.assert_array_equal(rows[0], x[0].transpose(1, 2, 0).ravel())


def test_bfloat16_of_keras_is_refused(tmp_path, keras):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, dtype="bfloat16")])
    model.save_weights(tmp_path / "net.weights.h5")
    with pytest.raises(ValueError, match=r"'dense' has dtype \|V2, which NumPy has no floats for"):
        pynn.load_keras_weights(pynn.Sequential([pynn.Affine.of(4, 2)]), tmp_path / "net.weights.h5")


def test_the_cells_of_the_guide_run(tmp_path, monkeypatch, keras):
    guide = (Path(__file__).parents[1] / "docs" / "exchange.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in re.findall(r"```python\n(.*?)```", guide, re.S):
        exec(cell, names)
    scores = names["back"].predict(names["x_test"])
    np.testing.assert_allclose(names["scores"].detach().numpy(), scores, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(names["probabilities"], pynn.softmax(scores), atol=1e-5)


def test_the_bound_is_one():
    """An evaluation with a wrong weight leaves it."""
    network, shape = made("SimpleConvNet")
    network, x = in_float32(network), samples(shape)
    exact, bound = exact_and_bound(network, x)
    network.params["W2"][...] *= 1 + 1e-2
    assert (abs(network.predict(x) - exact) > bound).any()
    assert bound.max() < 2e-3
