"""The figures of docs/comparing.md: what differs from other libraries, and what must stay as it is."""

from types import SimpleNamespace

import numpy as np
import pytest

import pynn

REAL = (np.float32, np.float64)


@pytest.mark.parametrize("dtype", REAL)
def test_a_hopeless_sample(dtype):
    layer = pynn.SoftmaxWithLoss()
    assert layer.forward(np.array([[0, 1000]], dtype), np.array([0])) == pytest.approx(16.118, abs=1e-3)
    np.testing.assert_array_equal(layer.backward(), [[-1, 1]])
    assert layer.forward(np.array([[0, 2000]], dtype), np.array([0])) == pytest.approx(16.118, abs=1e-3)


def test_running_variance_after_one_pass():
    layer = pynn.BatchNormalization.of(1)
    layer.forward(np.array([[1.0], [3.0]]))
    np.testing.assert_allclose([*layer.running_mean, *layer.running_var], [0.2, 0.1])
    for _ in range(49):
        layer.forward(np.array([[1.0], [3.0]]))
    assert layer.running_var[0] == pytest.approx(0.995, abs=1e-3)


@pytest.mark.parametrize("eps", [1e-5, 1e-3])
def test_statistics_of_another_library_give_its_outputs(eps, rng):
    x, mean, var = rng.standard_normal((4, 3)), rng.standard_normal(3), rng.random(3)
    layer = pynn.BatchNormalization(np.ones(3), np.zeros(3), running_mean=mean, running_var=var + (eps - 1e-6))
    np.testing.assert_allclose(layer.forward(x, train_flg=False), (x - mean) / np.sqrt(var + eps), rtol=1e-13)


def test_where_there_is_no_derivative():
    relu = pynn.Relu()
    relu.forward(np.array([0.0, -0.0, 1.0]))
    np.testing.assert_array_equal(relu.backward(np.ones(3)), [0, 0, 1])
    np.testing.assert_array_equal(pynn.relu_grad(np.zeros(1)), [1])
    pool = pynn.Pooling(2, 2)
    pool.forward(np.full((1, 1, 2, 2), 7.0))
    np.testing.assert_array_equal(pool.backward(np.ones((1, 1, 1, 1)))[0, 0], [[1, 0], [0, 0]])


@pytest.mark.parametrize("gradient", [1e-3, 1.0, 1e6])
def test_the_first_step_of_rmsprop(gradient):
    params = {"a": np.array([1.0])}
    pynn.RMSprop(lr=0.01).update(params, {"a": np.array([gradient])})
    assert (1 - params["a"][0]) / 0.01 == pytest.approx(10, rel=2e-3)


@pytest.mark.parametrize("gradient, step", [(1.0, 1.0), (1e-6, 0.24025), (1e-9, 3.1613e-4)])
def test_the_first_step_of_adam(gradient, step):
    params = {"a": np.array([1.0])}
    pynn.Adam(lr=0.1).update(params, {"a": np.array([gradient])})
    assert (1 - params["a"][0]) / 0.1 == pytest.approx(step, rel=1e-4)


@pytest.mark.parametrize("dtype", REAL)
def test_a_batch_of_one_row(dtype):
    layer = pynn.BatchNormalization.of(2, dtype=dtype)
    np.testing.assert_array_equal(layer.forward(np.array([[1, 5]], dtype)), [[0, 0]])
    np.testing.assert_array_equal(layer.backward(np.ones((1, 2), dtype)), [[0, 0]])


def test_columns_far_from_zero(rng):
    """The mean is rounded to half of float32's spacing at 20,000, some 1e-3; that shifts the column, and nothing more."""
    x = (rng.standard_normal((1000, 3)) + 20_000).astype(np.float32)
    layer = pynn.BatchNormalization.of(3, dtype=np.float32)
    out, exact = layer.forward(x), x.astype(np.float64)
    want = (exact - exact.mean(axis=0)) / np.sqrt(exact.var(axis=0) + 10e-7)
    shift = (out - want).mean(axis=0)
    assert np.abs(shift).max() < 2e-2
    np.testing.assert_allclose(out - want - shift, 0, atol=1e-4)
    assert not np.allclose(np.mean(x * x, axis=0) - np.mean(x, axis=0) ** 2, exact.var(axis=0), rtol=0.1)     # what others do


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("classes", [1, 3, 17, 33, 100])
def test_nan_anywhere_in_a_row(dtype, classes, rng):
    for place in range(classes):
        x = rng.standard_normal((3, classes)).astype(dtype)
        x[1, place] = np.nan
        y = pynn.softmax(x)
        assert np.isnan(y[1]).all() and np.isfinite(y[[0, 2]]).all()


@pytest.mark.parametrize("dtype", REAL)
def test_masks_of_minus_infinity(dtype, rng):
    x = rng.standard_normal((5, 20)).astype(dtype)
    mask = rng.random((5, 20)) < 0.5
    mask[:, 0] = False
    y = pynn.softmax(np.where(mask, dtype(-np.inf), x))
    assert not y[mask].any()
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)


# ---- what goes wrong in other libraries (findings/), and must not here ----

def test_softmax_of_pixels_and_foreign_byte_order():
    want = pynn.softmax(np.array([[200.0, 100.0]]))
    np.testing.assert_array_equal(pynn.softmax(np.array([[200, 100]], np.uint8)), want)
    np.testing.assert_array_equal(pynn.softmax(np.array([[200, 100]], ">f8")), want)
    with pytest.raises(TypeError, match="masked array"):
        pynn.softmax(np.ma.masked_array([[1.0, 2.0]], [[True, False]]))


def test_the_loss_of_a_million_rows_in_float32():
    y = np.full((1_000_000, 2), 0.5, np.float32)
    t = np.zeros(1_000_000, int)
    want = -np.log(np.float32(0.5) + np.float32(1e-7))
    assert pynn.cross_entropy_error(y, t) == pytest.approx(want, rel=2e-7)      # a rounding or two, not a million
    assert pynn.softmax_loss(np.zeros_like(y), t) == pytest.approx(want, rel=2e-7)


def test_bfloat16_in_a_file_is_named(tmp_path):
    header = b'{"W1":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    (tmp_path / "w.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(ValueError, match="w.safetensors: .*BF16"):
        pynn.load_params(tmp_path / "w.safetensors")


def test_equal_scores_are_chance():
    net = pynn.Sequential([pynn.Affine(np.zeros((2, 10)), np.zeros(10))])
    assert net.accuracy(np.ones((10, 2)), np.arange(10)) == 0.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_r2_far_from_zero(dtype):
    t = np.array([[10000], [10001], [10002]], dtype)
    net = pynn.Sequential([pynn.Affine(np.ones((1, 1), dtype), np.zeros(1, dtype))], pynn.IdentityWithLoss())
    assert net.score(t + dtype(0.1), t) == pytest.approx(0.985, abs=2e-4)      # 0.1 is rounded beside 10,000


@pytest.mark.parametrize("loss", [1.0, -1.0])
def test_a_plateau_is_one_on_either_side_of_zero(loss):
    stopper = pynn.EarlyStopping(patience=2, monitor="loss", min_delta=0.05, restore_best=False)
    trainer = SimpleNamespace(history={"epoch": [], "loss": []}, stop=False)
    for epoch in range(1, 4):
        trainer.history["epoch"].append(epoch)
        trainer.history["loss"].append(loss - 0.01 * epoch)
        stopper.on_epoch(trainer)
    assert trainer.stop and stopper.best_epoch == 1


@pytest.mark.parametrize("dtype", REAL)
def test_a_masked_class_costs_a_label_and_its_one_hot_row_the_same(dtype):
    scores = np.array([[2, 1, -np.inf]], dtype)
    for t in np.array([0]), np.array([[1, 0, 0]], dtype):
        layer = pynn.SoftmaxWithLoss()
        assert layer.forward(scores, t) == pytest.approx(0.3133, abs=1e-4)
        np.testing.assert_allclose(layer.backward(), [[-0.2689, 0.2689, 0]], atol=1e-4)


class Steep:
    """A network with a gradient of one's own."""

    def __init__(self, gradient):
        self.params = {"W": np.zeros_like(gradient)}
        self.grad = gradient

    def gradient(self, x, t):
        return {"W": self.grad}

    def loss(self, x, t):
        return 1.0

    def accuracy(self, x, t):
        return 1.0


@pytest.mark.parametrize("dtype, unit", [(np.float32, 1), (np.float32, 1e20), (np.float32, 6e37), (np.float64, 1e200)])
def test_clipping_keeps_the_direction_where_squares_overflow(dtype, unit):
    net = Steep(np.array([3, 4], dtype) * dtype(unit))
    pynn.Trainer(net, np.zeros((4, 1)), np.zeros(4, int), np.zeros((4, 1)), np.zeros(4, int), epochs=1, mini_batch_size=4, clip_norm=1.0,
                 optimizer="SGD", optimizer_param={"lr": 0.5}, verbose=False).train_step()
    np.testing.assert_allclose(net.params["W"], [-0.3, -0.4], rtol=1e-6)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_clipping_hides_no_gradient_that_is_not_finite(wrong):
    net = Steep(np.array([wrong, 3e20], np.float32))
    got = pynn.Trainer(net, np.zeros((4, 1)), np.zeros(4, int), np.zeros((4, 1)), np.zeros(4, int), mini_batch_size=4, clip_norm=1.0, verbose=False)
    np.testing.assert_array_equal(got.gradient_of_a_batch()[0]["W"], net.grad)


@pytest.mark.parametrize("watcher", [pynn.EarlyStopping(patience=3, monitor="loss", restore_best=False),
                                     pynn.ReduceLROnPlateau(patience=3, monitor="loss")])
def test_nan_is_never_the_best(watcher):
    trainer = SimpleNamespace(history={"epoch": [], "loss": []}, stop=False, optimizer=SimpleNamespace(lr=1.0))
    for epoch, loss in enumerate([np.nan, 2.0, np.nan, 1.0, np.nan, np.nan], 1):
        trainer.history["epoch"].append(epoch)
        trainer.history["loss"].append(loss)
        watcher.on_epoch(trainer)
    assert watcher.best == 1.0 and watcher.best_epoch == 4 and watcher.waited == 2
