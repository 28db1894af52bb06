"""A network that learns points in the plane while one watches."""

import numpy as np
import traitlets

from pynn._reading import count, has
from pynn.functions import softmax
from pynn.layers import Affine
from pynn.layers.initial import standard_deviation
from pynn.networks.activations import ACTIVATIONS, activation_layer
from pynn.networks.network import Sequential
from pynn.training.arguments import optimizer_of
from pynn.widgets.base import Widget, float32_bytes, new_figure, one_of, source, thinned
from pynn.widgets.points import DATA, LIMIT, points

OPTIMIZERS = ("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam")
BATCH = 20
GRID = 40           # points along each side of the decision boundary, and
UNIT_GRID = 20      # of the picture of a hidden unit
MAX_STEPS = 1000    # in one message of the page
SHOWN = 300         # points of the loss curve


class Playground(Widget):
    """Choose points, layers, an activation, an optimizer and a learning rate, and watch the network learn.

    The page shows the decision boundary, what each hidden unit computes over the plane, and the loss. The page asks for the
    next steps when it has drawn the last ones, so training stops with the page.

    Parameters
    ----------
    data : {'circle', 'xor', 'spiral', 'blobs'}
    hidden_size_list : list of int
        Neurons in each hidden layer: one to three layers of one to eight.
    activation : {'relu', 'sigmoid', 'tanh', 'leaky_relu'}
    optimizer : {'SGD', 'Momentum', 'AdaGrad', 'RMSprop', 'Adam'}
    lr : float
        The learning rate, above 0.
    seed : int
        Draws the points, the first weights and the batches; NumPy's global state stays as it is.
    lang : {'en', 'zh'}

    Attributes
    ----------
    net : Network
    x, t : ndarray, shape (N, 2) and (N,)
        The points and their classes, 0 and 1.
    losses : list of float
        The loss of every step.
    """

    _esm = source("playground")
    data = traitlets.Unicode().tag(sync=True)
    hidden_size_list = traitlets.List(traitlets.Int(min=1, max=8), minlen=1, maxlen=3).tag(sync=True)
    activation = traitlets.Unicode().tag(sync=True)
    optimizer = traitlets.Unicode().tag(sync=True)
    lr = traitlets.Float().tag(sync=True)
    seed = traitlets.Int(min=0).tag(sync=True)
    ask = traitlets.Dict().tag(sync=True)           # of the page: {"number": n, "steps": so many}

    def __init__(self, data="circle", hidden_size_list=(4, 4), activation="tanh", optimizer="Adam", lr=0.03, seed=0, *, lang="en"):
        has("Playground", "hidden_size_list", hidden_size_list, "__iter__", why="it must be a list of whole numbers")
        super().__init__(lang=lang, data=data, hidden_size_list=list(hidden_size_list), activation=activation,
                         optimizer=optimizer, lr=lr, seed=seed)
        self._restart()
        self.observe(lambda change: self.reply(self._restart), ["data", "hidden_size_list", "activation", "seed"])
        self.observe(lambda change: self._set_optimizer(), ["optimizer", "lr"])
        self.observe(lambda change: self.reply(self._asked), "ask")
        self.reply(self._state)

    @traitlets.validate("data")
    def _check_data(self, proposal):
        return one_of(self, "data", proposal.value, DATA)

    @traitlets.validate("activation")
    def _check_activation(self, proposal):
        return one_of(self, "activation", proposal.value, ACTIVATIONS)

    @traitlets.validate("optimizer")
    def _check_optimizer(self, proposal):
        return one_of(self, "optimizer", proposal.value, OPTIMIZERS)

    @traitlets.validate("lr")
    def _check_lr(self, proposal):
        if not 0 < proposal.value < np.inf:
            raise ValueError(f"Playground: lr is {proposal.value}; it must be a number above 0")
        return proposal.value

    # ---- training ----

    def step(self, steps=1):
        """Train for so many steps of 20 points, and show what came of it."""
        steps = count("Playground.step", "steps", steps)
        self.reply(lambda: self._train(steps))

    def _asked(self):
        steps = self.ask.get("steps")
        if not isinstance(steps, int) or not 1 <= steps <= MAX_STEPS:
            raise ValueError(f"the page asked for {steps!r} steps; it may ask for 1 to {MAX_STEPS}")
        return self._train(steps)

    def _train(self, steps):
        for _ in range(steps):
            rows = self._rng.choice(len(self.x), BATCH)
            grads = self.net.gradient(self.x[rows], self.t[rows])
            self.losses.append(self.net.last_loss)
            self._optimizer.update(self.net.params, grads)
        return self._state()

    def _restart(self):
        self._rng = np.random.default_rng(self.seed)
        self.x, self.t = points(self.data, self._rng)
        self.net = network(self.hidden_size_list, self.activation, self._rng)
        self.losses = []
        self._set_optimizer()
        return self._state()

    def _set_optimizer(self):
        with self._lock:
            self._optimizer = optimizer_of(self.optimizer, {"lr": self.lr})

    # ---- what the page shows ----

    def _state(self):
        """What the page draws: the grids run from the upper left corner to the right."""
        return {"number": self.ask.get("number", 0), "steps": len(self.losses), "grid": GRID, "unit_grid": UNIT_GRID,
                "limit": LIMIT, "x": float32_bytes(self.x), "t": float32_bytes(self.t),
                "boundary": float32_bytes(softmax(self.net.predict(plane(GRID)))[:, 1]),
                "units": [float32_bytes(layer.T) for layer in hidden_outputs(self.net, plane(UNIT_GRID))],
                "losses": float32_bytes(thinned(self.losses, SHOWN)),
                "accuracy": float(self.net.accuracy(self.x, self.t))}

    def still(self):
        """Draw the decision boundary, the units of the last hidden layer and the loss, as a Matplotlib Figure."""
        figure = new_figure(9, 3)
        left, middle, right = figure.subplots(ncols=3)
        extent = (-LIMIT, LIMIT, -LIMIT, LIMIT)
        boundary = softmax(self.net.predict(plane(GRID)))[:, 1].reshape(GRID, GRID)
        left.imshow(boundary, cmap="RdBu", vmin=-0.7, vmax=1.7, extent=extent, interpolation="bilinear")
        for label, color in (0, "C3"), (1, "C0"):
            left.plot(*self.x[self.t == label].T, ".", color=color, markersize=4)
        left.set_title(f"{len(self.losses)} steps, {self.net.accuracy(self.x, self.t):.0%} right", fontsize=10)
        units = hidden_outputs(self.net, plane(UNIT_GRID))[-1].T.reshape(-1, UNIT_GRID, UNIT_GRID)
        tiles = np.pad(units, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
        tiles = np.concatenate([tiles, np.full((len(tiles) % 2, *tiles.shape[1:]), np.nan)])
        middle.imshow(np.block([[*tiles[::2]], [*tiles[1::2]]]), cmap="PuOr")
        middle.set_title("units of the last hidden layer", fontsize=10)
        for ax in left, middle:
            ax.set(xticks=[], yticks=[])
        losses = thinned(self.losses, SHOWN)
        right.plot(np.linspace(0, len(self.losses), len(losses)), losses)
        right.set(xlabel="step")
        right.set_title("loss", fontsize=10)
        return figure


def network(hidden_size_list, activation, rng):
    """A network from the plane to two classes, its weights of a generator of its own (section 6.2)."""
    sizes = [2, *hidden_size_list, 2]
    scheme = "he" if activation in ("relu", "leaky_relu") else "xavier"
    layers = []
    for before, size in zip(sizes, sizes[1:]):
        scale = standard_deviation("Playground", scheme, before)
        layers += [Affine(rng.normal(0, scale, (before, size)), np.zeros(size)), activation_layer("Playground", activation)]
    return Sequential(layers[:-1])


def hidden_outputs(net, x):
    """What the units of each hidden layer put out for points, [(N, units), ...]."""
    outputs = []
    for layer in net.layers[:-1]:
        x = layer.forward(x)
        if not isinstance(layer, Affine):
            outputs.append(x)
    return outputs


def plane(side):
    """The points of a grid over the plane, (side * side, 2), from the upper left corner to the right."""
    ticks = np.linspace(-LIMIT, LIMIT, side)
    x, y = np.meshgrid(ticks, ticks[::-1])
    return np.column_stack([x.ravel(), y.ravel()])
