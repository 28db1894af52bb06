"""What all widgets share: their JavaScript, their language, and the still picture for where no widget runs."""

import io
import threading
from pathlib import Path

import numpy as np

from pynn._reading import has
from pynn.io.files import in_words, path_of, replacing

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise ImportError('pynn.widgets: anywidget, which shows widgets in notebooks, is not installed: '
                      'pip install "pynn-from-scratch[widgets]"') from error

HERE = Path(__file__).parent
LANGUAGES = ("en", "zh")
EVERY = 0.05        # seconds between two updates of the page, which 3,000 in a second would freeze


def source(name):
    """The JavaScript of a widget behind what all of them use: a module in a notebook cannot import its neighbour."""
    return "\n".join((HERE / f"{part}.js").read_text(encoding="utf-8") for part in ("common", name))


def float32_bytes(array):
    """The numbers of an array in C order, whatever its own, as JavaScript's Float32Array reads them.

    Numbers travel as bytes because JSON has no NaN and no infinity.
    """
    return np.asarray(array).astype("<f4").tobytes(order="C")


def thinned(values, n):
    """At most `n` numbers, the means of equal parts of `values`."""
    values = np.asarray(values, np.float64)
    part = -(-len(values) // n)
    if part <= 1:
        return values
    return np.array([values[start:start + part].mean() for start in range(0, len(values), part)])


def new_figure(width, height):
    """A Matplotlib figure that no pyplot keeps, so that other threads may draw one."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('pynn.widgets: a still picture needs Matplotlib; pip install "pynn-from-scratch[widgets]"') from error
    return Figure(figsize=(width, height), dpi=80, layout="constrained")


def png(figure):
    """A figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


class Widget(anywidget.AnyWidget):
    """A widget of pynn: a subclass has ``_esm``, its traits, and ``still()``.

    While a cell runs, the page's changes arrive in another thread, where nobody sees an error or what is printed; `reply`
    therefore locks, and sends errors to the page.

    Parameters
    ----------
    lang : {'en', 'zh'}
        The language of the words.
    """

    _css = (HERE / "widgets.css").read_text(encoding="utf-8")
    lang = traitlets.Unicode("en").tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)        # what Python computed, its arrays as float32_bytes

    def __init__(self, lang="en", **traits):
        self._lock = threading.RLock()
        super().__init__(lang=lang, **traits)

    @traitlets.validate("lang")
    def _check_lang(self, proposal):
        return one_of(self, "lang", proposal.value, LANGUAGES)

    def reply(self, compute):
        """Send the dict that `compute` returns, or the words of its error."""
        with self._lock:
            try:
                self.answer = compute()
            except Exception as error:      # of whatever kind: the page must say it
                self.answer = {"error": f"{type(error).__name__}: {error}"}

    def still(self):
        """Draw the widget as it stands, as a Matplotlib Figure."""
        raise NotImplementedError(f"{type(self).__name__} has no still picture")

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, "image/png": png(self.still())}, metadata


def one_of(widget, name, value, allowed):
    """`value`, which must be among `allowed`."""
    if value not in allowed:
        raise ValueError(f"{type(widget).__name__}: {name} is {value!r}; it must be one of {list(allowed)}")
    return value


def save_html(path, *widgets):
    """Write a page that shows widgets as they stand, without a kernel.

    What JavaScript alone computes goes on working there. The page loads ipywidgets and anywidget from the network.

    Parameters
    ----------
    path : path-like
    *widgets : Widget
    """
    from ipywidgets.embed import embed_minimal_html
    for widget in widgets:
        has("save_html", "a widget", widget, "get_view_spec", why="it must be one of pynn.widgets")
    page, name = io.StringIO(), path_of(path, "save_html")
    # with the defaults dropped, the page would have no JavaScript of ours
    embed_minimal_html(page, list(widgets), title="pynn", drop_defaults=False)
    with in_words("save_html", name, "write"), replacing(name) as file:
        file.write(page.getvalue().encode())
