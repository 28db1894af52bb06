"""The widgets under the hands of a reader: notebooks/widgets.ipynb in a real JupyterLab, in a real browser.

``make test-browser`` runs it; PYNN_SCREENSHOTS names a folder for what the browser saw.
"""

import os
from pathlib import Path

import pytest

from browser import Page
from browser import chromium as chromium
from browser import lab as lab

pytestmark = pytest.mark.browser

GATE, VALLEY, CURVE, PAD, PLAYGROUND = range(5)


@pytest.fixture(scope="module")
def notebook(lab, chromium):
    page = Page(chromium.new_page(viewport={"width": 1280, "height": 1100}), lab, "widgets.ipynb")
    yield page
    page.page.close()


def screenshot(widget, name):
    folder = os.environ.get("PYNN_SCREENSHOTS")
    if folder:
        widget.screenshot(path=Path(folder) / f"{name}.png")


def wait(page, condition, words):
    """Until a condition of this side holds."""
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(100)
    pytest.fail(words)


def drag(page, pad, points, size=280):
    """Draw a line on the pad with the mouse, through points in its own pixels."""
    box = pad.bounding_box()
    places = [(box["x"] + x * box["width"] / size, box["y"] + y * box["height"] / size) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


THREE = [(85, 70), (120, 48), (165, 55), (185, 85), (165, 118), (125, 132), (170, 145), (195, 180), (170, 222), (120, 232), (80, 210)]


def test_a_slider_moves_the_line_and_reaches_python_and_back(notebook):
    widget = notebook.widget(GATE)
    bias = widget.get_by_role("slider", name="bias b")
    notebook.python("gate.w1, gate.w2, gate.b = 0.5, 0.5, -0.3")
    wait(notebook.page, lambda: bias.input_value() == "-0.3", "Python did not move the sliders")
    before = widget.locator("polygon").get_attribute("points")
    bias.focus()
    for _ in range(8):
        bias.press("ArrowLeft")         # from -0.3 to -0.7: OR becomes AND
    assert widget.locator("polygon").get_attribute("points") != before
    assert widget.get_by_role("status").inner_text() == "This is AND."
    wait(notebook.page, lambda: notebook.python("print(gate.b, gate.outputs)") == "-0.7 [0, 0, 0, 1]", "b did not arrive")
    screenshot(widget, "perceptron")


def test_the_learning_rate_changes_the_path(notebook):
    widget = notebook.widget(VALLEY)
    rate = widget.get_by_role("slider", name="learning rate")
    assert "in the end" in widget.get_by_role("status").inner_text()
    screenshot(widget, "descent")
    rate.focus()
    rate.press("End")
    wait(notebook.page, lambda: "too large" in widget.get_by_role("status").inner_text(), "SGD stayed in the valley at lr = 5")
    assert float(notebook.python("print(descent.rates['SGD'])")) == pytest.approx(10 ** 0.7)


def test_a_fast_hand_does_not_flood_the_kernel(notebook):
    """Two thousand moves of a slider are a few messages, and the last of them is what Python has."""
    notebook.python("moves = []; descent.observe(moves.append, 'rates')")
    slider = notebook.widget(VALLEY).get_by_role("slider", name="learning rate")
    slider.evaluate("""(input) => { for (let i = 0; i < 2000; i++) {
        input.value = -3 + i / 1000;
        input.dispatchEvent(new Event('input'));
    } }""")
    wait(notebook.page, lambda: abs(float(notebook.python("print(descent.rates['SGD'])")) - 0.1) < 0.01, "the last move is missing")
    assert int(notebook.python("print(len(moves))")) < 20


def test_the_mouse_draws_a_three_and_three_is_read(notebook):
    widget = notebook.widget(PAD)
    widget.get_by_role("button", name="Clear").click()
    wait(notebook.page, lambda: "Draw" in widget.get_by_role("status").inner_text(), "Clear did not clear")
    drag(notebook.page, widget.locator(".pad"), THREE)
    status = widget.get_by_role("status")
    wait(notebook.page, lambda: "I read 3" in status.inner_text(), f"read {status.inner_text()}")
    assert notebook.python("print(pad.picture.shape, pad.probabilities.argmax())") == "(112, 112) 3"
    assert widget.locator(".bars .bar").count() == 10
    assert widget.locator("figure.layer").count() == 5
    screenshot(widget, "draw")


def test_a_finger_draws_too(lab, chromium):
    """On a narrow screen, in Chinese and in the dark."""
    context = chromium.new_context(viewport={"width": 420, "height": 1700}, has_touch=True)
    notebook = Page(context.new_page(), lab, "zh-CN/widgets.ipynb")
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    notebook.page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    names = ["perceptron", "descent", "curve", "draw", "playground"]
    for number, name in enumerate(names):
        notebook.widget(number).get_by_role("button", name="中文").click()
        notebook.widget(number).get_by_role("button", name="English").wait_for()
    widget = notebook.widget(PAD)
    widget.get_by_role("button", name="清除").click()
    pad = widget.locator(".pad")
    pad.scroll_into_view_if_needed()
    touch(context, notebook.page, pad, [(90, 60), (190, 60), (120, 230)])
    wait(notebook.page, lambda: "读作 7" in widget.get_by_role("status").inner_text(), widget.get_by_role("status").inner_text())
    notebook.page.wait_for_timeout(500)
    for number, name in enumerate(names):
        screenshot(notebook.widget(number), f"{name}-zh-narrow-dark")
    assert notebook.errors == []
    context.close()


def touch(context, page, pad, points, size=280):
    """Draw with a finger."""
    box = pad.bounding_box()
    session = context.new_cdp_session(page)
    kinds = ["touchStart"] + ["touchMove"] * (len(points) - 1)
    for kind, (x, y) in zip(kinds, points):
        place = {"x": box["x"] + x * box["width"] / size, "y": box["y"] + y * box["height"] / size}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_the_playground_learns(notebook):
    widget = notebook.widget(PLAYGROUND)
    widget.get_by_label("data").select_option("xor")
    wait(notebook.page, lambda: "0 steps" in widget.get_by_role("status").inner_text(), "a new data set begins anew")
    widget.get_by_role("button", name="Step").click()
    wait(notebook.page, lambda: widget.get_by_role("status").inner_text().startswith("1 steps"), "no step")
    first = float(notebook.python("print(playground.losses[0])"))
    widget.get_by_role("button", name="Start").click()
    wait(notebook.page, lambda: float(notebook.python("print(min(playground.losses))")) < first / 4, "the loss does not fall")
    widget.get_by_role("button", name="Pause").click()
    notebook.page.wait_for_timeout(500)
    steps = notebook.python("print(len(playground.losses))")
    notebook.page.wait_for_timeout(500)
    assert notebook.python("print(len(playground.losses))") == steps
    screenshot(widget, "playground")
    widget.get_by_role("button", name="Reset").click()
    wait(notebook.page, lambda: widget.get_by_role("status").inner_text().startswith("0 steps"), "no reset")


def test_the_curve_was_drawn_and_stays(notebook):
    widget = notebook.widget(CURVE)
    assert widget.get_by_role("status").inner_text() == "450 steps, 15.0 epochs"
    assert widget.locator("svg.chart").count() == 2
    screenshot(widget, "curve")


def test_the_canvas_answers_while_a_cell_runs(notebook):
    """ipykernel calls observers in another thread then; nothing is lost, and nothing printed."""
    widget = notebook.widget(PAD)
    widget.get_by_role("button", name="Clear").click()
    wait(notebook.page, lambda: "Draw" in widget.get_by_role("status").inner_text(), "Clear did not clear")
    notebook.page.evaluate("""() => { window.running = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
        .requestExecute({ code: 'import time\\nwhile pad.probabilities is None or pad.probabilities.argmax() != 1: time.sleep(0.1)' }).done; }""")
    drag(notebook.page, widget.locator(".pad"), [(140, 50), (140, 230)])
    wait(notebook.page, lambda: "I read 1" in widget.get_by_role("status").inner_text(), widget.get_by_role("status").inner_text())
    notebook.page.evaluate("() => window.running")


def test_the_other_language(notebook):
    for number, name in enumerate(["perceptron", "descent", "curve", "draw", "playground"]):
        widget = notebook.widget(number)
        widget.get_by_role("button", name="中文").click()
        widget.get_by_role("button", name="English").wait_for()
        notebook.page.wait_for_timeout(300)
        screenshot(widget, f"{name}-zh")
    assert notebook.errors == []


def test_a_page_of_its_own_shows_the_widget(notebook):
    """`save_html` keeps the JavaScript, which ipywidgets alone would leave out."""
    page = notebook.python("import io, pathlib, tempfile\npath = pathlib.Path(tempfile.mkdtemp()) / 'page.html'\n"
                           "pynn.widgets.save_html(path, gate)\nprint('export default widget' in path.read_text(encoding='utf-8'))")
    assert page == "True"
