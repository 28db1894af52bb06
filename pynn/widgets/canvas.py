"""A canvas to draw a digit on, and what a network makes of it while one draws."""

import copy
from math import isqrt

import numpy as np
import traitlets

from pynn._reading import has
from pynn.datasets import load_image
from pynn.functions import softmax
from pynn.layers.protocol import takes
from pynn.networks.saving import state_of
from pynn.training.state import restore_network
from pynn.widgets.base import Widget, float32_bytes, new_figure, source

SIDE = 112          # pixels of the picture that the page sends
MAPS = 16           # feature maps, and
VALUES = 1000       # numbers of a layer that are shown


def draw(net, size=None, *, lang="en"):
    """Draw a digit with the mouse or a finger, and see what `net` makes of it.

    While one draws, the widget shows what `pynn.load_image` does with the picture, the output of each layer, and the
    probabilities. It works with a copy of the network, whose parameters it reads anew each time: drawing does not disturb a
    training, and a network that goes on learning answers better.

    Parameters
    ----------
    net : object
        Has ``predict(x)`` for images of digits, as pynn's networks do; of its ``layers``, where it has them, the outputs are
        shown.
    size : int, optional
        The side of the images that it was trained on. Without it, the one that the first layer takes, or 28.
    lang : {'en', 'zh'}

    Returns
    -------
    Canvas
        ``image`` is the last input, ``probabilities`` what the network said of it.
    """
    return Canvas(net, size, lang=lang)


class Canvas(Widget):
    """The widget that `draw` makes.

    Attributes
    ----------
    picture : ndarray, uint8, shape (112, 112)
        What was drawn, dark on white. To set it is to draw it.
    image : ndarray or None
        What `pynn.load_image` made of it, as the network takes it.
    probabilities : ndarray, shape (10,), or None
        What the network says.
    outputs : dict of ndarray
        What each layer put out.
    """

    _esm = source("canvas")
    # CBytes: the page sends a memoryview, which Bytes would refuse where nobody sees it. An echo would cost as much again.
    pixels = traitlets.CBytes().tag(sync=True, echo_update=False)

    def __init__(self, net, size=None, *, lang="en"):
        self._net = has("draw", "net", net, "predict", why="it must be a network")
        self._copy = copy.deepcopy(net)
        self._size, self._flatten = input_of(net, size)
        self._clear()
        super().__init__(lang=lang)
        self.observe(lambda change: self.reply(self._look), "pixels")

    def _clear(self):
        self.image = self.probabilities = self._steps = None
        self.outputs = {}

    @property
    def picture(self):
        pixels = self.pixels if len(self.pixels) == SIDE ** 2 else bytes([255]) * SIDE ** 2      # what the page sent may be no picture
        return np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)

    @picture.setter
    def picture(self, picture):
        picture = np.asarray(picture)
        if picture.shape != (SIDE, SIDE) or picture.dtype != np.uint8:
            raise ValueError(f"draw: picture is {picture.dtype} of shape {picture.shape}; it must be uint8 of shape "
                             f"({SIDE}, {SIDE}), 0 for ink and 255 for paper")
        self.pixels = picture.tobytes()

    def _look(self):
        """What the network makes of the pixels, for the page."""
        self._clear()
        if len(self.pixels) != SIDE ** 2:
            raise ValueError(f"the page sent {len(self.pixels)} pixels; they must be {SIDE}x{SIDE}")
        if self.picture.min() == self.picture.max():
            return {}
        self._steps = steps = load_image(self.picture, size=self._size, steps=True)
        self.image = steps.centred.reshape((1, -1) if self._flatten else (1, 1, self._size, self._size))
        restore_network(self._copy, state_of(self._net))
        self.outputs, y = layer_outputs(self._copy, self.image)
        self.probabilities = as_probabilities(y)
        return {"images": [packed(name, getattr(steps, name)) for name in ("cropped", "scaled", "centred")],
                "layers": [packed(name, output) for name, output in self.outputs.items()],
                "probabilities": float32_bytes(self.probabilities)}

    def still(self):
        """Draw the picture, what became of it, and the probabilities, as a Matplotlib Figure."""
        figure = new_figure(8, 2.6)
        left, middle, right = figure.subplots(ncols=3, width_ratios=[1, 1, 1.6])
        left.imshow(self.picture, cmap="gray", vmin=0, vmax=255)
        left.set_title("drawn", fontsize=10)
        seen = np.zeros((self._size, self._size)) if self._steps is None else self._steps.centred
        middle.imshow(seen, cmap="gray", vmin=0, vmax=1)
        middle.set_title(f"load_image: {self._size}x{self._size}", fontsize=10)
        for ax in left, middle:
            ax.set(xticks=[], yticks=[])
        if self.probabilities is not None:
            right.bar(range(len(self.probabilities)), self.probabilities)
        right.set(xlabel="digit", xticks=range(10), ylim=(0, 1))
        right.set_title("probabilities", fontsize=10)
        return figure


def input_of(net, size):
    """``(size, flatten)`` of the images that a network takes."""
    layers = getattr(net, "layers", {})
    first = next(iter(layers.values() if hasattr(layers, "values") else layers), None)
    W = getattr(first, "W", None)
    flatten = len(getattr(net, "input_dim", (1,))) == 1 and (W is None or W.ndim == 2)
    if size is None and W is not None and W.ndim == 2:
        size = isqrt(len(W))
        if size ** 2 != len(W):
            raise ValueError(f"draw: the first layer takes {len(W)} numbers, which are no square image; give its size")
    if size is None:
        size = getattr(net, "input_dim", (28,))[-1]
    if not isinstance(size, (int, np.integer)) or not 8 <= size <= 1024:
        raise ValueError(f"draw: size is {size!r}; it must be a whole number from 8 to 1024, the side of the network's images")
    return int(size), flatten


def layer_outputs(net, x):
    """``({name: what that layer puts out}, what the network puts out)`` for one image."""
    layers = getattr(net, "layers", None)
    if not layers:
        return {}, net.predict(x)
    outputs = {}
    items = layers.items() if hasattr(layers, "items") else ((f"{type(l).__name__}{i}", l) for i, l in enumerate(layers, 1))
    y = x.astype(getattr(net, "dtype", x.dtype))
    for name, layer in items:
        y = layer.forward(y, train_flg=False) if takes(layer.forward, "train_flg") else layer.forward(y)
        outputs[name] = y[0]
    return outputs, y


def as_probabilities(y):
    """The scores of one image after softmax; what a reader's network has already put through it stays."""
    y = np.asarray(y, np.float64)[0]
    is_done = (y >= 0).all() and abs(y.sum() - 1) < 1e-4
    return y if is_done else softmax(y)


def packed(name, output):
    """An image, feature maps or numbers for the page, as many as can be looked at."""
    shape = list(output.shape)
    output = output[:MAPS] if output.ndim == 3 else output[:VALUES]
    return {"name": name, "of": shape, "shape": list(output.shape), "values": float32_bytes(output)}
