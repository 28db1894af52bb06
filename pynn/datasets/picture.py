"""Picture files of any kind as grey levels, from 0, black, to 1, white."""

import io
import os

import numpy as np

import pynn._core as _core
from pynn.datasets.stream import DatasetError

MAX_SIDE = 1000         # pixels; larger pictures are reduced, as a digit needs far fewer

_ONE_COLOUR = 0.25      # grey levels that lie no further apart count as one
_PNG_LEVELS = {"L;2": 85, "L;4": 17}    # what Pillow multiplies the levels of such a file by
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")


def read_grey(picture):
    """The grey levels of a picture as they look on paper.

    Parameters
    ----------
    picture : path, binary file, PIL.Image.Image or ndarray
        An array is (H, W) of any numbers, or (H, W, 3 or 4) of uint8.

    Returns
    -------
    ndarray, float32, shape (H, W)
        At most `MAX_SIDE` pixels high and wide.

    Raises
    ------
    DatasetError
        If it is not a picture, or a damaged one.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ImportError("load_image: Pillow, which reads pictures, is not installed: "
                          'pip install "pynn-from-scratch[image]"') from error
    if isinstance(picture, np.ndarray):
        picture = _from_array(_core.as_array("load_image", "picture", picture))
    if isinstance(picture, Image.Image):
        return _grey(picture)
    if not isinstance(picture, (str, os.PathLike)) and not hasattr(picture, "read"):
        raise TypeError(f"load_image: got a {type(picture).__name__}; it must be the path of a "
                        "picture, an open file, a PIL.Image or an array")
    name = str(picture) if isinstance(picture, (str, os.PathLike)) else "the file"
    try:
        with Image.open(_source(picture)) as image:
            image.draft(None, (2 * MAX_SIDE, 2 * MAX_SIDE))     # JPEG is unpacked smaller at once
            return _grey(image)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"load_image: there is no file {name}") from error
    except (IsADirectoryError, PermissionError) as error:
        raise DatasetError(f"load_image: {name} cannot be opened as a file; "
                           "it must be the path of a picture") from error
    except UnidentifiedImageError as error:
        raise DatasetError(f"load_image: {name} is not a picture, or of a kind that Pillow "
                           "does not read; save it as PNG or JPEG") from error
    except Image.DecompressionBombError as error:
        raise DatasetError(f"load_image: {name} has too many pixels; make it smaller") from error
    except (DatasetError, MemoryError):
        raise
    except Exception as error:          # a damaged file makes Pillow raise anything
        raise DatasetError(f"load_image: {name} is a damaged picture ({error})") from error


def _source(picture):
    """What Pillow reads: of a file all that there is, as it takes a length in the file for one that can be had."""
    if hasattr(picture, "read"):
        return picture
    with open(picture, "rb") as file:
        return io.BytesIO(file.read())


def _from_array(array):
    from PIL import Image

    if array.ndim == 2 and array.size and array.dtype.kind in "buif":
        with np.errstate(over="ignore"):        # what becomes infinite is refused like infinity
            return Image.fromarray(array if array.dtype == np.uint8 else array.astype(np.float32))
    if array.ndim == 3 and array.size and array.shape[2] in (3, 4) and array.dtype == np.uint8:
        return Image.fromarray(array)
    raise DatasetError(f"load_image: an array of shape {array.shape} and dtype {array.dtype}; it must "
                       "be (H, W) of real numbers, or (H, W, 3) or (H, W, 4) of uint8")


def _grey(image):
    from PIL import Image, ImageOps

    if not image.width or not image.height:
        raise DatasetError(f"load_image: the picture is {image.width}x{image.height} pixels; it is empty")
    raw_mode = image.tile[0].args if getattr(image, "tile", None) else None     # gone after load
    image.load()
    image = ImageOps.exif_transpose(image)
    grey, opacity = _levels(image), _opacity(image, raw_mode)
    times = -(-max(image.size) // MAX_SIDE)
    if times > 1:
        grey = np.asarray(Image.fromarray(grey).reduce(times))
        opacity = None if opacity is None else np.asarray(Image.fromarray(opacity).reduce(times))
    return grey if opacity is None else _on_paper(grey, opacity)


def _levels(image):
    """The grey levels of an image without regard to opacity, float32 from 0 to 1."""
    if image.mode in _DEEP:
        grey = np.asarray(image).astype(np.float64)
        if not np.isfinite(grey).all():
            raise DatasetError("load_image: the picture holds NaN or infinity; its pixels must be finite")
        lowest = min(grey.min(), 0)
        highest = next((top for top in (1, 255, 1023, 4095, 65535) if grey.max() <= top), grey.max())
        return ((grey - lowest) / (highest - lowest)).astype(np.float32)
    if image.mode == "LAB":
        image = image.getchannel("L")
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA").convert("RGB")
    elif image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    return np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255)


def _opacity(image, raw_mode):
    """The opacity of every pixel, float32 from 0 to 1, or None if all are opaque.

    Pillow's own conversion never finds a grey PNG's transparent level in 2
    and 4 bits, and in 16 bits hides all from 255 up (Pillow 13.0), so it is
    compared here.
    """
    level = image.info.get("transparency")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or (image.mode == "P" and level is not None):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
        opacity = np.asarray(image.getchannel("A"), dtype=np.float32) / np.float32(255)
    elif level is None:
        return None
    elif image.mode == "RGB" and isinstance(level, tuple):
        shift = 8 if raw_mode == "RGB;16B" else 0       # Pillow keeps the upper 8 bits
        level = [channel >> shift for channel in level]
        opacity = (np.asarray(image) != level).any(axis=2).astype(np.float32)
    elif image.mode in ("1", "L", *_DEEP):
        pixels = np.asarray(image.convert("L") if image.mode == "1" else image)
        opacity = (pixels != level * _PNG_LEVELS.get(raw_mode, 1)).astype(np.float32)
    else:
        return None
    return opacity if opacity.min() < 1 else None


def _on_paper(grey, opacity):
    """Grey levels where what is transparent is filled with paper.

    What can be seen is either a picture with paper of its own, which goes on
    where it is transparent, or ink alone, to which paper is what it is not.
    """
    seen = grey[opacity > 0.5]
    if not seen.size:
        raise DatasetError("load_image: the picture is empty: every pixel is transparent")
    low, high = np.percentile(seen, (2, 98))
    if high - low > _ONE_COLOUR:
        paper = np.median(seen)
    else:
        paper = 1 if np.median(seen) < 0.5 else 0
    return (grey * opacity + np.float32(paper) * (1 - opacity)).astype(np.float32)
