"""The learning rate as a slider, on the valley of section 6.1."""

import sys

import numpy as np
import traitlets

import pynn.optimizer as optimizers
from pynn.widgets.base import Widget, float32_bytes, new_figure, one_of, source

RATES = {"SGD": 0.95, "Momentum": 0.1, "AdaGrad": 1.5, "Adam": 0.3}
START = (-7.0, 2.0)


def valley(x, y):
    """f(x, y) = x²/20 + y², steep in y and flat in x."""
    return x ** 2 / 20 + y ** 2


def path(name, lr, steps):
    """The points that an optimizer visits in the valley, (steps + 1, 2)."""
    optimizer = getattr(optimizers, name)(lr=lr)
    params = {"x": START[0], "y": START[1]}
    points = [START]
    for _ in range(steps):
        optimizer.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})
        points.append((params["x"], params["y"]))
    return np.array(points)


class Descent(Widget):
    """The paths of SGD, Momentum, AdaGrad and Adam down ``f(x, y) = x²/20 + y²``, and a slider for the learning rate.

    The optimizers are pynn's own: each move of a slider lets them run again.

    Parameters
    ----------
    optimizer : {'SGD', 'Momentum', 'AdaGrad', 'Adam'}
        Whose learning rate the slider sets.
    lr : float, optional
        Its learning rate, above 0; by default the one of section 6.1.
    steps : int
        From 1 to 100.
    lang : {'en', 'zh'}

    Attributes
    ----------
    rates : dict of float
        The learning rate of each optimizer.
    paths : dict of ndarray, shape (steps + 1, 2)
        The points that each visits.
    """

    _esm = source("descent")
    optimizer = traitlets.Unicode().tag(sync=True)
    rates = traitlets.Dict().tag(sync=True)
    steps = traitlets.Int(30, min=1, max=100).tag(sync=True)

    def __init__(self, optimizer="SGD", lr=None, steps=30, *, lang="en"):
        one_of(self, "optimizer", optimizer, RATES)
        super().__init__(lang=lang, optimizer=optimizer, steps=steps,
                         rates=RATES if lr is None else {**RATES, optimizer: lr.item() if isinstance(lr, np.generic) else lr})
        self.observe(lambda change: self.reply(self._run), ["rates", "steps"])
        self.reply(self._run)

    @traitlets.validate("optimizer")
    def _check_optimizer(self, proposal):
        return one_of(self, "optimizer", proposal.value, RATES)

    @traitlets.validate("rates")
    def _check_rates(self, proposal):
        rates = proposal.value
        for name in RATES:
            lr = rates.get(name)
            if not isinstance(lr, (int, float)) or not 0 < lr <= sys.float_info.max:
                raise ValueError(f"Descent: the learning rate of {name} is {lr!r}; it must be a number above 0")
        return rates

    @property
    def paths(self):
        with np.errstate(over="ignore", invalid="ignore"):      # too large a rate leaves the valley for infinity
            return {name: path(name, self.rates[name], self.steps) for name in RATES}

    def _run(self):
        with np.errstate(over="ignore"):
            return {"names": list(RATES), "paths": float32_bytes(list(self.paths.values()))}

    def still(self):
        """Draw the four paths, as a Matplotlib Figure."""
        from pynn.plot import plot_path
        figure = new_figure(8, 4.4)
        for ax, (name, points) in zip(figure.subplots(2, 2, sharex=True, sharey=True).flat, self.paths.items()):
            plot_path(valley, points, levels=[0.1, 0.5, 1, 2, 4, 8, 16], ax=ax)
            ax.set_title(f"{name}, lr = {self.rates[name]:.3g}", fontsize=10)
            ax.set(xlim=(-8, 8), ylim=(-3, 3))
            ax.label_outer()
        return figure
