"""Pictures of one's own as inputs like MNIST's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from pynn.datasets.ink import find_ink, largest_parts, thicken
from pynn.datasets.picture import read_grey

if TYPE_CHECKING:
    from pynn._typing import Array

BOX = 20 / 28           # of the side: into what MNIST's digits were scaled
EDGE = 0.2              # ink at least this dark counts for the box around a digit


class ImageSteps(NamedTuple):
    """What `load_image` made of a picture, step by step; float32, ink bright from `ink` on.

    Attributes
    ----------
    original : ndarray, shape (H, W)
        The grey levels, 0 black to 1 white.
    ink : ndarray, shape (H, W)
        How much ink there is at every pixel, 0 to 1.
    cropped : ndarray
        The smallest part that holds the ink.
    scaled : ndarray
        That part, with its proportions, in 20 pixels (for ``size=28``).
    centred : ndarray, shape (size, size)
        The result: its centre of mass is the centre.
    """
    original: Array
    ink: Array
    cropped: Array
    scaled: Array
    centred: Array


@overload
def load_image(picture: Any, flatten: bool = True, size: int = 28, *, steps: Literal[False] = False) -> Array: ...
@overload
def load_image(picture: Any, flatten: bool = True, size: int = 28, *, steps: Literal[True]) -> ImageSteps: ...
def load_image(picture: Any, flatten: bool = True, size: int = 28, *, steps: bool = False) -> Array | ImageSteps:
    """Turn a picture of a digit into an input like MNIST's.

    Photographs and drawings will do, dark on light or light on dark, of any
    size and place, with transparency and with uneven light.  The ink is told
    from the paper, cut out, scaled into a box of 20x20 pixels with its
    proportions kept, and moved so that its centre of mass is the centre of
    28x28 pixels, as MNIST was made.

    Parameters
    ----------
    picture : path, binary file, PIL.Image.Image or ndarray
        An array is (H, W) of any real numbers, or (H, W, 3 or 4) of uint8.
    flatten : bool
        The image as a row of pixels instead of 1 x size x size.
    size : int
        The side of the result, at least 8; the box is 20/28 of it.
    steps : bool
        Return the pictures in between instead, as `ImageSteps`, which
        `plot_image_steps` shows.

    Returns
    -------
    x : ndarray, float32, shape (1, size * size) or (1, 1, size, size)
        From 0, no ink, to 1; a batch of one image, for ``network.predict(x)``.

    Raises
    ------
    DatasetError
        If it is not a picture, or there is no ink in it.
    ImportError
        If Pillow is not installed (it is the extra ``image``).

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, "The MNIST database": size and centre.
    """
    if not isinstance(size, (int, np.integer)) or not 8 <= size <= 1024:
        raise ValueError(f"load_image: size is {size!r}; it must be a whole number from 8 to 1024")
    original = read_grey(picture)
    ink = largest_parts(find_ink(original))
    cropped = _crop(ink)
    scaled = _scale(cropped, round(BOX * size))
    centred = _centre(scaled, size)
    if steps:
        return ImageSteps(original, ink, cropped, scaled, centred)
    return centred.reshape((1, -1) if flatten else (1, 1, size, size))


def plot_image_steps(steps: Any, axes: Any = None) -> Any:
    """Show side by side what `load_image` did.

    Parameters
    ----------
    steps : ImageSteps, or a picture
        A picture is what `load_image` takes.
    axes : five Axes, optional

    Returns
    -------
    axes : ndarray of Axes
    """
    if not isinstance(steps, ImageSteps):
        steps = load_image(steps, steps=True)
    if axes is None:
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError('plot_image_steps needs Matplotlib; '
                              'pip install "pynn-from-scratch[plot]"') from error
        axes = plt.subplots(ncols=len(steps), figsize=(2.2 * len(steps), 2.6), layout="constrained")[1]
    for ax, name, image in zip(np.ravel(axes), steps._fields, steps):
        ax.imshow(image, cmap="gray", vmin=0, vmax=1)
        ax.set_title(f"{name}\n{image.shape[0]}x{image.shape[1]}", fontsize=10)
        ax.axis("off")
    return axes


def _crop(ink):
    """The part of `ink` inside the smallest box around it."""
    rows, columns = (np.flatnonzero((ink >= EDGE).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def _scale(ink, box):
    """`ink` with the longer side `box` pixels long."""
    from PIL import Image

    ink = thicken(ink, box)
    height, width = ink.shape
    longer = max(height, width)
    size = max(1, round(box * width / longer)), max(1, round(box * height / longer))
    # In mode F: of 8 bits Pillow cuts off between the passes what LANCZOS swings over.
    scaled = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.LANCZOS))
    scaled = np.clip(scaled, 0, 1)
    return scaled / scaled.max()


def _centre(scaled, size):
    """`scaled` in a square of `size`, shifted by whole pixels so that its mass is in the centre."""
    centred = np.zeros((size, size), np.float32)
    starts = []
    for axis in (0, 1):
        mass = scaled.sum(axis=1 - axis, dtype=np.float64)
        centre = mass @ np.arange(mass.size) / mass.sum()
        starts.append(min(max(round(size / 2 - centre), 0), size - mass.size))
    top, left = starts
    centred[top:top + scaled.shape[0], left:left + scaled.shape[1]] = scaled
    return centred
