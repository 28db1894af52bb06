"""Digits of a pen that writes at random: enough for a network to read a mouse's digits, and no download."""

import numpy as np

from pynn._reading import count


def written_digits(n=3000, seed=0):
    """Draw digits from strokes, each slanted, stretched and shaken at random, with a thin pen or a thick one.

    They are 28x28 with the digit in 20x20 and its centre of mass in the middle, as MNIST's are and as `pynn.load_image` makes
    them. A network that has learned them reads clear digits; for everybody's handwriting it takes MNIST.

    Parameters
    ----------
    n : int
    seed : int

    Returns
    -------
    x : ndarray, float32, shape (n, 784)
        From 0, no ink, to 1.
    t : ndarray, int64, shape (n,)
        The digits, 0 to 9 in turn.
    """
    t = np.arange(count("written_digits", "n", n)) % 10
    rng = np.random.default_rng(count("written_digits", "seed", seed, least=0))
    return np.stack([_write(_WAYS[digit], rng) for digit in t]), t


def _arc(x, y, width, height, start, end):
    """Points of an ellipse around (x, y), from one angle to another, in degrees, 90 being below."""
    angle = np.radians(np.linspace(start, end, 16))
    return np.column_stack([x + width * np.cos(angle), y + height * np.sin(angle)])


def _line(*points):
    return np.array(points, np.float64)


def _join(*parts):
    return np.vstack(parts)


# Ways to write each digit in a box 1 wide and 1 high, y going down; a way is a list of strokes.
_WAYS = [
    [[_arc(0.5, 0.5, 0.33, 0.5, -90, 270)]],
    [[_line((0.5, 0), (0.5, 1))], [_line((0.3, 0.2), (0.5, 0), (0.5, 1))], [_line((0.6, 0), (0.4, 1))]],
    [[_join(_arc(0.5, 0.28, 0.33, 0.28, -170, 40), _line((0.15, 1), (0.85, 1)))]],
    [[_join(_arc(0.45, 0.25, 0.33, 0.25, -160, 90), _arc(0.45, 0.74, 0.37, 0.26, -90, 150))],
     [_join(_line((0.15, 0), (0.8, 0), (0.45, 0.4)), _arc(0.45, 0.7, 0.37, 0.3, -90, 150))]],
    [[_line((0.55, 0), (0.1, 0.65), (0.9, 0.65)), _line((0.65, 0.3), (0.65, 1))],
     [_line((0.15, 0), (0.15, 0.5), (0.8, 0.5)), _line((0.75, 0), (0.75, 1))]],
    [[_join(_line((0.8, 0), (0.25, 0), (0.2, 0.45)), _arc(0.45, 0.68, 0.37, 0.31, -110, 150))],
     [_join(_line((0.25, 0), (0.2, 0.45)), _arc(0.45, 0.68, 0.37, 0.31, -110, 150)), _line((0.25, 0), (0.85, 0))]],
    [[_join(_line((0.7, 0), (0.3, 0.4)), _arc(0.48, 0.7, 0.3, 0.3, -160, 200))],
     [_join(_arc(0.62, 0.5, 0.45, 0.5, -90, -180), _arc(0.47, 0.7, 0.3, 0.3, -180, 170))]],
    [[_line((0.1, 0), (0.85, 0), (0.4, 1))], [_line((0.1, 0), (0.85, 0), (0.4, 1)), _line((0.3, 0.5), (0.8, 0.5))]],
    [[_join(_arc(0.5, 0.24, 0.28, 0.24, 90, 450), _arc(0.5, 0.74, 0.35, 0.26, -90, 270))],
     [_join(_arc(0.5, 0.25, 0.3, 0.25, -30, -270), _arc(0.5, 0.75, 0.32, 0.25, -90, 270), _arc(0.5, 0.25, 0.3, 0.25, 90, -30))]],
    [[_join(_arc(0.5, 0.28, 0.3, 0.28, 0, -360), _line((0.8, 0.28), (0.72, 1)))],
     [_join(_arc(0.5, 0.28, 0.3, 0.28, 0, -360), _line((0.8, 0.7)), _arc(0.45, 0.72, 0.35, 0.27, 0, 140))]],
]


def _write(ways, rng):
    """One digit as a row of 784 pixels."""
    way = ways[rng.integers(len(ways))]
    slant = np.eye(2) + rng.normal(0, 0.12, (2, 2)) + [[0, rng.normal(-0.15, 0.2)], [0, 0]]
    stretch = [rng.uniform(0.7, 1.1), 1]
    return _ink([(stroke - 0.5 + rng.normal(0, 0.025, stroke.shape)) @ slant.T * stretch for stroke in way],
                pen=rng.uniform(1.4, 3.6))


def _ink(strokes, pen):
    """Strokes of a pen of that many pixels, the longer side scaled to 20 pixels, the centre of mass in the middle of 28x28."""
    from PIL import Image, ImageDraw
    points = np.vstack(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (20 - pen) / (high - low).max()
    picture = Image.new("L", (112, 112))        # four times as large, so that edges come out grey
    pencil = ImageDraw.Draw(picture)
    for stroke in strokes:
        places = [tuple(place) for place in 56 + 4 * scale * (stroke - (low + high) / 2)]
        pencil.line(places, fill=255, width=round(4 * pen), joint="curve")
        for x, y in places[0], places[-1]:
            pencil.ellipse([x - 2 * pen, y - 2 * pen, x + 2 * pen, y + 2 * pen], fill=255)
    image = np.asarray(picture.reduce(4), np.float32) / 255
    mass = image.sum()
    shift = [round(14 - float(image.sum(axis=1 - axis) @ np.arange(0.5, 28) / mass)) for axis in (0, 1)]
    return np.roll(image, shift, axis=(0, 1)).ravel()
