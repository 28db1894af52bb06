"""Trained networks over the test images of MNIST, in pynn and in other tools: ``make test-exchange ARGS="-m real"``."""

import numpy as np
import pytest
from exchanged import exact_and_bound, in_float32

import pynn
from pynn.datasets import DatasetError

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("default")]

NETWORKS = {
    "TwoLayerNet": (lambda: pynn.TwoLayerNet(784, 50, 10, "he", dtype=np.float32), (784,)),
    "MultiLayerNetExtend": (lambda: pynn.MultiLayerNetExtend(784, [100, 100], 10, use_dropout=True, dropout_ration=0.2, use_batchnorm=True,
                                                             dtype=np.float32), (784,)),
    "SimpleConvNet": (lambda: pynn.SimpleConvNet(dtype=np.float32), (1, 28, 28)),
    "DeepConvNet": (lambda: pynn.DeepConvNet(dtype=np.float32), (1, 28, 28)),
}


@pytest.fixture(scope="module")
def mnist():
    try:
        return pynn.load_mnist(normalize=True, flatten=True)
    except (DatasetError, ImportError) as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request, mnist):
    """A network after one epoch, in float64 with its float32 parameters; test images and their labels; exact scores and the bound."""
    np.random.seed(0)
    make, shape = NETWORKS[request.param]
    (x, t), (x_test, t_test) = mnist
    x, x_test = (images.reshape(-1, *shape).astype(np.float32) for images in (x, x_test))
    network = make().fit(x, t, epochs=1)
    assert network.accuracy(x_test, t_test) > 0.9
    scores = in_batches(network.predict, x_test)
    network.dtype = np.dtype(np.float64)
    network = in_float32(network)
    exact, bound = map(np.concatenate, zip(*(exact_and_bound(network, x_test[i:i + 250]) for i in range(0, len(x_test), 250))))
    return network, x_test, scores, exact, bound


def in_batches(f, x):
    return np.concatenate([f(np.ascontiguousarray(x[i:i + 1000])) for i in range(0, len(x), 1000)])


def assert_same(y, exact, bound):
    assert (abs(y - exact) <= bound).all()
    np.testing.assert_array_equal(y.argmax(axis=1), exact.argmax(axis=1))
    print(f"off by at most {abs(y - exact).max():.2g} of {abs(exact).max():.3g}; allowed {bound.max():.2g}")


def test_pynn_in_float32(trained):
    _, _, scores, exact, bound = trained
    assert_same(scores, exact, bound)


def test_onnxruntime(trained, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    network, x, _, exact, bound = trained
    pynn.export_onnx(network, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    assert_same(in_batches(lambda x: session.run(None, {"x": x})[0], x), exact, bound)


def test_the_reference_evaluator(trained, tmp_path):
    """On 500 images: it is written to be read."""
    pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator
    network, x, _, exact, bound = trained
    pynn.export_onnx(network, tmp_path / "net.onnx")
    assert_same(ReferenceEvaluator(str(tmp_path / "net.onnx")).run(None, {"x": x[:500]})[0], exact[:500], bound[:500])


def test_openvino(trained, tmp_path):
    openvino = pytest.importorskip("openvino")
    network, x, _, exact, bound = trained
    pynn.export_onnx(network, tmp_path / "net.onnx")
    model = openvino.Core().compile_model(str(tmp_path / "net.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert_same(in_batches(lambda x: model(x)[0], x), exact, bound)


def test_pytorch(trained):
    torch = pytest.importorskip("torch")
    network, x, _, exact, bound = trained
    module = pynn.to_torch(network).float().requires_grad_(False)
    assert_same(in_batches(lambda x: module(torch.from_numpy(x)).numpy(), x), exact, bound)


def test_it_comes_back(trained, tmp_path):
    pytest.importorskip("onnx")
    network, x, _, exact, bound = trained
    pynn.export_onnx(network, tmp_path / "net.onnx")
    back = pynn.load_onnx(tmp_path / "net.onnx")
    assert back.dtype == np.float32
    assert_same(in_batches(back.predict, x), exact, bound)
