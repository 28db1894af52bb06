"""`load_image`: pictures of every kind become what MNIST would have made of them."""

import functools
import io
import struct
import sys
import zlib

import numpy as np
import pytest

import pynn
from pynn.datasets import DatasetError, ImageSteps, load_digits, load_image, plot_image_steps

Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")

STROKES = {     # of digits, as points in a square of side 1
    1: [(0.5, 0), (0.5, 1)],
    2: [(0, 0.2), (0.3, 0), (0.7, 0.1), (0.7, 0.35), (0, 1), (0.8, 1)],
    4: [(0.6, 1), (0.6, 0), (0, 0.65), (0.8, 0.65)],
    7: [(0, 0), (0.7, 0), (0.2, 1)],
}


@functools.cache
def ink(digit=4, size=(280, 280), at=(60, 50), side=180, width=22):
    """A digit drawn white on black, uint8."""
    picture = Image.new("L", (size[0] * 4, size[1] * 4))
    points = [(4 * (at[0] + side * x), 4 * (at[1] + side * y)) for x, y in STROKES[digit]]
    draw = ImageDraw.Draw(picture)
    draw.line(points, fill=255, width=4 * width, joint="curve")
    for x, y in points:
        draw.ellipse((x - 2 * width, y - 2 * width, x + 2 * width, y + 2 * width), fill=255)
    return np.asarray(picture.reduce(4))


@pytest.fixture(scope="module", params=STROKES)
def digit(request):
    return request.param


def assert_close(picture, digit, tolerance=0.02):
    """The picture gives what the same strokes, white on black, give."""
    expected = load_image(Image.fromarray(ink(digit)))
    x = load_image(picture)
    assert x.shape == (1, 784) and x.dtype == np.float32
    assert x.min() == 0 and x.max() == 1
    # A centre of mass between two pixels may go to either.
    shifted = [np.roll(x.reshape(28, 28), (dy, dx), (0, 1)).ravel() for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    assert min(abs(row - expected[0]).mean() for row in shifted) < tolerance


def saved(picture, form="PNG", **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    file.seek(0)
    return file


# ---- the form of MNIST -----------------------------------------------------

def test_size_place_and_form(digit):
    image = load_image(Image.fromarray(255 - ink(digit)), flatten=False)
    assert image.shape == (1, 1, 28, 28) and image.dtype == np.float32
    image = image[0, 0]
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 == 20
    mass = image.sum()
    # As MNIST: the centre of mass of all its images is within half a pixel of (14, 14).
    assert abs(image.sum(axis=1) @ np.arange(28) / mass - 14) <= 0.5
    assert abs(image.sum(axis=0) @ np.arange(28) / mass - 14) <= 0.5


def test_proportions_are_kept():
    one = load_image(ink(1), flatten=False)[0, 0]
    wide = load_image(np.ascontiguousarray(ink(1).T), flatten=False)[0, 0]
    assert np.count_nonzero(one.any(axis=1)) == 20 and np.count_nonzero(one.any(axis=0)) <= 4
    np.testing.assert_allclose(wide, one.T, atol=1e-6)      # a turned picture, the same values


@pytest.mark.parametrize("size", [8, 28, 64])
def test_other_sizes(size):
    image = load_image(ink(), flatten=False, size=size)
    assert image.shape == (1, 1, size, size)
    assert np.count_nonzero(image[0, 0].any(axis=1)) == round(size * 20 / 28)
    assert load_image(ink(), size=size).shape == (1, size * size)


def test_an_image_of_mnist_comes_back():
    """What already has MNIST's form is left as it is."""
    image = load_image(ink(2), flatten=False)[0, 0]
    again = load_image((image * 255).round().astype(np.uint8), flatten=False)[0, 0]
    assert abs(again - image).max() < 0.05
    again = load_image(image, flatten=False)[0, 0]
    assert abs(again - image).max() < 0.05


# ---- what people draw and photograph ---------------------------------------

def test_dark_on_light_and_light_on_dark(digit):
    assert_close(Image.fromarray(ink(digit)), digit)
    assert_close(Image.fromarray(255 - ink(digit)), digit)
    assert_close(Image.fromarray((80 + ink(digit) * 0.3).astype(np.uint8)), digit)


def test_any_size_and_place(digit):
    assert_close(Image.fromarray(255 - ink(digit, (900, 400), (600, 150), 100, 12)), digit, 0.03)
    assert_close(Image.fromarray(255 - ink(digit, (64, 64), (12, 12), 36, 4)), digit, 0.05)
    assert_close(Image.fromarray(255 - ink(digit, (2000, 2400), (300, 200), 1000, 122)), digit, 0.03)
    assert_close(Image.fromarray(255 - ink(digit, (210, 210), (15, 15), 180, 22)), digit, 0.03)


def test_a_photograph(digit):
    """Uneven light, grey paper, noise, specks of dirt."""
    rng = np.random.default_rng(digit)
    y, x = np.mgrid[0:1:280j, 0:1:280j]
    picture = (0.85 - 0.35 * x - 0.2 * y * y) * (1 - 0.7 * ink(digit) / 255) + rng.normal(0, 0.02, y.shape)
    picture[10:13, 265:268] = 0.1
    picture = (255 * picture.clip(0, 1)).astype(np.uint8)
    assert_close(saved(Image.fromarray(picture), "JPEG", quality=80), digit, 0.03)


def test_an_image_of_threads_is_seen(digit):
    """A line of one pixel would be nothing at 20x20; it is thickened."""
    x = load_image(255 - ink(digit, (900, 900), (100, 100), 700, 2))
    assert (x > 0.5).sum() > 15 and x.max() == 1


def test_colours(digit):
    strokes = ink(digit)[..., None] / 255
    for paper, colour in (((255, 255, 255), (20, 40, 200)), ((240, 230, 180), (180, 20, 30)),
                          ((20, 60, 30), (250, 250, 250))):
        picture = (strokes * colour + (1 - strokes) * paper).astype(np.uint8)
        assert_close(picture, digit)


def rgba(colour, opacity):
    picture = np.empty((*opacity.shape, 4), np.uint8)
    picture[...] = colour
    picture[..., 3] = opacity
    return Image.fromarray(picture)


def test_ink_on_nothing(digit):
    """A drawing program's transparent ground, whatever colour hides in it."""
    strokes = ink(digit)
    for colour in ((0, 0, 0, 0), (255, 255, 255, 0), (200, 30, 30, 0)):
        assert_close(saved(rgba(colour, strokes)), digit)
    hidden = np.asarray(rgba((0, 0, 0, 0), strokes)).copy()
    hidden[strokes == 0, :3] = 255
    assert_close(Image.fromarray(hidden), digit)


def test_paper_with_transparent_corners(digit):
    picture = np.full((280, 280, 4), 255, np.uint8)
    picture[..., :3] = (255 - ink(digit))[..., None]
    picture[:20, :20] = picture[-20:, -20:] = 0
    assert_close(saved(Image.fromarray(picture)), digit)


def test_exif_rotation(digit):
    exif = Image.Exif()
    exif[0x0112] = 6            # turn by 90 degrees clockwise to show
    turned = Image.fromarray(255 - ink(digit)).transpose(Image.Transpose.ROTATE_90)
    assert_close(saved(turned, "JPEG", exif=exif, quality=95), digit)


MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV"]


@pytest.mark.parametrize("mode", MODES)
def test_modes(digit, mode):
    picture = Image.fromarray(255 - ink(digit))
    if mode in ("La", "RGBa"):
        picture = picture.convert(mode.upper())
    elif mode in ("CMYK", "YCbCr", "HSV", "RGBX", "PA"):
        picture = picture.convert("RGB" if mode != "PA" else "P")
    assert_close(picture.convert(mode), digit, 0.03)


@pytest.mark.parametrize("dtype, top", [(np.uint16, 65535), (np.uint16, 4095), (np.int32, 65535),
                                        (np.float32, 1), (np.float32, 255), (bool, 1)])
def test_deep_pictures_and_arrays(digit, dtype, top):
    values = (255 - ink(digit)) / 255 * top
    assert_close(values.astype(dtype), digit, 0.03)
    if dtype == np.uint16:
        assert_close(saved(Image.fromarray(values.astype(dtype))), digit, 0.03)
        assert_close(saved(Image.fromarray(values.astype(dtype)), "TIFF"), digit, 0.03)


# ---- transparent levels of PNG files ---------------------------------------

def png(pixels, bits, colour_type, transparent=None, palette=None):
    """A PNG file of rows of samples, as Pillow itself does not write them all."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = pixels.shape[:2]
    if bits == 16:
        rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    elif bits == 8:
        rows = pixels.astype(np.uint8).reshape(height, -1)
    else:
        each = (pixels[..., None] >> np.arange(bits)[::-1]) & 1
        rows = np.packbits(each.reshape(height, -1).astype(np.uint8), axis=1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))]
    if palette is not None:
        chunks.append(chunk(b"PLTE", palette))
    if transparent is not None:
        chunks.append(chunk(b"tRNS", transparent))
    chunks += [chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("hidden", ["black", "white"])
def test_transparent_level_of_grey_files(digit, bits, hidden):
    """Black or white ink on a level that is transparent: only the mask tells ink from paper.

    A conversion by Pillow 13.0 finds no transparent pixel in 2 and 4 bits, and
    in 16 bits takes all from 255 up for transparent.
    """
    top = (1 << bits) - 1
    ground = 0 if hidden == "black" else top
    strokes = ink(digit) > 127
    pixels = np.where(strokes, 0 if ground else top, ground)
    assert_close(png(pixels, bits, 0, struct.pack(">H", ground)), digit, 0.03)


@pytest.mark.parametrize("bits, near", [(2, 1), (4, 1), (8, 1), (16, 256)])
def test_only_the_transparent_level_is_transparent(bits, near):
    """Three levels: ground (transparent), a band of nearly the same level (opaque), ink."""
    from pynn.datasets.picture import read_grey

    top = (1 << bits) - 1
    pixels = np.full((30, 30), top)
    pixels[10:20] = 0
    pixels[:10] = top - near
    grey = read_grey(png(pixels, bits, 0, struct.pack(">H", top - near)))
    assert (grey[10:20] == 0).all() and (grey[20:] == 1).all()
    paper = np.median(np.concatenate([grey[10:20], grey[20:]]))
    assert np.allclose(grey[:10], paper)


def test_transparent_colours(digit):
    strokes = ink(digit) > 127
    pixels = np.where(strokes[..., None], (0, 0, 0), (0, 0, 1)).astype(np.uint8)
    assert_close(png(pixels, 8, 2, struct.pack(">HHH", 0, 0, 1)), digit, 0.03)
    assert_close(png(pixels.astype(np.uint16) * 257, 16, 2, struct.pack(">HHH", 0, 0, 257)), digit, 0.03)
    palette = bytes([10, 10, 10, 10, 10, 10, 200, 200, 200])
    for bits in (1, 2, 4, 8):
        assert_close(png(strokes.astype(int), bits, 3, b"\0\xff", palette[:6]), digit, 0.03)
    assert_close(png(strokes.astype(int), 8, 3, b"\x10\xf0", palette[:6]), digit, 0.03)


def test_scaling_does_not_clip_between_the_passes():
    """LANCZOS in 8 bits differs from that in floats by up to 33 levels, and from its transpose."""
    rng = np.random.default_rng(0)
    noise = np.where(rng.random((90, 90)) < 0.5, 255, 0).astype(np.uint8)
    noise[:12] = noise[-12:] = 0
    noise[:, :12] = noise[:, -12:] = 0
    x = load_image(noise, flatten=False)[0, 0]
    turned = load_image(np.ascontiguousarray(noise.T), flatten=False)[0, 0]
    np.testing.assert_allclose(turned, x.T, atol=1e-5)


def test_shifting_loses_no_ink(digit):
    steps = load_image(ink(digit), steps=True)
    np.testing.assert_array_equal(np.sort(steps.centred[steps.centred > 0]),
                                  np.sort(steps.scaled[steps.scaled > 0]))


# ---- by truth: a network cannot tell the difference ------------------------

def test_a_network_takes_pictures_for_what_they_are(tmp_path):
    """Digits of scikit-learn, blown up, inverted and moved, are predicted as before."""
    pytest.importorskip("sklearn")
    (x_train, t_train), (x_test, t_test) = load_digits(flatten=False)

    def mnist_like(images):
        return np.concatenate([load_image(image[0]) for image in images])

    x, t = mnist_like(x_train[:250]), t_train[:250]
    np.random.seed(0)
    network, optimizer = pynn.TwoLayerNet(784, 50, 10), pynn.Adam(0.005)
    for _ in range(150):
        optimizer.update(network.params, network.gradient(x, t))
    right = network.predict(mnist_like(x_test[:40])).argmax(axis=1)

    pictures = []
    rng = np.random.default_rng(0)
    for i, image in enumerate(x_test[:40, 0]):
        large = np.asarray(Image.fromarray(image).resize((240, 240), Image.Resampling.BICUBIC)).clip(0, 1)
        paper = np.full((400, 500), 240, np.uint8)
        top, left = rng.integers(20, 140), rng.integers(20, 240)
        paper[top:top + 240, left:left + 240] = 240 - 200 * large
        Image.fromarray(paper).convert("RGBA").save(tmp_path / f"{i}.png")
        pictures.append(load_image(tmp_path / f"{i}.png"))
    predicted = network.predict(np.concatenate(pictures)).argmax(axis=1)
    assert (predicted == right).mean() >= 0.95
    assert (right == t_test[:40]).mean() > 0.85


# ---- what it did -----------------------------------------------------------

def test_steps():
    steps = load_image(255 - ink(7), steps=True)
    assert isinstance(steps, ImageSteps)
    assert steps._fields == ("original", "ink", "cropped", "scaled", "centred")
    assert steps.original.shape == steps.ink.shape == (280, 280)
    assert steps.original[0, 0] == 1 and steps.ink[0, 0] == 0 and steps.ink.max() == 1
    assert max(steps.scaled.shape) == 20 and steps.centred.shape == (28, 28)
    np.testing.assert_array_equal(load_image(255 - ink(7)), steps.centred.reshape(1, -1))


def test_plot_of_the_steps():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    for given in (255 - ink(7), load_image(255 - ink(7), steps=True)):
        axes = plot_image_steps(given)
        assert [ax.get_title().split("\n")[0] for ax in axes] == list(ImageSteps._fields)
        assert "28x28" in axes[-1].get_title()
        plt.close("all")
    figure, axes = plt.subplots(1, 5)
    assert plot_image_steps(ink(7), axes) is axes
    plt.close("all")


# ---- errors in words -------------------------------------------------------

def test_not_a_picture(tmp_path):
    (tmp_path / "x.png").write_text("no picture")
    with pytest.raises(DatasetError, match="x.png is not a picture"):
        load_image(tmp_path / "x.png")
    whole = saved(Image.fromarray(ink())).getvalue()
    (tmp_path / "half.png").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(DatasetError, match="half.png is a damaged picture"):
        load_image(str(tmp_path / "half.png"))
    with pytest.raises(FileNotFoundError, match="there is no file .*none.png"):
        load_image(tmp_path / "none.png")
    with pytest.raises(DatasetError, match="must be the path of a picture"):
        load_image(tmp_path)
    with pytest.raises(TypeError, match="got a int"):
        load_image(3)


@pytest.mark.parametrize("picture, message", [
    (np.full((50, 60), 255, np.uint8), "all one colour"),
    (np.zeros((50, 60, 3), np.uint8), "all one colour"),
    (np.full((1, 1), 9, np.uint8), "all one colour"),
    (np.zeros((50, 60, 4), np.uint8), "empty: every pixel is transparent"),
    (np.random.default_rng(0).normal(200, 3, (90, 90)).astype(np.uint8), "nothing in it stands out"),
    (np.zeros((0, 5)), r"shape \(0, 5\)"),
    (np.zeros((5, 5, 2), np.uint8), r"shape \(5, 5, 2\)"),
    (np.zeros((5, 5), complex), "dtype complex128"),
    (np.full((5, 5), np.nan), "NaN"), (np.array([[1e300, 0]]), "infinity"),
])
def test_nothing_to_see(picture, message):
    with pytest.raises(DatasetError, match=message):
        load_image(picture)


def test_the_smallest_pictures():
    """Every picture gives an image or an error in words."""
    rng = np.random.default_rng(0)
    for _ in range(150):
        picture = rng.integers(0, 256, rng.integers(1, 9, 2), dtype=np.uint8)
        try:
            x = load_image(picture)
        except DatasetError:
            continue
        assert x.shape == (1, 784) and np.isfinite(x).all() and x.max() == 1


@pytest.mark.parametrize("size", [7, 2000, 28.0, "28", None])
def test_sizes_that_cannot_be(size):
    with pytest.raises(ValueError, match="size is .* must be a whole number from 8 to 1024"):
        load_image(ink(), size=size)


def test_missing_pillow(monkeypatch):
    picture = ink()
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'pip install "pynn-from-scratch\[image\]"'):
        load_image(picture)


def test_at_the_top():
    assert pynn.load_image is load_image


def test_the_picture_is_left_alone():
    picture = Image.fromarray(255 - ink())
    before = picture.tobytes()
    array = 255 - ink()
    load_image(picture)
    load_image(array)
    assert picture.tobytes() == before and (array == 255 - ink()).all()
