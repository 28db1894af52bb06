"""What a picture of a graph consists of: boxes, and edges with a text above and one below."""

from unicodedata import east_asian_width

import numpy as np

LINE = 15           # pixels from a line of text to the next
FONT = 12.5
SIGN = 17           # radius of the circle of an operation


class Box:
    """A node of the graph; x and y are its centre, in pixels, once it is arranged.

    Parameters
    ----------
    kind : {"input", "constant", "operation", "branch", "output", "layer"}
    lines : sequence of str
        What is written in it.
    """

    def __init__(self, kind, *lines):
        self.kind = kind
        self.lines = lines
        self.x = self.y = 0
        self.width, self.height = self._size()

    def _size(self):
        bold = 1.12 if self.kind == "layer" else 1      # the name of a layer
        text = max((text_width(line) * (1 if i else bold) for i, line in enumerate(self.lines)), default=0)
        if self.kind in ("branch", "constant"):
            return 8, 8
        if self.kind == "operation":
            return max(2 * SIGN, text + 14), 2 * SIGN
        return max(text, 14) + 18, len(self.lines) * LINE + 12

    @property
    def up(self):
        """How far the box reaches above its centre."""
        return self.height / 2

    @property
    def down(self):
        """How far it reaches below."""
        return self.height / 2

    def port(self, number, count):
        """How far from the centre the edge arrives that is one of so many."""
        step = min(18, (self.height - 10) / max(count - 1, 1))
        return (number - (count - 1) / 2) * step

    def left(self, offset):
        """Where an edge that arrives so far from the centre meets the outline."""
        if self.kind == "operation":
            return self.x - self.width / 2 + SIGN - np.sqrt(SIGN ** 2 - offset ** 2)
        return self.x - self.width / 2


class Edge:
    """A line from a box to another with values above and gradients below; `x`, `y` are the middle of the text's line."""

    def __init__(self, source, target, above=(), below=(), *, port=(0, 1)):
        self.source = source
        self.target = target
        self.above = tuple(above)
        self.below = tuple(below)
        self.offset = target.port(*port)
        self.path = ""
        self.x = self.y = 0

    @property
    def width(self):
        """That of the text, and of a short line without any."""
        return max(24, *(text_width(line) + 8 for line in (*self.above, *self.below, "")))

    @property
    def up(self):
        """What the text above needs."""
        return len(self.above) * LINE + 4

    @property
    def down(self):
        """What the text below needs."""
        return len(self.below) * LINE + 4


def text_width(text):
    """About what a line takes in the widest of the usual fonts, in pixels."""
    return FONT * sum(1.0 if east_asian_width(c) in "WF" else 0.35 if c in " .,:;|il[]()" else 0.64 for c in text)


def number(value):
    """Four digits; whole numbers and prices in full."""
    value = float(value)
    if abs(value) >= 1e7 or not np.isfinite(value):
        return f"{value:.3e}" if np.isfinite(value) else f"{value}"
    text = f"{value:.4g}" if abs(value) < 1e4 and f"{value:.9g}" != f"{value:.0f}" else f"{value:.0f}"
    return "0" if text == "-0" else text


def value_lines(value):
    """A number, a small array row by row, or the shape and the range of a large one."""
    value = np.asarray(value)
    if value.ndim == 0:
        return (number(value),)
    if value.ndim == 1 and value.size <= 5:
        return (_row(value),)
    if value.ndim == 2 and value.size <= 12 and max(value.shape) <= 4:
        return tuple(map(_row, value))
    return shape(value.shape), extent(value)


def _row(values):
    return "[" + "  ".join(f"{value:.3g}" for value in values + 0.0) + "]"


def shape(lengths):
    """(2, 3) as 2×3."""
    return "×".join(map(str, lengths)) or "number"


def extent(value):
    """The smallest and the largest value, in two digits."""
    if not value.size:
        return "empty"
    return f"{np.min(value):.2g} … {np.max(value):.2g}"
