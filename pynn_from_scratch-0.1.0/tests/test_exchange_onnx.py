"""Networks as ONNX files: what is written, and what onnxruntime and the reference evaluator compute from it."""

import subprocess
import sys

import numpy as np
import pytest
from exchanged import NETWORKS, assert_within, in_float32, made, samples
from hypothesis import given, settings
from hypothesis import strategies as st

import pynn

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

WRITTEN = {"AveragePool", "BatchNormalization", "Conv", "Dropout", "Flatten", "Gemm", "Identity", "LeakyRelu", "MaxPool", "Mul", "Pad",
           "Relu", "Reshape", "Sigmoid", "Softmax", "Tanh"}


def run(path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def evaluate(path, x):
    from onnx.reference import ReferenceEvaluator
    return ReferenceEvaluator(str(path)).run(None, {"x": x})[0]


def initializers(path):
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


# ---- parity ----

@pytest.mark.parametrize("name", NETWORKS)
def test_tools_compute_what_the_network_predicts(tmp_path, name):
    network, shape = made(name)
    network, x = in_float32(network), samples(shape)
    pynn.export_onnx(network, tmp_path / "net.onnx", shape)
    assert_within(run(tmp_path / "net.onnx", x), network, x)
    assert_within(evaluate(tmp_path / "net.onnx", x), network, x)
    assert_within(pynn.load_onnx(tmp_path / "net.onnx").predict(x), network, x)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back(tmp_path, name):
    network, shape = made(name)
    pynn.export_onnx(network, tmp_path / "net.onnx", shape)
    back = pynn.load_onnx(tmp_path / "net.onnx")
    assert back.dtype == np.float32
    assert repr(back.last_layer) == repr(network.last_layer)
    kinds = [type(layer) for layer in back.layers.values()]
    assert [kind for kind in kinds if kind is not pynn.Flatten] == [type(layer) for layer in network.layers.values()
                                                                  if type(layer) is not pynn.Flatten]
    for mine, theirs in zip(network.params.values(), back.params.values(), strict=True):
        assert theirs.flags.writeable and theirs.flags.c_contiguous
        np.testing.assert_array_equal(np.broadcast_to(np.float32(mine), theirs.shape), theirs)
    settings_of = [repr(layer) for layer in back.layers.values() if isinstance(layer, (pynn.Dropout, pynn.LeakyRelu, pynn.Pooling))]
    assert settings_of == [repr(layer) for layer in network.layers.values() if isinstance(layer, (pynn.Dropout, pynn.LeakyRelu, pynn.Pooling))]


def test_it_can_be_trained_on(tmp_path):
    (x, t), _ = pynn.load_digits()
    network = pynn.Sequential([pynn.Affine.of(64, 20), pynn.BatchNormalization.of(20), pynn.Relu(), pynn.Affine.of(20, 10)])
    network.fit(x, t, epochs=3)
    pynn.export_onnx(network, tmp_path / "net.onnx")
    back = pynn.load_onnx(tmp_path / "net.onnx")
    loss = back.loss(x, t)
    assert loss == pytest.approx(network.loss(x, t), rel=1e-5)
    assert back.fit(x, t, epochs=3).loss(x, t) < loss


@st.composite
def chains(draw):
    """Layers in a row that fit one another, and the shape of a sample."""
    images = draw(st.booleans())
    shape = (draw(st.integers(1, 3)), *(draw(st.integers(5, 8)) for _ in range(2))) if images else (draw(st.integers(1, 6)),)
    layers, current = [], shape
    np.random.seed(draw(st.integers(0, 1000)))
    for _ in range(draw(st.integers(1, 6))):
        choices = ["affine", "relu", "leaky", "sigmoid", "tanh", "dropout", "flatten", "norm"]
        if len(current) == 3 and min(current[1:]) > 3:
            choices += ["conv", "pool", "average", "channels"]
        layer = _layer(draw, draw(st.sampled_from(choices)), current)
        layers.append(layer)
        current = np.asarray(layer.forward(np.zeros((1, *current)), *[False] * isinstance(layer, (pynn.Dropout, pynn.BatchNormalization)))).shape[1:]
    return layers, shape


def _layer(draw, kind, shape):
    size = int(np.prod(shape))
    if kind == "affine":
        outputs, bias = draw(st.integers(1, 5)), draw(st.booleans())
        return pynn.Affine(np.random.randn(size, outputs), np.random.randn(outputs) if bias else None)
    if kind == "conv":
        filters, pad, stride = draw(st.integers(1, 3)), draw(st.integers(0, 2)), draw(st.integers(1, 2))
        W = np.random.randn(filters, shape[0], draw(st.integers(1, 3)), draw(st.integers(1, 3)))
        return pynn.Convolution(W, np.random.randn(filters) if draw(st.booleans()) else None, stride, pad)
    if kind in ("pool", "average"):
        make = pynn.Pooling if kind == "pool" else pynn.AveragePooling
        return make(draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(0, 3)))
    if kind in ("norm", "channels"):
        n = shape[0] if kind == "channels" else size
        return pynn.BatchNormalization(np.random.randn(n), np.random.randn(n), 0.9, np.random.randn(n), np.random.rand(n) + 0.1)
    return {"relu": pynn.Relu, "leaky": pynn.LeakyRelu, "sigmoid": pynn.Sigmoid, "tanh": pynn.Tanh, "flatten": pynn.Flatten,
            "dropout": lambda: pynn.Dropout(draw(st.sampled_from([0, 0.25, 0.5, 1])), draw(st.booleans()))}[kind]()


@given(chain=chains())
@settings(max_examples=40)
def test_any_chain_of_layers(tmp_path_factory, chain):
    layers, shape = chain
    path = tmp_path_factory.mktemp("chain") / "net.onnx"
    network, x = in_float32(pynn.Sequential(layers)), samples(shape, 3)
    pynn.export_onnx(network, path, shape)
    for y in (run(path, x), evaluate(path, x), pynn.load_onnx(path).predict(x)):
        assert_within(y.reshape(len(y), -1), Rows(network), x)


class Rows:
    """A network whose output becomes rows, so that one comparison serves all."""

    def __init__(self, network):
        self.layers = {**dict(network.layers.items()), "rows": pynn.Flatten()}


# ---- what is in the file ----

def test_names_shapes_and_where_it_comes_from(tmp_path):
    network, shape = made("MultiLayerNetExtend")
    pynn.export_onnx(network, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    assert (model.producer_name, model.producer_version) == ("pynn", pynn.__version__)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    (x,), (y,) = model.graph.input, model.graph.output
    sizes = [[dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in (x, y)]
    assert (x.name, y.name, sizes) == ("x", "y", [["N", 20], ["N", 3]])
    arrays = initializers(tmp_path / "net.onnx")
    assert set(network.params) | set(network.buffers()) <= set(arrays)
    assert all(array.dtype == np.float32 for array in arrays.values())
    np.testing.assert_array_equal(arrays["W2"], network.params["W2"].astype(np.float32))
    assert [node.name for node in model.graph.node][:3] == ["Affine1/Gemm", "BatchNorm1/BatchNormalization", "Activation_function1/LeakyRelu"]


@pytest.mark.parametrize("name", NETWORKS)
def test_only_what_tools_agree_on(tmp_path, name):
    """Inference form, no rounding up of windows, no padding by name, batch normalization with one output."""
    network, shape = made(name)
    pynn.export_onnx(network, tmp_path / "net.onnx", shape, softmax=True)
    nodes = onnx.load(tmp_path / "net.onnx").graph.node
    assert {node.op_type for node in nodes} <= WRITTEN
    attributes = {(node.op_type, attribute.name): onnx.helper.get_attribute_value(attribute) for node in nodes for attribute in node.attribute}
    assert not {"ceil_mode", "auto_pad", "training_mode", "storage_order", "dilations"} & {name for _, name in attributes}
    assert all(len(node.output) == 1 for node in nodes)
    assert attributes["Softmax", "axis"] == 1


def test_softmax_and_the_network_of_chapter_3(tmp_path):
    network, shape = made("TwoLayerNet")
    x = samples(shape)
    pynn.export_onnx(network, tmp_path / "net.onnx", softmax=True)
    # the bound of the scores is far below; a softmax adds a few roundings of numbers up to 1
    np.testing.assert_allclose(run(tmp_path / "net.onnx", x), network.predict_proba(x), atol=1e-6)
    np.testing.assert_allclose(pynn.load_onnx(tmp_path / "net.onnx").predict_proba(x), network.predict_proba(x), atol=1e-6)
    for output in ("softmax", "identity"):
        three = pynn.ThreeLayerNet(output=output)
        pynn.export_onnx(three, tmp_path / "three.onnx")
        x = samples((2,))
        np.testing.assert_allclose(run(tmp_path / "three.onnx", x), three.predict(x), atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_samples(tmp_path, name):
    network, shape = made(name)
    pynn.export_onnx(network, tmp_path / "net.onnx", shape)
    outputs = network.predict(samples(shape)).shape[1:]
    assert network.predict(samples(shape, 0)).shape == run(tmp_path / "net.onnx", samples(shape, 0)).shape == (0, *outputs)


def test_arrays_as_they_lie(tmp_path):
    """Transposed, big-endian, every second: a file has neither strides nor byte orders."""
    rng = np.random.default_rng(0)
    W1, W2, W3 = rng.standard_normal((5, 3)).T, rng.standard_normal((5, 4)).astype(">f8"), rng.standard_normal((8, 6))[::2, ::3]
    b = rng.standard_normal(10).astype(">f4")[::2]
    network = pynn.Sequential([pynn.Affine.of(3, 5), pynn.Affine.of(5, 4), pynn.Affine.of(4, 2)])
    for layer, W in zip(network.layers.values(), (W1, W2, W3)):
        layer.W = W
    network.layers[0].b = b
    pynn.export_onnx(network, tmp_path / "net.onnx")
    arrays = initializers(tmp_path / "net.onnx")
    for name, value in {"W1": W1, "W2": W2, "W3": W3, "b1": b}.items():
        np.testing.assert_array_equal(arrays[name], value.astype(np.float32))
    x = samples((3,))
    np.testing.assert_allclose(run(tmp_path / "net.onnx", x), ((x @ W1 + b) @ W2) @ W3, rtol=1e-4, atol=1e-5)


def test_epsilon_is_a_float32_and_nothing_is_lost(tmp_path):
    """In float64 a variance of 0 shows the last bits of 1e-6."""
    network = pynn.Sequential([pynn.BatchNormalization.of(3)])
    x = np.random.default_rng(0).standard_normal((4, 3))
    with pytest.warns(UserWarning, match="in float64"):
        pynn.export_onnx(network, tmp_path / "net.onnx", (3,), dtype=np.float64)
    # one rounding each in sum, root, division, product
    np.testing.assert_allclose(run(tmp_path / "net.onnx", x), network.predict(x), rtol=4 * 2.0 ** -52)
    np.testing.assert_allclose(pynn.load_onnx(tmp_path / "net.onnx").predict(x), network.predict(x), rtol=4 * 2.0 ** -52)


# ---- what is said ----

@pytest.mark.parametrize("ill, dtype", [(np.nan, np.float32), (np.inf, np.float32), (1e39, np.float32)])
def test_weights_that_are_not_finite(tmp_path, ill, dtype):
    network, _ = made("TwoLayerNet")
    network.params["W2"][1, 2] = ill
    with np.errstate(over="ignore"), pytest.warns(UserWarning, match="^export_onnx: W2 has NaN or infinity in float32"):
        pynn.export_onnx(network, tmp_path / "net.onnx", dtype=dtype)


def test_float64_is_said_to_be_for_few(tmp_path):
    network, shape = made("SimpleConvNet")
    with pytest.warns(UserWarning, match="no Conv in float64 and will not load the file.*OpenVINO.*OpenCV"):
        pynn.export_onnx(network, tmp_path / "net.onnx", dtype=np.float64)
    with pytest.raises(Exception, match="NOT_IMPLEMENTED"):
        run(tmp_path / "net.onnx", samples(shape))
    network, shape = made("TwoLayerNet")
    with pytest.warns(UserWarning, match="in float64, OpenVINO"):
        pynn.export_onnx(network, tmp_path / "net.onnx", dtype=np.float64)
    x = np.float64(samples(shape))
    np.testing.assert_allclose(run(tmp_path / "net.onnx", x), network.predict(x), rtol=1e-12, atol=1e-12)
    back = pynn.load_onnx(tmp_path / "net.onnx")
    assert back.dtype == np.float64
    np.testing.assert_array_equal(back.predict(x), network.predict(x))


class Scale:
    def __init__(self, gamma):
        self.gamma = gamma

    def forward(self, x):
        return x * self.gamma

    def backward(self, dout):
        return dout * self.gamma


class Written(Scale):
    def onnx_node(self, graph, x):
        return graph.node("Mul", x, graph.array("gamma", self.gamma))


class Twice(pynn.Relu):
    def forward(self, x):
        return 2 * super().forward(x)


class Renamed(pynn.Relu):
    """Computes what its parent does."""


class OwnPredict(pynn.TwoLayerNet):
    def predict(self, x, train_flg=False):
        return -super().predict(x, train_flg)


def test_layers_of_ones_own(tmp_path):
    x = samples((4,))
    network = pynn.Sequential([pynn.Affine.of(4, 3), Scale(np.arange(3.0)), Renamed()])
    with pytest.raises(TypeError, match="'Scale1' is a Scale .*onnx_node"):
        pynn.export_onnx(network, tmp_path / "net.onnx")
    network.layers["Scale1"] = Written(np.arange(3.0))
    pynn.export_onnx(network, tmp_path / "net.onnx")
    np.testing.assert_allclose(run(tmp_path / "net.onnx", x), network.predict(x), atol=1e-5)
    assert "gamma1" in initializers(tmp_path / "net.onnx")
    with pytest.raises(TypeError, match="'Twice1' is a Twice whose forward is none of pynn's"):
        pynn.export_onnx(pynn.Sequential([Twice()]), tmp_path / "net.onnx", (4,))
    replaced = pynn.Relu()
    replaced.forward = abs
    with pytest.raises(TypeError, match="'Relu1' is a Relu whose forward"):
        pynn.export_onnx(pynn.Sequential([replaced]), tmp_path / "net.onnx", (4,))


@pytest.mark.parametrize("network, words", [
    (pynn.Perceptron([1, 2], 0.5), "network is a Perceptron; it must be a network of pynn's"),
    ({"W1": 1}, "network is a dict"),
    (OwnPredict(4, 3, 2), "OwnPredict has a predict of its own"),
])
def test_what_is_no_network(tmp_path, network, words):
    with pytest.raises(TypeError, match=f"^export_onnx: {words}"):
        pynn.export_onnx(network, tmp_path / "net.onnx")


def test_wrong_arguments(tmp_path):
    network, _ = made("every layer")
    path = tmp_path / "net.onnx"
    with pytest.raises(ValueError, match="^export_onnx: the layers do not tell the size of the images; give input_shape"):
        pynn.export_onnx(network, path)
    with pytest.raises(ValueError, match=r"^export_onnx: a sample of shape \(2, 9, 9\) does not pass BatchNormalization1: "):
        pynn.export_onnx(network, path, (2, 9, 9))
    with pytest.raises(TypeError, match="^export_onnx: dtype is float16; it must be float32 or float64"):
        pynn.export_onnx(network, path, (2, 8, 8), dtype=np.float16)
    with pytest.raises(FileNotFoundError, match="^export_onnx: cannot write .* there is no folder"):
        pynn.export_onnx(network, tmp_path / "no" / "net.onnx", (2, 8, 8))
    with pytest.raises(ValueError, match="^export_onnx: the name '' of a layer is empty"):
        pynn.export_onnx(pynn.Sequential({"": pynn.Relu()}), path, (2,))
    with pytest.raises(ValueError, match="^export_onnx: the network has no layers"):
        pynn.export_onnx(pynn.Network(), path, (2,))
    assert not list(tmp_path.iterdir())


def test_names_of_layers_may_be_anything(tmp_path):
    network = pynn.Sequential({"x": pynn.Affine.of(3, 3), "y": pynn.Relu(), "W1": pynn.BatchNormalization.of(3), "x/Gemm": pynn.Affine.of(3, 2)})
    pynn.export_onnx(network, tmp_path / "net.onnx")
    x = samples((3,))
    np.testing.assert_allclose(run(tmp_path / "net.onnx", x), network.predict(x), rtol=1e-4, atol=1e-4)


def test_the_last_input_tells_the_shape(tmp_path):
    network, shape = made("every layer")
    network.predict(samples(shape))
    pynn.export_onnx(network, tmp_path / "net.onnx")
    one = pynn.TwoLayerNet(4, 3, 2)
    one.predict(np.ones(4))             # a single sample, without an axis for N
    pynn.export_onnx(one, tmp_path / "net.onnx")


def test_importing_pynn_imports_nothing_of_it():
    program = "import sys, pynn, pynn.exchange; print([name for name in ('onnx', 'torch', 'h5py') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"
