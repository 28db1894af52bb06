"""SimpleConvNet and DeepConvNet against the reference, and convolutions in blocks against their layers one by one."""

import pickle

import numpy as np
import pytest
from compare import snapshot

import pynn
from pynn import layers, networks, optimizer, reference
from pynn.layers.block import ConvBlock, in_blocks

REAL = (np.float32, np.float64)
NETS = ["SimpleConvNet", "DeepConvNet"]


def pair(name, dtype=np.float64, **options):
    nets = []
    for module in (networks, reference):
        np.random.seed(0)
        nets.append(getattr(module, name)(dtype=dtype, **options))
    return nets


@pytest.fixture
def data(rng):
    """Strokes on black: zeros have to stay zeros on their way through ReLU and pooling."""
    x = np.zeros((12, 1, 28, 28))
    x[:, :, 6:20, 9:17] = np.maximum(rng.standard_normal((12, 1, 14, 8)), 0)
    return x, rng.integers(0, 10, 12)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", NETS)
def test_the_book_draws_the_same(name, dtype):
    mine, book = pair(name, dtype)
    after = np.random.rand()
    np.random.seed(0)
    getattr(networks, name)(dtype=dtype)
    assert np.random.rand() == after
    assert list(mine.params) == list(book.params)
    for key, param in book.params.items():
        assert mine.params[key].dtype == dtype
        np.testing.assert_array_equal(mine.params[key], param)


@pytest.mark.parametrize("name", NETS)
def test_gradients(name, data):
    mine, book = pair(name)
    x, t = data
    np.random.seed(3)
    got = mine.gradient(x, t)
    np.random.seed(3)
    want = book.gradient(x, t)
    assert list(got) == list(mine.params)
    for key in want:
        np.testing.assert_allclose(got[key], want[key], rtol=0, atol=1e-13 * max(1, np.abs(want[key]).max()), err_msg=key)
    np.testing.assert_allclose(mine.predict(x), book.predict(x), rtol=0, atol=1e-13)
    np.random.seed(4)
    loss = mine.loss(x, t)
    np.random.seed(4)
    assert loss == pytest.approx(book.loss(x, t), rel=1e-13)
    assert mine.accuracy(x, t, batch_size=5) == book.accuracy(x, t, batch_size=5)
    assert mine.accuracy(x, np.eye(10)[t]) == book.accuracy(x, t)


@pytest.mark.parametrize("name", NETS)
def test_float32(name, data):
    """The float64 network from the same weights: sums of up to 576 terms through eight layers, 1e-5 of the largest."""
    mine, exact = pair(name, np.float32)[0], pair(name)[1]
    x, t = data[0].astype(np.float32), data[1]
    for key in exact.params:
        exact.params[key][...] = mine.params[key]
    np.random.seed(3)
    got = mine.gradient(x, t)
    np.random.seed(3)
    want = exact.gradient(x.astype(np.float64), t)
    for key in want:
        assert got[key].dtype == np.float32
        np.testing.assert_allclose(got[key], want[key], rtol=0, atol=1e-5 * np.abs(want[key]).max(), err_msg=key)


@pytest.mark.parametrize("name, steps", [("SimpleConvNet", 30), ("DeepConvNet", 20)])
def test_the_same_seed_gives_the_same_curve(name, steps, data):
    """Apart in rounding only, while training and in use."""
    x, t = data
    mine, book = pair(name)
    curves = []
    for net, module in ((mine, optimizer), (book, reference)):
        np.random.seed(1)
        rule, losses = module.Adam(), []
        for _ in range(steps):
            batch = np.random.choice(len(x), 4)
            rule.update(net.params, net.gradient(x[batch], t[batch]))
            losses.append(net.last_layer.loss)
        curves.append(losses)
    assert min(curves[0]) < 0.8 * curves[0][0]
    # Adam divides by the gradient's own size: a rounding of 1e-16 on 1/1000 of the largest is 1e-13 of a step of 1e-3
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-12)
    np.testing.assert_allclose(mine.predict(x), book.predict(x), rtol=0, atol=1e-12)
    assert mine.accuracy(x, t) == book.accuracy(x, t)


def test_numerical_gradient(rng):
    np.random.seed(0)
    conv = {"filter_num": 2, "filter_size": 3, "pad": 1, "stride": 1}
    net = networks.SimpleConvNet((1, 6, 6), conv, hidden_size=4, output_size=3, weight_init_std=0.5)
    x, t = rng.standard_normal((3, 1, 6, 6)), np.array([0, 2, 1])
    numerical, backprop = net.numerical_gradient(x, t), net.gradient(x, t)
    for key in backprop:        # no ReLU and no pooling of these seeds changes sides within h
        np.testing.assert_allclose(numerical[key], backprop[key], rtol=0, atol=1e-7, err_msg=key)


@pytest.mark.parametrize("dim, conv, pixels", [
    ((3, 9, 9), {"filter_num": 7, "filter_size": 3, "pad": 1, "stride": 1}, 7 * 4 * 4),     # an odd row is not pooled
    ((2, 12, 8), {"filter_num": 5, "filter_size": 4, "pad": 0, "stride": 2}, 5 * 2 * 1),
    ((1, 8, 8), {"filter_num": 16, "filter_size": 5, "pad": 3, "stride": 1}, 16 * 5 * 5),
])
def test_other_sizes(rng, dim, conv, pixels):
    np.random.seed(0)
    net = networks.SimpleConvNet(dim, conv, hidden_size=6, output_size=4)
    assert net.params["W2"].shape == (pixels, 6)
    x, t = rng.standard_normal((5, *dim)), rng.integers(0, 4, 5)
    alone = one_by_one(net, x, t)
    for key, grad in net.gradient(x, t).items():
        np.testing.assert_allclose(grad, alone[key], rtol=0, atol=1e-15)


@pytest.mark.parametrize("name, side, left", [("SimpleConvNet", 5, 0), ("SimpleConvNet", 3, -1), ("DeepConvNet", 3, 0)])
def test_images_of_which_nothing_is_left_are_refused(name, side, left):
    """They would train the last bias alone, or divide by no inputs."""
    with pytest.raises(ValueError, match=rf"{name}: input_dim is \(1, {side}, 9\), .* leave {left}x\d pixels; .* larger"):
        getattr(networks, name)((1, side, 9))


def test_deep_convnet_of_another_shape(rng):
    conv = {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}
    np.random.seed(0)
    net = networks.DeepConvNet((2, 16, 12), conv, conv, conv, conv, conv, conv, hidden_size=5, output_size=3)
    assert net.params["W7"].shape == (3 * 2 * 1, 5)
    assert net.predict(rng.random((4, 2, 16, 12))).shape == (4, 3)


# ---- blocks ----------------------------------------------------------------------------------

def one_by_one(net, x, t):
    """The gradients of separate layers, each called by itself."""
    chain = net.layers if isinstance(net.layers, list) else list(net.layers.values())
    for layer in chain:
        x = layer.forward(x)
    net.last_layer.forward(x, t)
    dout = net.last_layer.backward(1)
    for layer in reversed(chain):
        dout = layer.backward(dout)
    return {name: getattr(layer, "d" + attribute) for name, (layer, attribute) in net.places().items()}


@pytest.mark.parametrize("dtype", REAL)
def test_layers_in_blocks_keep_their_attributes(data, dtype):
    x, t = data[0].astype(dtype), data[1]
    net = pair("SimpleConvNet", dtype)[0]
    conv, relu, pool = (net.layers[key] for key in ("Conv1", "Relu1", "Pool1"))
    one_by_one(net, x, t)
    want = {"mask": relu.mask, "x": pool.x, "arg_max": pool.arg_max, "dW": conv.dW, "db": conv.db}
    grads = net.gradient(x, t)
    optimizer.SGD(1.0).update(net.params, grads)        # what is computed later must not see the new weights
    assert conv.x is x
    np.testing.assert_array_equal(relu.mask, want["mask"])
    np.testing.assert_array_equal(pool.x, want["x"])
    np.testing.assert_array_equal(pool.arg_max, want["arg_max"])
    assert pool.arg_max.dtype == np.int64 and relu.mask.dtype == bool
    for name in ("dW", "db"):
        assert getattr(conv, name) is grads["W1" if name == "dW" else "b1"]
        np.testing.assert_allclose(getattr(conv, name), want[name], rtol=0, atol=20 * np.finfo(dtype).eps)
    dout = np.ones(pool.x.shape)[:, :, ::2, ::2].astype(dtype)
    np.testing.assert_array_equal(relu.backward(pool.backward(dout)).sum(), (dout * (pool.forward(pool.x) > 0)).sum())


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("last_in, last_out, last_dout", [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1), (0, 1, 0), (1, 0, 1)])
def test_blocks_in_any_layout(rng, dtype, pooled, last_in, last_out, last_dout):
    """Channels first or last in memory: the same numbers."""
    def lie(a, last):
        return np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2) if last else a
    for n, c, f, h, w, size, stride, pad in [(3, 5, 11, 9, 8, 3, 1, 1), (2, 16, 8, 7, 10, 3, 2, 2), (2, 1, 30, 12, 12, 5, 1, 0),
                                            (1, 24, 33, 26, 30, 7, 1, 3)]:      # several blocks of rows, 7 rows of W
        x, W, b = (rng.standard_normal(s).astype(dtype) for s in [(n, c, h, w), (f, c, size, size), (f,)])
        chain = [layers.Convolution(W, b, stride, pad), layers.Relu()] + [layers.Pooling(2, 2, 2)] * pooled
        want = x
        for layer in chain:
            want = layer.forward(want)
        dout = rng.standard_normal(want.shape).astype(dtype)
        want_dx = dout
        for layer in reversed(chain):
            want_dx = layer.backward(want_dx)
        want_dW, want_db = chain[0].dW, chain[0].db
        block = ConvBlock(*chain, channels_last=bool(last_out))
        x = lie(x, last_in)
        before = snapshot(x)
        np.testing.assert_array_equal(block.forward(x), want)
        dx = block.backward(lie(dout, last_dout))
        assert snapshot(x) == before
        for got, wanted, terms in [(dx, want_dx, f * size**2), (chain[0].dW, want_dW, dout.size / f),
                                   (chain[0].db, want_db, dout.size / f)]:
            assert got.dtype == dtype
            np.testing.assert_allclose(got, wanted, rtol=0, atol=4 * np.finfo(dtype).eps * terms)
        assert (dx.strides == x.strides) and (block.out.transpose(0, 2, 3, 1).flags.c_contiguous == bool(last_out))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("where", ["x", "W", "dout"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_in_blocks(rng, dtype, where, value):
    """0 * inf is nan: what pooling drops still meets it, as in the layers one by one."""
    arrays = {"x": rng.standard_normal((2, 3, 8, 8)).astype(dtype), "W": rng.standard_normal((4, 3, 3, 3)).astype(dtype),
              "dout": rng.standard_normal((2, 4, 3, 3)).astype(dtype)}
    arrays[where][1, 2, 1, 2] = value
    x, W, dout = arrays.values()
    mine, book = ([m.Convolution(W, np.zeros(4, dtype)), m.Relu(), m.Pooling(2, 2, 2)] for m in (layers, reference))
    with np.errstate(invalid="ignore"):
        want = x
        for layer in book:
            want = layer.forward(want)
        want_dx = dout
        for layer in reversed(book):
            want_dx = layer.backward(want_dx)
    block = ConvBlock(*mine)
    np.testing.assert_array_equal(np.isnan(block.forward(x)), np.isnan(want))
    dx = block.backward(dout)
    np.testing.assert_array_equal(np.isnan(mine[0].dW), np.isnan(book[0].dW))
    np.testing.assert_array_equal(np.isnan(mine[0].db), np.isnan(book[0].db))
    np.testing.assert_array_equal(np.isfinite(dx), np.isfinite(want_dx))


@pytest.mark.parametrize("name", NETS)
def test_a_network_in_use_can_be_pickled(name, data):
    x, t = data
    net = getattr(networks, name)()
    net.gradient(x, t)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict(x), net.predict(x))
    for layer, copied in zip(net.layers.values(), again.layers.values()):
        if isinstance(layer, layers.Relu):
            np.testing.assert_array_equal(copied.mask, layer.mask)


def test_which_layers_become_blocks():
    conv = [layers.Convolution(np.ones((2, c, 3, 3)), 0) for c in (1, 2, 2)]

    class MyRelu(layers.Relu):
        pass

    pool = layers.Pooling(2, 2)
    steps = in_blocks([conv[0], layers.Relu(), conv[1], layers.Relu(), pool, conv[2], MyRelu(), layers.Pooling(2, 2)])
    assert [type(step).__name__ for step in steps] == ["ConvBlock", "ConvBlock", "Convolution", "MyRelu", "Pooling"]
    assert steps[0].channels_last and steps[0].pool is None and steps[1].pool is pool and steps[1].channels_last
    for odd in (layers.Pooling(3, 2), layers.Pooling(2, 2, 1), layers.Pooling(2, 2, 2, 1)):
        steps = in_blocks([conv[0], layers.Relu(), odd])
        assert steps[0].pool is None and not steps[0].channels_last and steps[1] is odd


def test_a_layer_of_ones_own(data):
    """A layer put in the place of another is used, and those around it are no block any more."""
    class Watch(layers.Relu):
        def forward(self, x):
            self.seen = x.shape
            return super().forward(x)

    net = pair("DeepConvNet")[0]
    want = net.predict(data[0])
    net.layers[1] = Watch()
    np.testing.assert_array_equal(net.predict(data[0]), want)
    assert net.layers[1].seen == (12, 16, 28, 28)


# ---- contracts -------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", NETS)
def test_any_number_of_threads_gives_the_same_bits(name, dtype, data):
    x, t = np.concatenate([data[0]] * 5).astype(dtype), np.concatenate([data[1]] * 5)
    results = []
    for threads in (1, 2, 5):
        net = pair(name, dtype)[0]
        with pynn.num_threads(threads):
            np.random.seed(3)
            results.append([net.predict(x), *net.gradient(x, t).values()])
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NETS)
def test_saved_and_loaded(name, data, tmp_path):
    net = pair(name)[0]
    net.params["b1"] += 0.1
    net.save_params(tmp_path / "params.npz")
    np.random.seed(9)
    other = getattr(networks, name)()
    other.load_params(tmp_path / "params.npz")
    np.testing.assert_array_equal(other.predict(data[0]), net.predict(data[0]))


@pytest.mark.parametrize("dtype", REAL)
def test_half_precision(dtype, data):
    """Section 8.2.5: images and parameters rounded to float16 change the scores by as little."""
    net = pair("DeepConvNet", dtype)[0]
    scores = net.predict(data[0])
    for param in net.params.values():
        param[...] = param.astype(np.float16)
    half = net.predict(data[0].astype(np.float16))
    assert half.dtype == dtype
    assert 0 < np.abs(half - scores).max() < 0.02 * np.abs(scores).max()


def test_float16_layers_return_float16(rng):
    """Computed in float32 and rounded once."""
    x, W, b = (rng.standard_normal(s).astype(np.float16) for s in [(2, 3, 8, 8), (4, 3, 3, 3), (4,)])
    out = layers.Convolution(W, b).forward(x)
    exact = reference.Convolution(W.astype(float), b.astype(float)).forward(x.astype(float))
    assert out.dtype == np.float16
    np.testing.assert_allclose(out, exact, rtol=2**-11, atol=1e-4)


def test_accuracy_counts_a_last_batch_that_is_not_full(data):
    x, t = data
    net = pair("SimpleConvNet")[0]
    assert net.accuracy(x, net.predict(x).argmax(axis=1), batch_size=5) == 1


@pytest.mark.parametrize("shape, words", [
    ((2, 784), r"must be \(N, channels, height, width\): load with flatten=False, or use x.reshape\(-1, channels, height, width\)"),
    ((2, 28, 28), r"one image is x\[np.newaxis\], grey images are x\[:, np.newaxis\]")])
def test_images_without_their_axes_are_refused_in_words(shape, words):
    with pytest.raises(ValueError, match=words):
        networks.SimpleConvNet().predict(np.ones(shape))


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("input_dim", [(28, 28), 784, (1, 28, 28, 1)])
def test_input_dim_is_refused_in_words(name, input_dim):
    with pytest.raises(ValueError, match=rf"{name}: input_dim is .*{np.ravel(input_dim)[0]}.*; it must be \(channels, height, width\)"):
        getattr(networks, name)(input_dim)


@pytest.mark.parametrize("name, argument", [("SimpleConvNet", "conv_param"), ("DeepConvNet", "conv_param_4")])
@pytest.mark.parametrize("change, words", [
    ({"pad": None}, r"{0} is {{.*}}, without pad; it must have filter_num, filter_size, pad and stride"),
    ({"filter_num": None, "stride": None}, r"{0} is .*, without filter_num and stride;"),
    ({"stride": -1}, r"{0}\['stride'\] is -1; it must be an integer of at least 1"),
    ({"stride": 0}, r"{0}\['stride'\] is 0;"),
    ({"pad": -1}, r"{0}\['pad'\] is -1; it must be an integer of at least 0"),
    ({"filter_num": 0}, r"{0}\['filter_num'\] is 0;"),
    ({"filter_size": 2.5}, r"{0}\['filter_size'\] is 2.5; it must be an integer"),
])
def test_settings_of_a_convolution_are_refused_in_words(name, argument, change, words):
    param = {"filter_num": 3, "filter_size": 3, "pad": 0, "stride": 1, **change}
    with pytest.raises(ValueError, match=rf"{name}: {words.format(argument)}"):
        getattr(networks, name)(**{argument: {key: value for key, value in param.items() if value is not None}})


def test_channels_last_images_are_refused_in_words():
    with pytest.raises(ValueError, match=r"x has 28 channels but W has 1 .*transpose\(0, 3, 1, 2\)"):
        pair("SimpleConvNet")[0].predict(np.zeros((2, 28, 28, 1)))
