"""Telling ink from paper in grey levels."""

import numpy as np

from pynn.datasets.stream import DatasetError

ONE_LEVEL = 1 / 255     # grey levels closer than that are the same
DARKEST = 0.1           # paper, for dividing by it
CONTRAST = 0.08         # between paper and ink, at least, of what there could be
THIN = 1.6              # pixels: strokes that would be thinner in the end are thickened; MNIST's have 2
SPECK = 0.05            # of the largest part's area: smaller parts are dirt

_EMPTY = "load_image: the picture is empty: nothing in it stands out from the paper"
_COARSE = 96            # pixels a side on which light is fitted and parts are told apart
_ROUNDS = 8             # of fitting the paper's light
_NOISE = 4              # standard deviations of the paper that are still paper


def find_ink(grey):
    """How much ink there is at every pixel, 0 to 1, float32.

    Paper is a smooth surface of grey levels; ink is what is darker than it,
    or lighter, whichever differs more, as a part of what the light there
    allows.  Otsu's threshold divides the two, and between the paper's noise
    and the ink's own level edges stay soft.
    """
    if grey.max() - grey.min() <= ONE_LEVEL:
        raise DatasetError("load_image: the picture is all one colour; there is no ink in it")
    paper = _paper(grey).clip(0, 1)
    difference = grey - paper
    if (difference ** 3).sum(dtype=np.float64) < 0:
        difference = -difference / np.maximum(paper, DARKEST)       # in the shade both are darker
    else:
        difference /= np.maximum(1 - paper, DARKEST)
    difference = np.maximum(difference, 0)
    threshold = _otsu(difference)
    is_ink = difference > threshold
    if difference.max() < CONTRAST or is_ink.all():
        raise DatasetError(_EMPTY)
    paper, ink = difference[~is_ink], difference[is_ink]
    middle = np.median(paper)
    noise = middle + _NOISE * 1.4826 * np.median(np.abs(paper - middle))
    full = np.percentile(ink, 75)
    if full < CONTRAST or full < 2 * noise:
        raise DatasetError(_EMPTY)
    low = min(noise, 0.8 * threshold)
    return np.clip((difference - low) / (full - low), 0, 1).astype(np.float32)


def largest_parts(ink):
    """`ink` without specks: parts that hang together and are far smaller than the largest."""
    times = -(-max(ink.shape) // _COARSE)
    mask = _blocks(ink, times, np.max) > 0.5
    parts = _connected(mask)
    areas = np.bincount(parts.ravel())[parts] * mask
    keep = areas >= SPECK * areas.max()
    kept = _highest_near(keep & mask, 1)
    height, width = ink.shape
    return ink * kept.repeat(times, axis=0).repeat(times, axis=1)[:height, :width]


def thicken(ink, box):
    """`ink` with strokes wide enough to be seen when its longer side is `box` pixels.

    A stroke's width is twice its area by the length of its outline.
    """
    mask = np.pad(ink > 0.5, 1)
    outline = sum(np.count_nonzero(np.diff(mask, axis=axis)) for axis in (0, 1))
    width = 2 * np.count_nonzero(mask) / max(outline, 1)
    pixel = max(ink.shape) / box        # of the end, in pixels of the picture
    if not 0 < width < THIN * pixel:
        return ink
    grow = round((THIN * pixel - width) / 2)
    return _highest_near(np.pad(ink, grow), grow)


def _highest_near(image, reach):
    """Every pixel the largest of the square that goes `reach` pixels to each side of it."""
    for axis in (0, 1):
        covered = 0
        while covered < reach:
            step = min(2 * covered + 1, reach - covered)    # the furthest that leaves no gap
            image = _higher(image, step, axis)
            covered += step
    return image


def _higher(image, step, axis):
    """Every pixel the largest of itself and the two `step` away along `axis`."""
    image = np.moveaxis(image, axis, 0)
    result = image.copy()
    np.maximum(result[step:], image[:-step], out=result[step:])
    np.maximum(result[:-step], image[step:], out=result[:-step])
    return np.moveaxis(result, 0, axis)


def _paper(grey):
    """The grey levels that the paper has or would have everywhere: a polynomial of degree 2.

    It is fitted to the border first, and then to all that agrees with it.
    """
    times = -(-max(grey.shape) // _COARSE)
    coarse = _blocks(grey, times, np.mean)
    y, x = (np.linspace(-1, 1, n) for n in coarse.shape)
    terms = _terms(y, x).reshape(-1, 6)
    levels = coarse.ravel()
    border = np.ones(coarse.shape, bool)
    border[2:-2, 2:-2] = False
    agree = border.ravel()
    factors = np.zeros(6)
    factors[0] = np.median(levels[agree])
    for number in (1, *[3] * 2, *[6] * _ROUNDS):
        apart = np.abs(levels - terms @ factors)
        agree = apart <= max(3 * 1.4826 * np.median(apart[agree]), 0.02)
        a = terms[agree, :number]
        factors = np.zeros(6)
        factors[:number] = np.linalg.lstsq(a.T @ a, a.T @ levels[agree], rcond=None)[0]
    y, x = (np.linspace(-1, 1, n) for n in grey.shape)
    return (_terms(y, x) @ factors).astype(np.float32)


def _terms(y, x):
    """1, y, x, y^2, xy, x^2 over a grid, shape (H, W, 6)."""
    y, x = np.meshgrid(y, x, indexing="ij")
    return np.stack([np.ones_like(x), y, x, y * y, x * y, x * x], axis=-1)


def _blocks(image, side, summary):
    """`summary` of every block of `side` x `side` pixels; the last ones may overhang."""
    height, width = (-(-n // side) * side for n in image.shape)
    padded = np.pad(image, ((0, height - image.shape[0]), (0, width - image.shape[1])), mode="edge")
    return summary(padded.reshape(height // side, side, width // side, side), axis=(1, 3))


def _otsu(values, bins=256):
    """The threshold that divides `values` into the two groups that lie furthest apart.

    N. Otsu, "A threshold selection method from gray-level histograms", 1979.
    """
    counts, edges = np.histogram(values, bins)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
    between = np.where((below > 0) & (above > 0), below * above * apart ** 2, 0.0)
    return edges[1 + between.argmax()]


def _connected(mask):
    """A number for each of the parts of `mask` whose pixels touch, also by a corner; 0 elsewhere."""
    parts = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        spread = np.where(mask, _highest_near(parts, 1), 0)
        if np.array_equal(spread, parts):
            return parts
        parts = spread
