"""ONNX files of others as networks: what is read, what is refused by name, and what a file may cost."""

import os

import numpy as np
import pytest
from exchanged import samples
from hypothesis import given, settings
from hypothesis import strategies as st

import pynn
from pynn.exchange import onnx_reading, onnx_tensors

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(0)
W, B, F = RNG.standard_normal((4, 3)), RNG.standard_normal(3), RNG.standard_normal((2, 1, 3, 3))
ROWS, IMAGES = (4,), (1, 6, 6)


def node(operator, *inputs, **attributes):
    return operator, inputs, attributes


def constant(value):
    return np.asarray(value, np.float32 if np.asarray(value).dtype.kind == "f" else np.int64)


def model(nodes, shape=ROWS, outputs=2, opset=17, arrays=(), kind=TensorProto.FLOAT, batch="N", **graph):
    """Nodes one behind the other; inputs that are arrays become initializers, a name stands for itself, None for what comes."""
    made, arrays, value = [], dict(arrays), "x"
    for number, (operator, inputs, attributes) in enumerate(nodes):
        names = []
        for index, given_ in enumerate(inputs):
            if isinstance(given_, str):
                names.append(given_)
            else:
                names.append(value if given_ is None else f"c{number}_{index}")
                if given_ is not None:
                    arrays[names[-1]] = given_
        last = number == len(nodes) - 1
        out = attributes.pop("out", None) or ("y" if last else f"v{number}")
        made.append(helper.make_node(operator, names, [out], f"n{number}", **attributes))
        value = out
    tensors = [array if isinstance(array, TensorProto) else numpy_helper.from_array(np.array(constant(array), order="C"), name)
               for name, array in arrays.items()]
    ends = [helper.make_tensor_value_info("x", kind, [batch, *shape]),
            helper.make_tensor_value_info("y", kind, ["N", *[f"d{axis}" for axis in range(outputs - 1)]])]
    inner = helper.make_graph(made, "g", ends[:1], ends[1:], tensors, **graph)
    return helper.make_model(inner, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def saved(tmp_path, *args, **kwargs):
    path = tmp_path / "net.onnx"
    path.write_bytes(model(*args, **kwargs).SerializeToString())
    return path


GEMM, FLAT = node("Gemm", None, W, B), node("Flatten", None)
CONV = node("Conv", None, F)
NORM = [np.array([1.0, 2.0]), np.array([0.5, -0.5]), np.array([0.1, 0.2]), np.array([1.0, 1e-8])]

READ = {
    "Gemm with both transposed": ([node("Gemm", None, W.T, B, transB=1)], ROWS),
    "Gemm scaled": ([node("Gemm", None, W, B, alpha=0.5, beta=2.0)], ROWS),
    "Gemm and one bias for all": ([node("Gemm", None, W, np.array([0.5]))], ROWS),
    "MatMul and Add": ([node("MatMul", None, W), node("Add", None, B)], ROWS),
    "Add the other way round": ([node("MatMul", None, W), node("Add", B[None], None)], ROWS),
    "a transposed constant": ([node("Transpose", W.T, perm=[1, 0], out="t"), node("MatMul", "x", "t")], ROWS),
    "a Constant": ([node("Constant", value=numpy_helper.from_array(W.astype("f")), out="t"), node("MatMul", "x", "t")], ROWS),
    "Identity of a constant": ([node("Identity", W, out="t"), node("Identity", "x", out="v"), node("MatMul", "v", "t")], ROWS),
    "activations": ([GEMM, node("Relu", None), node("LeakyRelu", None), node("Sigmoid", None), node("Tanh", None)], ROWS),
    "Dropout": ([GEMM, node("Dropout", None, np.float32(0.3))], ROWS),
    "Conv with SAME": ([node("Conv", None, F, auto_pad="SAME_UPPER"), FLAT], IMAGES),
    "Conv with VALID": ([node("Conv", None, F, auto_pad="VALID"), FLAT], IMAGES),
    "Conv and Add": ([CONV, node("Add", None, np.array([1.0, 2.0]).reshape(1, 2, 1, 1)), FLAT], IMAGES),
    "Conv with stride and pads": ([node("Conv", None, F, np.array([1.0, 2.0]), strides=[2, 2], pads=[1, 1, 1, 1]), FLAT], IMAGES),
    "MaxPool": ([node("MaxPool", None, kernel_shape=[3, 2], strides=[2, 2]), FLAT], IMAGES),
    "MaxPool with pads behind ReLU": ([node("Relu", None), node("MaxPool", None, kernel_shape=[3, 3], pads=[1] * 4), FLAT], IMAGES),
    "MaxPool rounding up what is whole": ([node("MaxPool", None, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), FLAT], IMAGES),
    "AveragePool": ([node("AveragePool", None, kernel_shape=[2, 2], strides=[2, 2]), FLAT], IMAGES),
    "AveragePool with pads that count": ([node("AveragePool", None, kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1), FLAT], IMAGES),
    "Pad and Conv": ([node("Pad", None, [0, 0, 2, 2] * 2), CONV, FLAT], IMAGES),
    "BatchNormalization": ([CONV, node("BatchNormalization", None, *NORM, epsilon=1e-3), FLAT], IMAGES),
    "a variance below ours": ([CONV, node("BatchNormalization", None, *NORM, epsilon=1e-9), FLAT], IMAGES),
    "Reshape to rows": ([CONV, node("Reshape", None, [-1, 32])], IMAGES),
    "Reshape as PyTorch writes it": ([CONV, node("Reshape", None, [0, -1])], IMAGES),
    "Flatten and Gemm": ([CONV, FLAT, node("Gemm", None, RNG.standard_normal((32, 2)))], IMAGES),
}


@pytest.mark.parametrize("name", READ)
def test_others_graphs_compute_the_same(tmp_path, name):
    nodes, shape = READ[name]
    path, x = saved(tmp_path, nodes, shape), samples(shape)
    onnx.checker.check_model(str(path), full_check=True)
    want = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    got = pynn.load_onnx(path).predict(x)
    # at most 40 products of numbers below 10, twice
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_a_batch_of_fixed_size_and_old_opsets(tmp_path):
    x = samples(IMAGES)
    path = saved(tmp_path, [CONV, node("Reshape", None, [1, -1]), node("Dropout", None, ratio=0.25), node("Softmax", None)], IMAGES,
                 opset=9, batch=1)
    network = pynn.load_onnx(path)
    assert repr(network.layers[2]) == "Dropout(0.25, inverted=True)"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(network.predict_proba(x[:1]), session.run(None, {"x": x[:1]})[0], atol=1e-6)


def test_numbers_are_the_decimals_that_were_meant(tmp_path):
    network = pynn.load_onnx(saved(tmp_path, [GEMM, node("LeakyRelu", None, alpha=0.01), node("Dropout", None, np.float32(0.3)),
                                              node("Mul", None, np.float32(0.7))]))
    assert list(map(repr, network.layers.values()))[1:] == ["LeakyRelu(slope=0.01)", "Dropout(0.3)"]


REFUSED = {
    "node 'n1' (Elu) is none that pynn's layers compute; read are Add, AveragePool": [GEMM, node("Elu", None)],
    "node 'n0' (com.acme.Magic) is none": [node("Magic", None, domain="com.acme")],
    "node 'n0' (Gemm) has transA 1; only 0 is read": [node("Gemm", None, W, transA=1)],
    "node 'n0' (MatMul) computes with 'x' as its input 1": [node("MatMul", np.ones((2, 4)), None)],
    "node 'n0' (Add) adds something": [node("Add", None, np.ones(4))],
    "node 'n1' (Add) adds something": [GEMM, node("Add", None, B)],
    "node 'n0' (Mul) multiplies by 0.5; only 1 minus the share of a dropout": [node("Mul", None, np.float32(0.5))],
    "node 'n1' (Mul) multiplies by 0.5": [node("Dropout", None, np.float32(0.3)), node("Mul", None, np.float32(0.5))],
    "node 'n0' (Dropout) drops in use": [node("Dropout", None, np.float32(0.3), np.array(True))],
    "node 'n0' (Gemm) has weights for 5 inputs, but 4 come": [node("Gemm", None, np.ones((5, 2)))],
    "node 'n1' (Relu) comes after a softmax": [node("Softmax", None), node("Relu", None)],
    "node 'n0' (Softmax) is no softmax of rows": [node("Softmax", None, axis=0)],
    "node 'n0' (Reshape) makes the shape [2, 2, -1]": [node("Reshape", None, [2, 2, -1])],
    "node 'n0' (Conv) takes images, but samples of shape (4,) come": [CONV],
    "node 'n0' (Relu) has 'alpha', which pynn does not know": [node("Relu", None, alpha=1.0)],
    "node 'n1' (Flatten) has axis 2; only 1 is read": [GEMM, node("Flatten", None, axis=2)],
}
REFUSED_IMAGES = {
    "node 'n0' (Gemm) multiplies images by a matrix; a Flatten must come before": [node("Gemm", None, W)],
    "node 'n0' (Conv) has group 2; only 1 is read": [node("Conv", None, F, group=2)],
    "node 'n0' (Conv) has dilations [2, 2]; only [1, 1] is read": [node("Conv", None, F, dilations=[2, 2])],
    "node 'n0' (Conv) has strides [1, 2]; pynn has one number": [node("Conv", None, F, strides=[1, 2])],
    "node 'n0' (Conv) has pads [1, 0, 0, 0]": [node("Conv", None, F, pads=[1, 0, 0, 0])],
    "node 'n0' (Conv) has auto_pad SAME_LOWER with windows of [3, 3] and strides [2, 2]":
        [node("Conv", None, F, auto_pad="SAME_LOWER", strides=[2, 2])],
    "node 'n0' (MaxPool) pads with something else than the zeros": [node("MaxPool", None, kernel_shape=[3, 3], pads=[1] * 4)],
    "node 'n0' (MaxPool) rounds the number of windows up": [node("MaxPool", None, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
    "node 'n0' (MaxPool) has windows of 7 pixels in images of 6": [node("MaxPool", None, kernel_shape=[7, 7])],
    "node 'n0' (AveragePool) pads with something else": [node("AveragePool", None, kernel_shape=[3, 3], pads=[1] * 4)],
    "node 'n1' (Relu) comes after a padding": [node("Pad", None, [0, 0, 1, 1] * 2), node("Relu", None)],
    "node 'n0' (Pad) pads with something else than zeros": [node("Pad", None, [0, 0, 1, 1] * 2, np.float32(1))],
    "node 'n0' (Pad) has pads [0, 1, 1, 1, 0, 1, 1, 1]": [node("Pad", None, [0, 1, 1, 1] * 2)],
    "it ends with a padding": [node("Pad", None, [0, 0, 1, 1] * 2)],
    "node 'n0' (BatchNormalization) normalizes 2 columns or channels, but 1 come": [node("BatchNormalization", None, *NORM)],
    "node 'n1' (BatchNormalization) has training_mode 1; only 0 is read": [CONV, node("BatchNormalization", None, *NORM, training_mode=1)],
    "node 'n1' (Transpose) is none": [CONV, node("Transpose", None, perm=[0, 2, 3, 1])],
    "node 'n0' (Reshape) changes shapes": [node("Reshape", None, [-1, 6, 6, 1])],
    "node 'n0' (Reshape) makes the shape [-1, 18] of samples (1, 6, 6)": [node("Reshape", None, [-1, 18])],
}


@pytest.mark.parametrize("words", [*REFUSED, *REFUSED_IMAGES])
def test_refused_by_name(tmp_path, words):
    nodes, shape = (REFUSED[words], ROWS) if words in REFUSED else (REFUSED_IMAGES[words], IMAGES)
    path = saved(tmp_path, [(operator, inputs, dict(attributes)) for operator, inputs, attributes in nodes], shape)
    with pytest.raises(ValueError) as caught:
        pynn.load_onnx(path)
    assert str(caught.value).startswith(f"load_onnx: {path}: {words}")


@pytest.mark.parametrize("change, words", [
    (lambda graph: graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])), "its graph has 2 inputs and 1 outputs"),
    (lambda graph: graph.node.append(helper.make_node("Relu", ["x"], ["r"])), "'x' goes to two nodes; pynn's networks are chains"),
    (lambda graph: graph.node.append(helper.make_node("Relu", ["r"], ["s"], "r")), "1 of its nodes stand beside the way"),
    (lambda graph: graph.node.pop(), "'v0' goes to no node"),
    (lambda graph: graph.node[1].input.append("v0"), "'v0' goes to two nodes"),
    (lambda graph: graph.node[1].input.append("q"), "node 'n1' (Relu) joins 'v0' and 'q'"),
    (lambda graph: setattr(graph.input[0].type.tensor_type, "elem_type", TensorProto.FLOAT16), "its input 'x' is of FLOAT16"),
    (lambda graph: setattr(graph.initializer[0], "data_type", TensorProto.BFLOAT16), "the array 'c0_1' is of BFLOAT16"),
    (lambda graph: graph.input[0].type.tensor_type.shape.ClearField("dim"), "its input 'x' is one number"),
    (lambda graph: graph.node[0].input.pop(1), "node 'n0' (Gemm) has no input 1"),
])
def test_graphs_of_another_form(tmp_path, change, words):
    made = model([node("Gemm", None, W), node("Relu", None)])
    change(made.graph)
    path = tmp_path / "net.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(ValueError) as caught:
        pynn.load_onnx(path)
    assert str(caught.value).startswith(f"load_onnx: {path}: {words}")


@pytest.mark.parametrize("opset", [6, 1000])
def test_opsets(tmp_path, opset):
    with pytest.raises(ValueError, match=f"it is written in opset {opset}; read are 7 to "):
        pynn.load_onnx(saved(tmp_path, [GEMM], opset=opset))


# ---- what a file may cost ----

def outside(tmp_path, location, **entries):
    """A model whose W lies in another file."""
    tensor = TensorProto(name="W", data_type=TensorProto.FLOAT, dims=W.shape, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    (tmp_path / "models").mkdir(exist_ok=True)
    return saved(tmp_path / "models", [node("MatMul", None, "W")], arrays={"W": tensor})


def test_arrays_in_a_file_beside_it(tmp_path):
    path = outside(tmp_path, "net.onnx.data", offset=8, length=48)
    (path.parent / "net.onnx.data").write_bytes(bytes(8) + W.astype("<f4").tobytes())
    np.testing.assert_array_equal(pynn.load_onnx(path).params["W1"], W.astype("f"))


@pytest.mark.parametrize("location", ["../secret", "sub/secret", "link", "pipe", "models", "", "nothing", "."])
def test_arrays_elsewhere(tmp_path, location):
    path = outside(tmp_path, location)
    (path.parent / "sub").mkdir()
    for secret in (tmp_path / "secret", path.parent / "sub" / "secret"):
        secret.write_bytes(W.astype("<f4").tobytes())
    (path.parent / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(path.parent / "pipe")
    with pytest.raises(ValueError, match="the array 'W' lies in .*(only files beside|no such file beside)"):
        pynn.load_onnx(path)
    path = outside(tmp_path, str(tmp_path / "secret"))
    with pytest.raises(ValueError, match="only files beside the model are read"):
        pynn.load_onnx(path)


@pytest.mark.parametrize("entries", [{"offset": 1}, {"offset": -4}, {"length": 44}, {"offset": 1 << 62}])
def test_arrays_that_end_early(tmp_path, entries):
    path = outside(tmp_path, "data", **entries)
    (path.parent / "data").write_bytes(W.astype("<f4").tobytes())
    with pytest.raises(ValueError, match="the array 'W' is said to be 48 bytes from byte"):
        pynn.load_onnx(path)


def length_first(number, content):
    """A field of protobuf that has a length."""
    size, head = len(content), bytes([number << 3 | 2])
    while size > 127:
        head, size = head + bytes([size & 127 | 128]), size >> 7
    return head + bytes([size]) + content


GRAPH, NODES, TENSORS, INPUTS, ATTRIBUTES, SUBGRAPH = 7, 1, 5, 11, 5, 6        # the numbers of the fields


@pytest.mark.parametrize("field", [NODES, TENSORS, INPUTS])
def test_messages_are_counted_before_they_are_built(tmp_path, field):
    path = tmp_path / "net.onnx"
    path.write_bytes(length_first(GRAPH, length_first(field, b"") * 2000))
    with pytest.raises(ValueError, match="more than 1,500 messages"):
        pynn.load_onnx(path)


def test_messages_in_messages(tmp_path):
    graph = b""
    for _ in range(10):
        graph = length_first(NODES, length_first(ATTRIBUTES, length_first(SUBGRAPH, graph)))
    path = tmp_path / "net.onnx"
    path.write_bytes(length_first(GRAPH, graph))
    with pytest.raises(ValueError, match="messages in messages, more than 20 deep"):
        pynn.load_onnx(path)


def test_one_array_under_many_nodes(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_tensors, "FLOOR", 0)
    square = np.eye(40)
    few, many = ([node("MatMul", None, "W") for _ in range(n)] for n in (6, 60))
    assert len(pynn.load_onnx(saved(tmp_path, few, (40,), arrays={"W": square})).layers) == 6
    with pytest.raises(ValueError, match="are shared until the arrays have more than 8 times as many"):
        pynn.load_onnx(saved(tmp_path, many, (40,), arrays={"W": square}))


def test_the_number_of_nodes_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_reading, "MOST_NODES", 3)
    assert len(pynn.load_onnx(saved(tmp_path, [node("Relu", None)] * 3)).layers) == 3
    with pytest.raises(ValueError, match="its graph has 4 nodes; at most 3 are read"):
        pynn.load_onnx(saved(tmp_path, [node("Relu", None)] * 4))


@pytest.mark.parametrize("content", [b"", b"\x08", b"not a model", b"\xff" * 50, length_first(7, b"\x0b")])
def test_no_onnx_file(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="^load_onnx: .*net.onnx"):
        pynn.load_onnx(path)
    with pytest.raises(FileNotFoundError, match="^load_onnx: cannot read .*nothing.onnx: there is no such file"):
        pynn.load_onnx(tmp_path / "nothing.onnx")


@given(data=st.data())
@settings(max_examples=150)
def test_a_changed_byte_is_an_error_in_words_or_another_network(tmp_path_factory, data):
    content = bytearray(model([CONV, node("BatchNormalization", None, *NORM), FLAT, node("Gemm", None, np.ones((32, 2)))], IMAGES).SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("changed") / "net.onnx"
    path.write_bytes(content)
    try:
        assert isinstance(pynn.load_onnx(path), pynn.Sequential)
    except ValueError as error:
        assert str(error).startswith("load_onnx: ")
