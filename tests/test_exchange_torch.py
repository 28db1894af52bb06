"""Networks as modules of PyTorch and back: the same numbers, the same gradients."""

import io

import numpy as np
import pytest
from exchanged import NETWORKS, made, samples

import pynn

torch = pytest.importorskip("torch")
nn = torch.nn


def tensor(x, dtype=torch.float64):
    return torch.from_numpy(np.asarray(x)).to(dtype)


def pytorch_gradients(module, x, t):
    """The loss's gradients by the names of pynn's parameters, in pynn's layouts."""
    module.zero_grad()
    nn.functional.cross_entropy(module(tensor(x)), torch.from_numpy(t)).backward()
    return {name: parameter.grad.numpy().T if parameter.ndim == 2 else parameter.grad.numpy()
            for name, parameter in module.named_parameters()}


def assert_gradients_equal(network, module, x, t, grads):
    theirs = pytorch_gradients(module, x, t)
    scale = max(abs(want).max() for want in theirs.values())       # in front of batch normalization a bias has none but rounding
    for want, (name, mine) in zip(theirs.values(), grads.items(), strict=True):
        np.testing.assert_allclose(np.broadcast_to(mine, want.shape), want, rtol=1e-12, atol=1e-12 * scale, err_msg=name)


def without_dropout(network):
    for layer in network.layers.values():
        if isinstance(layer, pynn.Dropout):
            layer.dropout_ratio = 0.0
    return network


CLASSIFIERS = [name for name in NETWORKS if name != "pixels"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_numbers(name):
    network, shape = made(name)
    module, x = pynn.to_torch(network, shape), samples(shape).astype(np.float64)
    assert not module.training
    with torch.no_grad():
        np.testing.assert_allclose(module(tensor(x)).numpy(), network.predict(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if name != "every layer"])
def test_the_same_gradients_in_training(name):
    """Batch statistics included. The loss's 1e-7 is not in the gradient (docs/comparing.md)."""
    network, shape = made(name)
    network = without_dropout(network)
    network.weight_decay_lambda = 0
    module, x = pynn.to_torch(network, shape).train(), samples(shape).astype(np.float64)
    t = np.arange(len(x)) % network.predict(x).shape[1]
    assert_gradients_equal(network, module, x, t, network.gradient(x, t))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_same_gradients_in_use(name):
    """With running statistics and dropout as a scale."""
    network, shape = made(name)
    module, x = pynn.to_torch(network, shape), samples(shape).astype(np.float64)
    t = np.arange(len(x)) % network.predict(x).shape[1]
    network.input_gradient(x, t)
    grads = {name: getattr(layer, f"d{attribute}") for name, (layer, attribute) in network.places().items()
             if getattr(layer, attribute) is not None}
    assert_gradients_equal(network, module, x, t, grads)


def test_statistics_part_by_what_they_divide_by():
    """PyTorch's running variance divides by N - 1, pynn's and the book's by N (docs/comparing.md)."""
    network = pynn.Sequential([pynn.BatchNormalization.of(3)])
    module, x = pynn.to_torch(network, (3,)).train(), samples((3,), 5).astype(np.float64)
    module(tensor(x))
    network.predict(x, train_flg=True)
    theirs, mine = module[0], network.layers[0]
    np.testing.assert_allclose(theirs.running_mean.numpy(), mine.running_mean, rtol=1e-12)
    np.testing.assert_allclose(theirs.running_var.numpy(), mine.running_var * 5 / 4, rtol=1e-12)


@pytest.mark.parametrize("inverted", [False, True])
def test_dropout_in_training(inverted):
    network = pynn.Sequential([pynn.Dropout(0.25, inverted)])
    module, x = pynn.to_torch(network, (1000,)), np.ones((1, 1000))
    kept = module.train()(tensor(x)).numpy()
    assert set(np.unique(kept.round(12))) == {0.0, round(1 / 0.75, 12) if inverted else 1.0}
    np.testing.assert_allclose(module.eval()(tensor(x)).numpy(), network.predict(x), rtol=1e-15)
    assert repr(pynn.from_torch(module).layers[0]) == repr(network.layers[0])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_comes_back(name, dtype):
    network, shape = made(name)
    network = pynn.Sequential(network.layers, dtype=dtype)
    back, x = pynn.from_torch(pynn.to_torch(network, shape)), samples(shape)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back.predict(x), network.predict(x))
    for mine, theirs in zip(network.params.values(), back.params.values(), strict=True):
        np.testing.assert_array_equal(np.broadcast_to(mine, theirs.shape), theirs)
        assert not np.shares_memory(mine, theirs) and theirs.flags.writeable and theirs.flags.c_contiguous


def test_names_randomness_and_memory():
    network, shape = made("MultiLayerNetExtend")
    state = torch.get_rng_state()
    module = pynn.to_torch(network)
    assert torch.equal(torch.get_rng_state(), state)
    assert [name for name, _ in module.named_children()] == list(network.layers)
    assert module.Affine1.weight.shape == (9, 20) and module.Affine1.weight.requires_grad
    with torch.no_grad():
        module.Affine1.weight.zero_()
    assert network.params["W1"].any()
    torch.save(module, buffer := io.BytesIO())
    buffer.seek(0)
    assert torch.load(buffer, weights_only=False)(torch.zeros(1, 20, dtype=torch.float64)).shape == (1, 3)


def test_arrays_as_they_lie():
    rng = np.random.default_rng(0)
    network = pynn.Sequential([pynn.Affine.of(3, 5), pynn.Affine.of(5, 4)])
    network.layers[0].W, network.layers[1].W = rng.standard_normal((5, 3)).T, rng.standard_normal((5, 4)).astype(">f8")
    module, x = pynn.to_torch(network), rng.standard_normal((2, 3))
    with torch.no_grad():
        np.testing.assert_allclose(module(tensor(x)).numpy(), network.predict(x), rtol=1e-12)
    assert pynn.from_torch(nn.Linear(4, 3)).params["W1"].flags.c_contiguous


# ---- modules of others ----

def trained(module):
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.running_mean is not None:
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return module.double().eval()


READ = {
    "nested": (lambda: nn.Sequential(nn.Sequential(nn.Linear(4, 5), nn.ReLU()), nn.Identity(), nn.Sequential(nn.Linear(5, 2, bias=False))), (4,)),
    "images": (lambda: nn.Sequential(
        nn.Conv2d(2, 3, 3, padding="same"), nn.BatchNorm2d(3), nn.LeakyReLU(0.1), nn.MaxPool2d(2), nn.Conv2d(3, 4, (2, 3), stride=1, bias=False),
        nn.Sigmoid(), nn.AvgPool2d(3, 1, 1), nn.MaxPool2d(3, 2, 1), nn.Flatten(), nn.Dropout(0.3), nn.LazyLinear(3), nn.Softmax(dim=1)), (2, 9, 9)),
    "valid": (lambda: nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(1, 2, 3, padding="valid"), nn.Tanh(), nn.ZeroPad2d(1), nn.MaxPool2d(3)), (1, 5, 5)),
    "statistics alone": (lambda: nn.Sequential(nn.BatchNorm1d(3, affine=False, eps=1e-3), nn.Linear(3, 2)), (3,)),
    "one alone": (lambda: nn.Linear(3, 2), (3,)),
    "twice the same": (lambda: (lambda relu, linear: nn.Sequential(linear, relu, linear, relu))(nn.ReLU(), nn.Linear(3, 3)), (3,)),
    "a variance below ours": (lambda: nn.Sequential(nn.BatchNorm1d(3, eps=1e-12)), (3,)),
}


@pytest.mark.parametrize("name", READ)
def test_others_modules_compute_the_same(name):
    make, shape = READ[name]
    module, x = make(), samples(shape).astype(np.float64)
    module(tensor(x, torch.float32))            # gives the lazy module its shape
    module = trained(module)
    if "below" in name:
        module[0].running_var.fill_(1e-9)
    network = pynn.from_torch(module)
    with torch.no_grad():
        want = module(tensor(x)).numpy()
    got = network.predict_proba(x) if "Softmax" in repr(module) else network.predict(x)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def hooked():
    module = nn.Sequential(nn.Linear(2, 2))
    module[0].register_forward_hook(lambda *args: None)
    return module


class Own(nn.Linear):
    pass


@pytest.mark.parametrize("module, words", [
    (nn.Sequential(nn.Linear(2, 2), nn.GELU()), "module '1' is a GELU, which no layer of pynn computes; read are Sequential, Linear"),
    (nn.Sequential(Own(2, 2)), "module '0' is a Own"),
    (nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))), "module '0' is a ParametrizedLinear"),
    (hooked(), r"module '0' \(Linear\) has hooks"),
    (nn.Sequential(nn.Conv2d(2, 2, 3, groups=2)), "module '0' .Conv2d. has groups=2; only 1 is read"),
    (nn.Sequential(nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")), "has padding_mode='reflect'"),
    (nn.Sequential(nn.Conv2d(2, 2, (2, 2), padding="same")), "has padding='same' with filters of 2x2"),
    (nn.Sequential(nn.Conv2d(2, 2, 3, stride=(1, 2))), r"has strides \[1, 2\]"),
    (nn.Sequential(nn.MaxPool2d(3, padding=1)), "pads with something else than the zeros"),
    (nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, ceil_mode=True)), "rounds the number of windows up"),
    (nn.Sequential(nn.AvgPool2d(3, padding=1, count_include_pad=False)), "pads with something else"),
    (nn.Sequential(nn.AvgPool2d(3, divisor_override=2)), "has divisor_override=2"),
    (nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False)), "has no running statistics"),
    (nn.Sequential(nn.BatchNorm1d(2, momentum=None)), "has no running statistics with a momentum"),
    (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(4, 2)), "multiplies images by a matrix; a Flatten must come before"),
    (nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2)), "has weights for 3 inputs, but 2 come"),
    (nn.Sequential(nn.Flatten(2)), "has start_dim=2; only 1 is read"),
    (nn.Sequential(nn.Linear(3, 2), nn.Softmax(dim=0)), "is no softmax of rows"),
    (nn.Sequential(nn.Linear(3, 2), nn.Unflatten(1, (2, 1, 1))), "changes shapes"),
    (nn.Sequential(nn.Linear(2, 2).half()), "the module has parameters of torch.float16"),
    (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double()), "of torch.float32 and torch.float64"),
    (nn.Sequential(), "it has no layer"),
    (nn.Sequential(nn.MaxPool2d((2, 2, 2))), r"has windows of shape \(2, 2, 2\)"),
    (nn.Sequential(nn.MaxPool2d((2,))), r"has windows of shape \(2,\)"),
    (nn.Sequential(nn.BatchNorm1d(2, eps=float("nan"))), "adds nan to the variance"),
    (nn.Sequential(nn.Linear(2, 2, device="meta")), "on the device 'meta'"),
])
def test_refused_by_name(module, words):
    with pytest.raises(ValueError, match=f"^from_torch: .*{words}"):
        pynn.from_torch(module)


class Halved(pynn.Relu):
    def forward(self, x):
        return super().forward(x) / 2


def test_what_is_not_converted():
    with pytest.raises(TypeError, match="^from_torch: module is a Sequential; it must be a torch.nn.Module"):
        pynn.from_torch(pynn.Sequential([pynn.Relu()]))
    with pytest.raises(TypeError, match="^to_torch: 'Halved1' is a Halved whose forward is none of pynn's"):
        pynn.to_torch(pynn.Sequential([Halved()]), (2,))
    with pytest.raises(TypeError, match="^to_torch: network is a Perceptron"):
        pynn.to_torch(pynn.Perceptron([1], 1))
    with pytest.raises(ValueError, match="^to_torch: PyTorch takes no module called 'a.b'"):
        pynn.to_torch(pynn.Sequential({"a.b": pynn.Relu()}), (2,))
    with pytest.raises(ValueError, match="^to_torch: the layers do not tell the size of the images"):
        pynn.to_torch(pynn.Sequential([pynn.Pooling(2, 2)]))
    three = pynn.ThreeLayerNet(output="softmax")
    with torch.no_grad():
        np.testing.assert_allclose(pynn.to_torch(three)(tensor([[1.0, 0.5]])).numpy(), three.predict([[1.0, 0.5]]), rtol=1e-12)


def test_a_shape_of_a_sample_in_words():
    with pytest.raises(TypeError, match="to_torch: a size of input_shape is 'a'; it must be a whole number"):
        pynn.to_torch(pynn.Sequential([pynn.Affine.of(4, 2)]), "ab")
