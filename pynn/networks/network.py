"""A network: layers in a row and a loss behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.layers.block import ConvBlock, in_blocks
from pynn.layers.loss import SoftmaxWithLoss
from pynn.layers.protocol import awaited_names, buffer_names, has_come, parameter_names, takes
from pynn.layers.share import current
from pynn.networks import metrics, numerical, saving
from pynn.networks.chain import Layers, Parameters, attribute_table
from pynn._reading import float_dtype, has, number, real_array
import pynn._core as _core

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pynn._typing import Array, ArrayLike, DTypeLike, FilePath, Layer, Loss, Shape
    from pynn.networks.summary import Summary
    from typing_extensions import Self


class Network:
    """Layers in a row and a loss behind them: what all networks of the book are.

    Everything comes from the layers: the parameters and their names, the gradient, what is saved. A layer is any object with
    ``forward(x)`` and ``backward(dout)``; if it has a parameter ``W``, `backward` leaves the gradient in ``dW``.

    Parameters
    ----------
    layers : mapping of str to layer, or iterable of layers
    loss : object, optional
        The last layer: ``forward(y, t)`` returns the loss and ``backward(1)`` its gradient with respect to y. Without one it is
        `SoftmaxWithLoss`.
    dtype : float64 or float32, optional
        What the network computes in; inputs and parameters are converted to it. Without one it is float32 if all parameters are.
    weight_decay_lambda : float
        Strength of the L2 penalty ``lambda / 2 sum W**2`` over all weights ``W``, which is added to the loss (section 6.4.2).

    Attributes
    ----------
    layers : Layers
        By name and by number.
    last_layer : object
        The loss.
    params : Parameters
        The parameters by name, ``W1``, ``b1``, ...: a view of the layers' attributes.
    last_loss : float
        The loss that `gradient` found on its way.
    """

    def __init__(self, layers: Mapping[str, Any] | Iterable[Layer] = (), loss: Loss | None = None, *,
                 dtype: DTypeLike | None = None, weight_decay_lambda: float = 0) -> None:
        self.layers = layers
        self._extra: dict[str, Array] = {}      # parameters that belong to no layer (yet)
        self.last_layer: Any = SoftmaxWithLoss() if loss is None else has(
            type(self).__name__, "loss", loss, "forward", "backward", why="a loss has forward(y, t) and backward(dout)")
        self.weight_decay_lambda = number(type(self).__name__, "weight_decay_lambda", weight_decay_lambda)
        self.last_loss: float | Any = None
        self.dtype: np.dtype[Any] = float_dtype(type(self).__name__, self._own_dtype() if dtype is None else dtype)
        for layer, name in (*self.places().values(), *self.buffers().values()):
            if (value := getattr(layer, name)) is not None:
                setattr(layer, name, real_array(type(self).__name__, name, value).astype(self.dtype, copy=False))

    # ---- what it consists of ----

    @property
    def layers(self) -> Layers:
        return self._layers

    @layers.setter
    def layers(self, layers: Mapping[str, Any] | Iterable[Layer]) -> None:
        self._layers = Layers(layers)
        self._planned = None

    @property
    def params(self) -> Parameters:
        return Parameters(self, self._extra)

    @params.setter
    def params(self, params: Mapping[str, Array]) -> None:
        has(type(self).__name__, "params", params, "items", why="it must be a dict of arrays by name")
        for name, value in params.items():
            self.params[name] = value

    def places(self) -> dict[str, tuple[Any, str]]:
        """Which attribute of which layer each parameter is: ``{"W1": (layer, "W"), ...}``."""
        if self._planned != self._layers.version or self._awaited and any(has_come(*place) for place in self._awaited):
            self._look()
        return self._places

    def as_parameter(self, value: Any) -> Any:
        """A value for a parameter as training can change it: what is no array of floats becomes one in the network's dtype."""
        if value is None:
            return value
        array = real_array(f"{type(self).__name__}.params", "a parameter", value)
        return array if array is value and array.dtype.kind == "f" else np.array(array, self.dtype)

    def buffers(self) -> dict[str, tuple[Any, str]]:
        """The same for what a trained network has beside its parameters: the running statistics of batch normalization."""
        self._plan()
        return self._buffers

    def _plan(self):
        """The steps of a pass: the layers, or blocks of layers that are computed together, and who wants ``train_flg``."""
        if self._planned != self._layers.version or self._blocks and not all(block.fits() for block in self._blocks):
            self._look()
        return self._steps

    def _look(self):
        """Look at the layers: at first, when they change, and when one of a block was replaced by something else."""
        layers = list(self._layers.values())
        steps = in_blocks(layers)
        self._steps = [(step, takes(step.forward, "train_flg")) for step in steps]
        self._first, self._later = steps[:1], steps[:0:-1]
        self._blocks = [step for step in steps if isinstance(step, ConvBlock)]
        self._places = attribute_table(layers, parameter_names)
        self._awaited = [(layer, name) for layer in layers for name in awaited_names(layer)]
        self._buffers = attribute_table(layers, buffer_names)
        self._planned = self._layers.version

    # ---- what it computes ----

    def predict(self, x: ArrayLike, train_flg: bool = False) -> Array:
        """Return what the last layer before the loss puts out: (N, classes) scores before the softmax, or (N, outputs).

        Parameters
        ----------
        x : array_like, shape (N, ...)
        train_flg : bool
            Whether dropout drops and batch normalization takes the statistics of x.
        """
        out, dtype = self._converted("predict", "x", x), self.dtype
        for step, trains in self._plan():
            out = step.forward(out, train_flg) if trains and takes(step.forward, "train_flg") else step.forward(out)
            if getattr(out, "dtype", None) is not dtype:    # of a layer of the reader's own
                out = self._converted("predict", f"what {type(step).__name__}.forward returned", out)
        return out

    def _converted(self, method: str, name: str, x: ArrayLike) -> Array:
        """x in the network's dtype; the method and the name are for messages."""
        x = real_array(f"{type(self).__name__}.{method}", name, x)
        if x.dtype == np.float32 and self.dtype == np.float64:      # as MNIST is, and as a network is unless told otherwise
            return _core.widen(x)
        return x.astype(self.dtype, copy=False)

    def loss(self, x: ArrayLike, t: ArrayLike, train_flg: bool = False) -> float:
        """Return the loss of predict(x, train_flg) against t, plus the penalty on large weights."""
        loss = self.last_layer.forward(self.predict(x, train_flg), t)
        return loss + self._weight_decay() if self.weight_decay_lambda else loss

    def gradient(self, x: ArrayLike, t: ArrayLike) -> dict[str, Array]:
        """Return the gradient of the loss in training for every parameter, by backpropagation (section 5.7)."""
        self.last_loss = self.training_loss(x, t)
        as_they_are = type(self).gradient is Network.gradient and not self.weight_decay_lambda
        self._backward(needs_dx=False, share=current() if as_they_are else None)
        grads = {}
        for name, (layer, attribute) in self.places().items():
            gradient = getattr(layer, f"d{attribute}", None)
            if gradient is not None:
                grads[name] = gradient if getattr(gradient, "dtype", None) is self.dtype else self._converted("gradient", f"d{name}", gradient)
            elif getattr(layer, attribute) is not None:
                raise ValueError(f"{type(self).__name__}.gradient: backward of {type(layer).__name__} set no d{attribute}; it "
                                 f"must leave the gradient of {attribute} there")
        self._add_weight_decay(grads)
        return grads

    def input_gradient(self, x: ArrayLike, t: ArrayLike, train_flg: bool = False) -> Array:
        """Return the gradient of the loss with respect to x, in its shape: which pixel would change the loss, and how.

        `gradient` leaves it out, as no parameter needs it.
        """
        self.last_layer.forward(self.predict(x, train_flg), t)
        return self._backward(needs_dx=True)

    def training_loss(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the loss that `gradient` differentiates."""
        return self.loss(x, t, train_flg=True) if takes(self.loss, "train_flg") else self.loss(x, t)

    def _backward(self, needs_dx, share=None):
        dout = self._passed_back(self.last_layer, self.last_layer.backward(1))
        self._plan()
        for step in self._later:
            dout = step.backward(dout)
            if share is not None:
                share.came(step)
            dout = self._passed_back(step, dout)
        for step in self._first:        # none in a network without layers
            if not needs_dx and takes(step.backward, "needs_dx"):
                return step.backward(dout, needs_dx=False)
            dout = self._passed_back(step, step.backward(dout))
        return dout

    def _passed_back(self, layer, dout):
        """What a layer's backward returned, in the network's dtype."""
        if getattr(dout, "dtype", None) is self.dtype:
            return dout
        return self._converted("gradient", f"what {type(layer).__name__}.backward returned", dout)

    def numerical_gradient(self, x: ArrayLike, t: ArrayLike) -> dict[str, Array]:
        """Return the gradient of the loss in training for every parameter, by central differences (section 4.4)."""
        return numerical.gradient(self, x, t)

    # ---- weight decay (section 6.4.2) ----

    def _weights(self):
        return [name for name, (_, attribute) in self.places().items() if attribute == "W"]

    def _weight_decay(self):
        weights = (self.params[name].ravel() for name in self._weights())
        return 0.5 * self.weight_decay_lambda * sum(float(_core.matmul(W, W)) for W in weights)

    def _add_weight_decay(self, grads):
        for name in self._weights() if self.weight_decay_lambda else ():
            if name in grads:
                grads[name] = grads[name].copy()
                _core.sgd(grads[name], self.params[name], -self.weight_decay_lambda)    # + lambda W

    # ---- how good it is ----

    @property
    def metric(self) -> str | None:
        """What the network is measured by: 'accuracy', 'rmse', or None if its loss does not say."""
        return getattr(self.last_layer, "metric", None)

    def accuracy(self, x: ArrayLike, t: ArrayLike, batch_size: int = 1000) -> float:
        """Return the fraction of samples whose highest score is at their label, (N,) or one-hot (N, classes).

        The samples pass in batches, so a whole training set needs no more memory than one of them.
        """
        return metrics.accuracy(self, x, t, batch_size)

    def rmse(self, x: ArrayLike, t: ArrayLike, batch_size: int = 1000) -> float:
        """Return the root of the mean squared error of predict(x) against t, over samples and outputs."""
        return metrics.rmse(self, x, t, batch_size)

    def score(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the accuracy, or of a regression the coefficient of determination R², as scikit-learn does."""
        return metrics.score(self, x, t)

    def predict_proba(self, x: ArrayLike, batch_size: int = 1000) -> Array:
        """Return the probabilities of the classes, (N, classes): softmax of predict(x), in batches."""
        return metrics.probabilities(self, x, batch_size)

    def fit(self, x: ArrayLike, t: ArrayLike, epochs: int = 20, batch_size: int = 100, optimizer: str = "Adam",
            lr: float = 0.001, **options: Any) -> Self:
        """Train with a `Trainer` and return the network; ``history`` then is the trainer's.

        Parameters
        ----------
        x, t : array_like
        epochs, batch_size, optimizer, lr
            As ``epochs``, ``mini_batch_size``, ``optimizer`` and the optimizer's ``lr`` of `Trainer`.
        **options
            Further arguments of `Trainer`, such as ``validation_split``.
        """
        from pynn.training.trainer import Trainer
        trainer = Trainer(self, x, t, **{"epochs": epochs, "mini_batch_size": batch_size, "optimizer": optimizer,
                                         "optimizer_param": {"lr": lr}, "verbose": False, **options})
        trainer.train()
        self.history: dict[str, list[Any]] = trainer.history
        return self

    # ---- files and words ----

    def save_params(self, file_name: FilePath = "params.pkl") -> None:
        """Write the parameters and the running statistics to a ``.npz``, ``.safetensors`` or ``.pkl`` that `load_params` reads."""
        saving.save(self, file_name)

    def load_params(self, file_name: FilePath = "params.pkl") -> None:
        """Copy what a file has into the network's own arrays, converted to its dtype.

        Warns if a network with batch normalization finds no running statistics there.
        """
        saving.load(self, file_name)

    def summary(self, input_shape: Shape | None = None) -> Summary:
        """Return a table of the layers with output shapes, parameters, multiply-adds and memory, for text and notebooks.

        Parameters
        ----------
        input_shape : tuple of int, optional
            The shape of one sample. Without it, that of the last input, or what the first layer takes.
        """
        from pynn.networks.summary import Summary
        return Summary(self, input_shape)

    def __repr__(self) -> str:
        lines = "".join(f"\n    {name}: {layer!r}" for name, layer in self.layers.items())
        return f"{type(self).__name__}({self.dtype}){lines}\n    loss: {self.last_layer!r}"

    def _own_dtype(self):
        params = (getattr(layer, name) for layer, name in self.places().values())
        dtypes = {param.dtype for param in params if isinstance(param, np.ndarray)}
        return np.float32 if dtypes == {np.dtype(np.float32)} else np.float64

    def __getstate__(self):
        state = vars(self).copy()
        for derived in ("_steps", "_first", "_later", "_blocks", "_places", "_buffers", "_awaited"):
            state.pop(derived, None)
        return state | {"_planned": None}

    def __setstate__(self, state):
        if "_layers" not in state:
            state = self._state_of_the_books(state)
        vars(self).update(state)

    def _state_of_the_books(self, state):
        """Begin with the layers in a pickle of the book's own class; what else it has is left."""
        if "layers" not in state:
            raise ValueError(f"{type(self).__name__}: the pickle has no layers, as of the network of chapter 4; unpickle it with "
                             "the class it was written with")
        loss = state.get("last_layer", state.get("lastLayer"))
        Network.__init__(self, state["layers"], loss, weight_decay_lambda=state.get("weight_decay_lambda", 0))
        return {name: value for name, value in state.items() if name not in ("layers", "last_layer", "lastLayer", "params")}


class Sequential(Network):
    """A network of one's own: `Network` by the name that Keras and PyTorch have for it.

    Examples
    --------
    >>> import pynn
    >>> net = pynn.Sequential([pynn.Affine.of(4, 16), pynn.Relu(), pynn.Affine.of(16, 1)], loss=pynn.IdentityWithLoss())
    >>> net.fit([[5.1, 3.5, 1.4, 0.2]], [[0.3]], epochs=1).predict([[5.1, 3.5, 1.4, 0.2]]).shape
    (1, 1)
    """

    def __init__(self, layers: Mapping[str, Any] | Iterable[Layer], loss: Loss | None = None, *,
                 dtype: DTypeLike | None = None, weight_decay_lambda: float = 0) -> None:
        super().__init__(layers, loss, dtype=dtype, weight_decay_lambda=weight_decay_lambda)
        if not len(self.layers):
            raise ValueError("Sequential: layers is empty; it must have at least one layer")
