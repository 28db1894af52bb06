"""The widgets from Python's side; test_browser.py has the page's."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from test_errors import refuses

import pynn

pytest.importorskip("anywidget")
from pynn.widgets import base, canvas
from traitlets import TraitError

SIDE = canvas.SIDE
ROOT = Path(pynn.__file__).parents[1]


def numbers(data):
    return np.frombuffer(data, "<f4")


@pytest.fixture
def one():
    """A picture of a 1."""
    picture = np.full((SIDE, SIDE), 255, np.uint8)
    picture[20:92, 50:60] = 0
    return picture


@pytest.fixture
def net():
    np.random.seed(0)
    return pynn.TwoLayerNet(784, 12, 10)


def every_widget(net):
    return [pynn.widgets.Perceptron(), pynn.widgets.Descent(), pynn.widgets.draw(net), pynn.widgets.Playground(),
            pynn.widgets.LiveCurve().view]


# ---- what is imported, and what is missing ----

def script(code):
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
                          timeout=60)


def test_anywidget_is_imported_only_when_a_widget_is_used():
    ran = script("import sys, pynn, pynn.widgets; dir(pynn.widgets); assert not {'anywidget', 'matplotlib'} & set(sys.modules)")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", ["Perceptron", "Descent", "draw", "Playground", "LiveCurve"])
def test_without_the_extra_it_says_what_to_install(name):
    ran = script(f"import sys; sys.modules['anywidget'] = None; import pynn; pynn.widgets.{name}")
    assert ran.stderr.splitlines()[-1] == ('ImportError: pynn.widgets: anywidget, which shows widgets in notebooks, is not installed: '
                                           'pip install "pynn-from-scratch[widgets]"')


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Slider'"):
        pynn.widgets.Slider


def test_the_files_of_the_page_are_there(net):
    for widget in every_widget(net):
        assert "export default widget(build)" in widget._esm and "data-lm-suppress-shortcuts" in widget._esm
        assert "http" not in widget._esm.replace("http://www.w3.org/2000/svg", "")     # nothing from elsewhere
        assert ".pynn" in widget._css


# ---- what all of them do ----

def test_every_widget_has_a_still_picture_beside_its_view(net):
    for widget in every_widget(net):
        data, _ = widget._repr_mimebundle_()
        assert data["image/png"].startswith(b"\x89PNG") and len(data["image/png"]) < 150_000
        assert "application/vnd.jupyter.widget-view+json" in data


def test_stills_leave_pyplot_alone(net):
    import matplotlib.pyplot as plt
    before = plt.get_fignums()
    for widget in every_widget(net):
        widget.still()
    assert plt.get_fignums() == before


def test_languages(net):
    assert pynn.widgets.Perceptron(lang="zh").lang == "zh"
    with pytest.raises(ValueError, match=r"Perceptron: lang is 'fr'; it must be one of \['en', 'zh'\]"):
        pynn.widgets.Perceptron(lang="fr")


def test_numbers_travel_in_c_order_and_with_nan():
    a = np.arange(6.0).reshape(2, 3)
    assert numbers(base.float32_bytes(a.T)).tolist() == [0, 3, 1, 4, 2, 5]
    assert numbers(base.float32_bytes(a[:, ::-1])).tolist() == [2, 1, 0, 5, 4, 3]
    np.testing.assert_array_equal(numbers(base.float32_bytes([1, np.nan, -np.inf])), [1, np.nan, -np.inf])


def test_an_error_reaches_the_page():
    widget = pynn.widgets.Perceptron()
    widget.reply(lambda: {}["lr"])
    assert widget.answer == {"error": "KeyError: 'lr'"}


def test_thinned():
    assert base.thinned([], 5).tolist() == []
    assert base.thinned([1, 2, 3], 5).tolist() == [1, 2, 3]
    assert base.thinned(range(10), 5).tolist() == [0.5, 2.5, 4.5, 6.5, 8.5]
    assert len(base.thinned(range(11), 5)) <= 5


def test_a_page_of_its_own_has_the_javascript(tmp_path):
    path = tmp_path / "page.html"
    pynn.widgets.save_html(path, pynn.widgets.Perceptron(lang="zh"))
    assert "export default widget(build)" in path.read_text(encoding="utf-8")


def test_a_page_that_cannot_be_made_leaves_the_old_one(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    refuses(TypeError, "save_html widget int", pynn.widgets.save_html, path, 5)
    refuses(TypeError, "save_html path int", pynn.widgets.save_html, 5)
    refuses(FileNotFoundError, "save_html cannot write no folder", pynn.widgets.save_html, tmp_path / "absent" / "page.html",
            pynn.widgets.Perceptron())
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error, says, f", [
    (ValueError, "draw size 'a' whole", lambda net: pynn.widgets.draw(net, size="a")),
    (ValueError, "draw size 0 8", lambda net: pynn.widgets.draw(net, size=0)),
    (ValueError, "draw size 1000000000 1024", lambda net: pynn.widgets.draw(net, size=10**9)),
    (TypeError, "draw net class TwoLayerNet", lambda net: pynn.widgets.draw(pynn.TwoLayerNet)),
    (TypeError, "Playground hidden_size_list int list", lambda net: pynn.widgets.Playground(hidden_size_list=5)),
    (TypeError, "Playground.step steps 'a' whole", lambda net: pynn.widgets.Playground().step("a")),
    (TypeError, "written_digits n 'a' whole", lambda net: pynn.widgets.written_digits("a")),
    (ValueError, "written_digits n 0", lambda net: pynn.widgets.written_digits(0)),
])
def test_refused_in_words(net, error, says, f):
    refuses(error, says, f, net)


def test_a_still_picture_of_pixels_that_are_none(net):
    canvas = pynn.widgets.draw(net)
    canvas.pixels = b"abc"
    assert "error" in canvas.answer and (canvas.picture == 255).all()
    canvas.still()


def test_a_learning_rate_of_numpys_is_a_number():
    assert pynn.widgets.Descent(lr=np.float32(0.5)).rates["SGD"] == 0.5


# ---- perceptron ----

@pytest.mark.parametrize("gate", [pynn.AND, pynn.NAND, pynn.OR])
def test_perceptron_is_the_gate_of_its_sliders(gate):
    widget = pynn.widgets.Perceptron(gate.__name__)
    widget.w1, widget.w2, widget.b = {"AND": (0.5, 0.5, -0.7), "NAND": (-0.5, -0.5, 0.7), "OR": (0.5, 0.5, -0.2)}[gate.__name__]
    assert widget.outputs == gate([0, 1, 0, 1], [0, 0, 1, 1]).tolist()


def test_perceptron_refuses_another_gate():
    with pytest.raises(ValueError, match="gate is 'NOT'"):
        pynn.widgets.Perceptron("NOT")


# ---- descent ----

def test_descent_goes_the_way_of_the_optimizers():
    widget = pynn.widgets.Descent("SGD", lr=0.5, steps=3)
    x, y = -7.0, 2.0
    for point in widget.paths["SGD"]:
        np.testing.assert_allclose(point, (x, y), rtol=1e-15)
        x, y = x - 0.5 * x / 10, y - 0.5 * 2 * y
    sent = numbers(widget.answer["paths"]).reshape(4, 4, 2)
    np.testing.assert_array_equal(sent[3], widget.paths["Adam"].astype(np.float32))


def test_descent_runs_again_when_a_slider_moves_and_bears_infinity():
    widget = pynn.widgets.Descent(steps=100)
    widget.rates = {**widget.rates, "SGD": 1e6}
    assert not np.isfinite(numbers(widget.answer["paths"])).all()
    widget.steps = 5
    assert numbers(widget.answer["paths"]).size == 4 * 6 * 2


@pytest.mark.parametrize("lr", [0, -1, np.nan, np.inf, "fast", 10**400], ids=lambda lr: str(lr)[:5])
def test_descent_refuses_a_rate(lr):
    with pytest.raises(ValueError, match="Descent: the learning rate of SGD is .*; it must be a number above 0"):
        pynn.widgets.Descent("SGD", lr=lr)


# ---- draw ----

def test_draw_shows_what_load_image_makes_and_what_the_network_says(net, one):
    widget = pynn.widgets.draw(net)
    widget.picture = one
    x = pynn.load_image(one)
    np.testing.assert_array_equal(widget.image, x)
    np.testing.assert_allclose(widget.probabilities, pynn.softmax(net.predict(x))[0], rtol=1e-12)
    assert {name: output.shape for name, output in widget.outputs.items()} == {"Affine1": (12,), "Relu1": (12,), "Affine2": (10,)}
    centred = widget.answer["images"][2]
    np.testing.assert_array_equal(numbers(centred["values"]).reshape(centred["shape"]), x.reshape(28, 28))
    np.testing.assert_array_equal(numbers(widget.answer["layers"][0]["values"]), widget.outputs["Affine1"].astype(np.float32))


def test_draw_takes_pixels_as_the_page_sends_them(net, one):
    """A memoryview, which `traitlets.Bytes` refuses where nobody sees it."""
    widget = pynn.widgets.draw(net)
    widget.set_state({"pixels": memoryview(one.tobytes())})
    assert isinstance(widget.pixels, bytes) and widget.probabilities is not None


@pytest.mark.parametrize("length", [1, SIDE ** 2 - 1, SIDE ** 2 + 1, 4 * SIDE ** 2])
def test_draw_checks_how_many_pixels_came(net, length):
    """Of a view in JavaScript the whole buffer may come."""
    widget = pynn.widgets.draw(net)
    widget.set_state({"pixels": memoryview(bytes(length))})
    assert widget.answer == {"error": f"ValueError: the page sent {length} pixels; they must be {SIDE}x{SIDE}"}
    assert widget.probabilities is None


def test_draw_of_an_empty_pad_says_nothing(net, one):
    widget = pynn.widgets.draw(net)
    widget.picture = one
    widget.picture = np.full((SIDE, SIDE), 255, np.uint8)
    assert widget.answer == {} and widget.image is None


@pytest.mark.parametrize("picture", [np.zeros((28, 28), np.uint8), np.zeros((SIDE, SIDE))])
def test_draw_refuses_a_picture_of_another_form(net, picture):
    with pytest.raises(ValueError, match=r"it must be uint8 of shape \(112, 112\)"):
        pynn.widgets.draw(net).picture = picture


def test_drawing_does_not_disturb_a_training(net, one):
    """Between a forward and a backward of the reader's own, and with a network that goes on learning."""
    widget = pynn.widgets.draw(net)
    widget.picture = one
    first = widget.probabilities
    x, t = np.random.rand(5, 784), np.arange(5)
    want = {name: grad.copy() for name, grad in net.gradient(x, t).items()}
    net.loss(x, t)
    widget.pixels = b""
    widget.picture = one
    dout = net.last_layer.backward()
    for layer in reversed(list(net.layers.values())):
        dout = layer.backward(dout)
    np.testing.assert_array_equal(net.layers["Affine1"].dW, want["W1"])
    net.params["b2"][3] = 9
    widget.pixels = b""
    widget.picture = one
    assert widget.probabilities[3] > first[3]


def test_draw_for_images_small_images_and_networks_of_ones_own(one):
    conv = pynn.widgets.draw(pynn.SimpleConvNet(conv_param={"filter_num": 20, "filter_size": 5, "pad": 0, "stride": 1}))
    conv.picture = one
    assert conv.image.shape == (1, 1, 28, 28) and conv.outputs["Conv1"].shape == (20, 24, 24)
    assert conv.answer["layers"][0]["shape"] == [16, 24, 24] and conv.answer["layers"][0]["of"] == [20, 24, 24]
    small = pynn.widgets.draw(pynn.TwoLayerNet(64, 5, 10))
    small.picture = one
    assert small.image.shape == (1, 64)

    class Mine:
        params = {}

        def predict(self, x):
            return np.full((len(x), 10), 0.1)       # probabilities already

    mine = pynn.widgets.draw(Mine())
    mine.picture = one
    np.testing.assert_allclose(mine.probabilities, 0.1)


def test_draw_refuses_what_is_no_network_of_images():
    with pytest.raises(TypeError, match="draw: net is a int, which has no predict"):
        pynn.widgets.draw(3)
    with pytest.raises(ValueError, match="takes 10 numbers, which are no square image"):
        pynn.widgets.draw(pynn.TwoLayerNet(10, 5, 10))


def test_the_canvas_answers_many_threads(net, one):
    """ipykernel runs observers beside the cell; none may print, fail, or see another's picture."""
    widget = pynn.widgets.draw(net)
    threads = [threading.Thread(target=widget.set_state, args=({"pixels": np.roll(one, shift, 1).tobytes()},)) for shift in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "error" not in widget.answer
    np.testing.assert_allclose(numbers(widget.answer["probabilities"]), widget.probabilities, rtol=1e-6)


def test_a_network_that_learned_written_digits_reads_a_drawn_seven():
    np.random.seed(0)
    x, t = pynn.widgets.written_digits(1000)
    assert x.shape == (1000, 784) and x.dtype == np.float32 and 0 <= x.min() and x.max() <= 1
    net = pynn.MultiLayerNet(784, [50], 10).fit(x, t, epochs=10, lr=0.003)
    widget = pynn.widgets.draw(net)
    seven = np.full((SIDE, SIDE), 255, np.uint8)
    seven[20:28, 30:80] = 0
    for row in range(20, 92):
        right = 80 - (row - 20) // 2
        seven[row, right - 8:right] = 0
    widget.picture = seven
    assert widget.probabilities.argmax() == 7


# ---- playground ----

@pytest.mark.parametrize("data, hidden", [("circle", [4]), ("xor", [4, 4]), ("spiral", [8, 8]), ("blobs", [1])])
def test_the_playground_learns(data, hidden):
    widget = pynn.widgets.Playground(data, hidden, lr=0.05)
    widget.step(1500)
    assert np.mean(widget.losses[-50:]) < 0.1 and widget.answer["steps"] == 1500
    boundary = numbers(widget.answer["boundary"])
    assert boundary.shape == (1600,) and boundary.min() < 0.1 and boundary.max() > 0.9
    assert [numbers(layer).size for layer in widget.answer["units"]] == [400 * units for units in hidden]


def test_the_playground_trains_when_the_page_asks():
    widget = pynn.widgets.Playground()
    widget.set_state({"ask": {"number": 1, "steps": 10}})
    assert len(widget.losses) == 10 and widget.answer["number"] == 1
    widget.set_state({"ask": {"number": 2, "steps": 10 ** 9}})
    assert widget.answer["error"] == "ValueError: the page asked for 1000000000 steps; it may ask for 1 to 1000"


def test_the_playground_begins_anew_or_goes_on():
    widget = pynn.widgets.Playground()
    widget.step(5)
    widget.optimizer, widget.lr = "SGD", 0.5
    widget.step(5)
    assert len(widget.losses) == 10 and widget.answer["steps"] == 10
    for change in {"data": "xor"}, {"hidden_size_list": [3]}, {"activation": "relu"}, {"seed": 4}:
        widget.set_state(change)
        assert widget.losses == [] and widget.answer["steps"] == 0
        widget.step()


def test_the_playground_leaves_numpys_generator_alone():
    state = np.random.get_state()[1].copy()
    pynn.widgets.Playground().step(3)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_hidden_units_are_one_picture_each():
    """In C order: the first picture is that of the first unit."""
    widget = pynn.widgets.Playground(hidden_size_list=[3])
    from pynn.widgets.playground import plane
    want = np.tanh(plane(20) @ widget.net.params["W1"] + widget.net.params["b1"])
    np.testing.assert_allclose(numbers(widget.answer["units"][0]).reshape(3, 400), want.T, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wrong, error", [({"data": "moons"}, ValueError), ({"lr": 0.0}, ValueError), ({"optimizer": "sgd"}, ValueError),
                                          ({"activation": "gelu"}, ValueError), ({"hidden_size_list": []}, TraitError),
                                          ({"hidden_size_list": [9]}, TraitError)])
def test_the_playground_refuses(wrong, error):
    with pytest.raises(error):
        pynn.widgets.Playground(**wrong)


# ---- live curve ----

def trained(curve, **options):
    np.random.seed(0)
    x, t = np.random.rand(100, 4), np.arange(100) % 3
    trainer = pynn.Trainer(pynn.TwoLayerNet(4, 8, 3), x, t, x, t, epochs=4, mini_batch_size=10, callbacks=[curve], verbose=False, **options)
    trainer.train()
    return trainer


def test_the_live_curve_has_all_losses_in_the_end():
    curve = pynn.widgets.LiveCurve()
    trainer = trained(curve)
    answer = curve.view.answer
    np.testing.assert_allclose(numbers(answer["losses"]), trainer.train_loss_list, rtol=1e-6)
    np.testing.assert_allclose(numbers(answer["figures"]["test_acc"]), trainer.history["test_acc"], rtol=1e-6)
    assert answer["steps"] == 40 and answer["epochs"] == 4


def test_the_live_curve_is_sent_twenty_times_a_second_at_most(monkeypatch):
    clock = iter(np.arange(0, 10, 0.001))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    curve = pynn.widgets.LiveCurve()
    sent = []
    curve.view.observe(sent.append, "answer")
    trained(curve)
    assert len(sent) <= 4       # 40 steps in less than a tenth of a second, the beginning and the end


def test_the_live_curve_in_a_script_says_nothing(capsys):
    curve = pynn.widgets.LiveCurve()
    trained(curve)
    assert capsys.readouterr() == ("", "")
    assert len(curve.still().axes[0].lines[0].get_xdata()) == 40


def test_the_live_curve_goes_into_no_checkpoint(tmp_path):
    curve = pynn.widgets.LiveCurve()
    trainer = trained(curve)
    trainer.save(tmp_path / "training.npz")
    trainer.load(tmp_path / "training.npz")


def test_a_loss_of_nan_is_shown_as_a_gap():
    curve = pynn.widgets.LiveCurve()
    trainer = trained(curve)
    trainer.train_loss_list[3] = float("nan")
    curve.view.show(trainer)
    assert np.isnan(numbers(curve.view.answer["losses"])[3])
