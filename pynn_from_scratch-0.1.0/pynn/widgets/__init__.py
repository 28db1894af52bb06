"""What one can move with the hand in a notebook; ``pip install "pynn-from-scratch[widgets]"`` installs what it needs.

================ =======================================================================
`Perceptron`     w1, w2 and b as sliders, beside the line and the truth table (section 2.3)
`Descent`        the learning rate as a slider, on the valley of section 6.1
`draw`           draw a digit, and see what a network makes of it
`Playground`     a network that learns points in the plane while one watches
`LiveCurve`      a callback: the curves of a `Trainer` while it trains
`save_html`      widgets on a page of their own
`written_digits` digits to train a network on that shall read the mouse's, without a download
================ =======================================================================

Every widget takes ``lang="zh"`` for Chinese words, and ``still()`` is a picture of it for where no widget runs.
"""

_MODULES = {"Perceptron": "perceptron", "Descent": "descent", "draw": "canvas", "Playground": "playground",
            "LiveCurve": "curve", "save_html": "base", "written_digits": "strokes"}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module 'pynn.widgets' has no attribute {name!r}")
    from importlib import import_module
    return getattr(import_module(f"pynn.widgets.{_MODULES[name]}"), name)


def __dir__():
    return sorted(_MODULES)
