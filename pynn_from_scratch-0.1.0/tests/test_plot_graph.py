"""Computational graphs: the numbers of the chapter, and where they stand in the picture."""

import copy
import itertools
import xml.etree.ElementTree as ET
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest

import pynn
from pynn.plot import Node, graph

SVG = "{http://www.w3.org/2000/svg}"


class Drawn:
    """What a picture says: for every edge its ends, its texts above and below, and how far these are from its line."""

    def __init__(self, picture):
        self.root = ET.fromstring(str(picture))
        self.edges = [self._edge(g) for g in self.root.iter(f"{SVG}g") if g.get("class") == "edge"]

    def _edge(self, g):
        above, below = ([(float(t.get("x")), float(t.get("y")), t.text) for t in g.iter(f"{SVG}text") if t.get("class") == kind]
                        for kind in ("value", "gradient"))
        return (g.get("data-from"), g.get("data-to")), above, below, g.find(f"{SVG}path").get("d")

    def texts(self, start, end):
        return [(" ".join(t for *_, t in above), " ".join(t for *_, t in below))
                for ends, above, below, _ in self.edges if ends == (start, end)]


def levels_at(path, x):
    """At which heights a path passes x: of its level pieces, which are where texts stand."""
    words = path.replace("M", " M ").replace("H", " H ").replace("C", " C ").replace("V", " V ").replace("q", " q ").split()
    place, command, levels = np.zeros(2), "", []
    counts = {"M": 2, "H": 1, "V": 1, "C": 6, "q": 4}
    while words:
        command = words.pop(0)
        numbers = [float(words.pop(0)) for _ in range(counts[command])]
        before = place.copy()
        if command == "H":
            place[0] = numbers[0]
            if min(before[0], place[0]) <= x <= max(before[0], place[0]):
                levels.append(place[1])
        elif command == "V":
            place[1] = numbers[0]
        else:
            place = place + numbers[-2:] if command == "q" else np.array(numbers[-2:])
    return levels


def check_places(drawn):
    """Values above, gradients below a level piece of the very same edge, no two texts and no text and box on each other."""
    boxes = []
    for ends, above, below, path in drawn.edges:
        x = (above or below)[0][0]
        fits = [y for y in levels_at(path, x)
                if all(0 < y - text_y < 3 * 20 for _, text_y, _ in above) and all(8 < text_y - y < 3 * 20 for _, text_y, _ in below)]
        assert len(fits) == 1, ends
        assert {text_x for text_x, *_ in above + below} == {x}
        boxes += [(text_x - 3.1 * len(text), text_y - 9, text_x + 3.1 * len(text), text_y + 2) for text_x, text_y, text in above + below]
    for rect in drawn.root.iter(f"{SVG}rect"):
        if rect.get("stroke"):
            x, y, width, height = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
            boxes.append((x, y, x + width, y + height))
    for (left, top, right, bottom), (l, t, r, b) in itertools.combinations(boxes, 2):
        assert right <= l or r <= left or bottom <= t or b <= top
    width, height = (float(drawn.root.get(key)) for key in ("width", "height"))
    assert all(0 <= left and right <= width and 0 <= top and bottom <= height for left, top, right, bottom in boxes)


def apples():
    apple, number, tax = Node(100, "apple"), Node(2, "number"), Node(1.1, "tax")
    price = (apple * number) * tax
    price.name = "price"
    return price


def basket():
    return (Node(100, "apple") * Node(2, "n") + Node(150, "orange") * Node(3, "m")) * Node(1.1, "tax")


def tangled():
    x, y = Node(2, "x"), Node(-3, "y")
    return np.exp(x * y) + np.log(x) + np.maximum(x, y) ** 2 - x / y


def softmax_with_loss():
    a = Node([0.3, 2.9, 4.0], "a")
    e = np.exp(a - np.max(a))
    return -np.sum(Node([0, 1, 0], "t") * np.log(e / np.sum(e)))


def test_apples():
    """Section 5.1.2: the derivatives of the price, each under the value of the same edge."""
    drawn = Drawn(graph(apples()))
    assert drawn.texts("apple", "×") == [("100", "2.2")]
    assert drawn.texts("number", "×") == [("2", "110")]
    assert drawn.texts("×", "×") == [("200", "1.1")]
    assert drawn.texts("tax", "×") == [("1.1", "200")]
    assert drawn.texts("×", "price") == [("220", "1")]
    assert len(drawn.edges) == 5


@pytest.mark.parametrize("expression", [apples, basket, tangled, softmax_with_loss, lambda: 1 / (1 + np.exp(-Node(0.5, "x"))),
                                        lambda: Node([[1, 2], [3, 4]], "x") @ np.ones((2, 3)) + [0.5, 0, 1], lambda: Node(1, "x")])
def test_texts_stand_at_their_own_edge(expression):
    check_places(Drawn(graph(expression())))


def test_a_node_used_twice_adds_its_gradients():
    x = Node(3, "x")
    drawn = Drawn(graph(x * x))
    assert x.grad == 6
    assert drawn.texts("x", "branch") == [("3", "6")]
    assert drawn.texts("branch", "×") == [("3", "3"), ("3", "3")]
    check_places(drawn)
    graph(x * x)
    assert x.grad == 6          # and not 12: every picture starts anew


def test_sigmoid_of_the_book_takes_a_node():
    """Section 5.5.2: dx = y (1 - y)."""
    x = Node(0.5, "x")
    y = 1 / (1 + np.exp(-x))
    graph(y)
    assert x.grad == pytest.approx(y.value * (1 - y.value), rel=1e-14)


def test_softmax_of_the_book_takes_a_node():
    """Appendix A: the gradient of the scores is y - t."""
    loss = softmax_with_loss()
    graph(loss)
    a, = (node for node in loss.history() if node.name == "a")
    y = np.exp(a.value) / np.sum(np.exp(a.value))
    np.testing.assert_allclose(a.grad, y - [0, 1, 0], atol=1e-14)


def test_relu_at_zero_and_maximum_at_a_tie():
    """Section 5.5.1: where x <= 0 nothing passes, whichever way the maximum is written."""
    for relu in (lambda x: np.maximum(x, 0), lambda x: np.maximum(0, x)):
        x = Node(np.array([-1.0, 0.0, 2.0]))
        np.sum(relu(x)).backward()
        assert list(x.grad) == [0, 0, 1]
    x, y = Node(2.0), Node(2.0)
    np.maximum(x, y).backward()
    assert (x.grad, y.grad) == (0, 1)


OPERATIONS = {
    "+": lambda a, b: np.sum(a + b), "-": lambda a, b: np.sum(2 - a - b), "*": lambda a, b: np.sum(3 * a * b),
    "/": lambda a, b: np.sum(1 / a + a / b), "**": lambda a, b: np.sum(a ** b + a ** 3 + 2 ** a), "exp": lambda a, b: np.sum(np.exp(a) * b),
    "log": lambda a, b: np.sum(np.log(a) * b), "sqrt": lambda a, b: np.sum(np.sqrt(a) - np.square(b)),
    "maximum": lambda a, b: np.sum(np.maximum(a, b)), "neg": lambda a, b: np.sum(-a * +1 / b),
    "sum": lambda a, b: np.sum(np.sum(a, axis=-1) ** 2) + np.sum(a, axis=-1, keepdims=True) * np.sum(b),
    "max": lambda a, b: np.max(a * b) + np.sum(np.max(a, axis=-1) ** 2)}


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 1)), ((1, 3), ())])
@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients(name, shapes, rng):
    """Against central differences, broadcasting included."""
    f = OPERATIONS[name]
    values = [rng.uniform(0.5, 2, shape) for shape in shapes]
    nodes = [Node(value) for value in values]
    out = np.sum(f(*nodes)) if np.ndim(f(*nodes).value) else f(*nodes)
    out.backward()
    for node, value in zip(nodes, values):
        want = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            sides = []
            for h in (1e-6, -1e-6):
                moved = [np.array(v) for v in values]
                moved[nodes.index(node)][index] += h
                sides.append(float(np.sum(f(*(Node(v) for v in moved)).value)))
            want[index] = (sides[0] - sides[1]) / 2e-6
        assert np.shape(node.grad) == value.shape
        np.testing.assert_allclose(node.grad, want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,))])
def test_product(shapes, rng):
    """Section 5.6.1: dX = dY W^T and dW = X^T dY."""
    x, W = Node(rng.random(shapes[0])), Node(rng.random(shapes[1]))
    weights = rng.random(np.shape(np.dot(x.value, W.value)))
    np.sum(np.dot(x, W) * weights).backward()
    X, V = np.atleast_2d(x.value), W.value.reshape(3, -1)
    dout = np.reshape(weights, (len(X), V.shape[1]))
    np.testing.assert_allclose(x.grad, (dout @ V.T).reshape(shapes[0]))
    np.testing.assert_allclose(W.grad, (X.T @ dout).reshape(shapes[1]))


class OwnMul:
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


@pytest.mark.parametrize("kind", [pynn.MulLayer, OwnMul])
def test_layers_of_the_chapter(kind):
    mul_apple, mul_tax = kind(), kind()
    mul_apple.forward(7, 8)
    apple = Node(100, "apple")
    price = Node.of(mul_tax, Node.of(mul_apple, apple, Node(2, "number")), Node(1.1, "tax"))
    drawn = Drawn(graph(price))
    assert apple.grad == pytest.approx(2.2)
    assert [(above[0][2], below[0][2]) for _, above, below, _ in drawn.edges][0] == ("100", "2.2")
    assert (mul_apple.x, mul_apple.y) == (7, 8)
    check_places(drawn)


def test_a_layer_that_tells_nothing_about_one_input():
    loss = Node.of(pynn.SoftmaxWithLoss(), Node([[1.0, 2.0]], "y"), Node([1], "t"))
    drawn = Drawn(graph(loss))
    (value, gradient), = drawn.texts("y", "SoftmaxWithLoss")
    assert (value, gradient) == ("[1  2]", "[0.269  -0.269]")
    assert drawn.texts("t", "SoftmaxWithLoss") == [("[1]", "")]


@pytest.mark.parametrize("call, error, words", [
    (lambda: graph(3), TypeError, "graph: a int cannot be drawn; it must be a Node"),
    (lambda: graph(Node(1), x=[1]), TypeError, "graph: x and t belong to a network"),
    (lambda: graph(pynn.TwoLayerNet(4, 3, 2), t=[0]), TypeError, "graph: t needs x"),
    (lambda: graph(pynn.TwoLayerNet(4, 3, 2), np.zeros((2, 5))), ValueError, r"graph: x of shape \(2, 5\) does not pass Affine1"),
    (lambda: graph(SimpleNamespace(layers=[pynn.Relu()])), TypeError, "a SimpleNamespace does not tell its shapes; give some samples x"),
    (lambda: graph(pynn.Sequential([pynn.Convolution.of(1, 2, 3)])), ValueError, "do not tell the size of a sample; give some samples x"),
    (lambda: graph(SimpleNamespace(layers=[pynn.Relu()]), [1.0], [0]), TypeError, "has no last_layer to compare with t"),
    (lambda: graph(sum(Node(i) for i in range(51))), ValueError, "the expression has 103 nodes"),
    (lambda: np.tanh(Node(1)), TypeError, "Node: np.tanh is not among"),
    (lambda: np.linalg.norm(Node(1)), TypeError, "Node: np.norm is not among"),
    (lambda: Node("apple"), TypeError, "Node: the value has dtype"),
    (lambda: Node(Node(1)), TypeError, "Node: the value is a Node"),
    (lambda: graph(apples()).save("graph.png"), ValueError, "save: the file is 'graph.png'; its name must end in .svg")])
def test_words_for_mistakes(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_file_and_text(tmp_path):
    picture = graph(Node(1, "苹果 <&> \"x\"") + 1)
    picture.save(tmp_path / "graph.svg")
    text = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert text == str(picture) == picture._repr_svg_()
    assert Drawn(picture).texts("苹果 <&> \"x\"", "+") == [("1", "1")]
    assert "<style" not in text and "id=" not in text       # both would reach the rest of a page


NETWORKS = {
    "two": lambda: (pynn.TwoLayerNet(16, 5, 3, weight_init_std=1), (4, 16)),
    "deep": lambda: (pynn.MultiLayerNetExtend(16, [5] * 6, 3, use_batchnorm=True, use_dropout=True), (4, 16)),
    "conv": lambda: (pynn.SimpleConvNet((1, 8, 8), {"filter_num": 2, "filter_size": 3, "pad": 1, "stride": 1}, hidden_size=5), (4, 1, 8, 8))}


@pytest.mark.parametrize("name", NETWORKS)
def test_network(name, rng):
    net, shape = NETWORKS[name]()
    x, t = rng.random(shape), np.array([0, 1, 2, 0])
    shown = {key: copy.copy(vars(layer)) for key, layer in net.layers.items()}
    state = np.random.get_state()[2]
    for args in (), (x,), (x, t):
        drawn = Drawn(graph(net, *args))
        check_places(drawn)
        ends = [ends for ends, *_ in drawn.edges]
        names = ["x", *net.layers.keys(), *(["SoftmaxWithLoss", "loss"] if len(args) == 2 else ["y"])]
        assert ends == list(zip(names, names[1:]))
        assert all(bool(below) == (len(args) == 2) for _, _, below, _ in drawn.edges)
    for key, layer in net.layers.items():
        assert vars(layer).keys() == shown[key].keys()
        assert all(vars(layer)[name] is value for name, value in shown[key].items())
    assert np.random.get_state()[2] == state


def test_network_tells_shapes_ranges_and_norms(rng):
    net, shape = NETWORKS["two"]()
    x, t = rng.random(shape), np.array([0, 1, 2, 0])
    scores = net.predict(x)
    drawn = Drawn(graph(net, x, t))
    assert drawn.texts("Affine2", "SoftmaxWithLoss")[0][0] == f"4×3 {scores.min():.2g} … {scores.max():.2g}"
    assert drawn.texts("x", "Affine1")[0][1] == f"{np.linalg.norm(net.input_gradient(x, t)):.4g}"
    assert drawn.texts("SoftmaxWithLoss", "loss") == [(f"{net.loss(x, t):.4g}", "1")]
    assert [t for *_, t in Drawn(graph(net)).edges[1][1]] == ["N×5"]


def test_own_network(rng):
    """As in section 5.7.2, with the book's first spelling of the last layer."""
    class Own:
        def __init__(self):
            self.layers = OrderedDict(Affine1=pynn.Affine(rng.random((4, 3)), np.zeros(3)), Relu1=pynn.Relu())
            self.lastLayer = pynn.SoftmaxWithLoss()
    drawn = Drawn(graph(Own(), rng.random((2, 4)), [0, 1]))
    assert [ends for ends, *_ in drawn.edges][-1] == ("SoftmaxWithLoss", "loss")
    check_places(drawn)
