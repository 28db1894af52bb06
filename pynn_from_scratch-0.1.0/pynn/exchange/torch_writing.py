"""Networks as modules of PyTorch: `MODULES` is the table of which module a layer becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import layers
from pynn.exchange import normalization
from pynn.exchange.library import library
from pynn.exchange.walk import Step, in_layers, kind_of, steps
from pynn.io.arrays import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    import torch
    from pynn._typing import Shape

CALLER = "to_torch"


def to_torch(network: Any, input_shape: Shape | None = None) -> torch.nn.Sequential:
    """A network as a ``torch.nn.Sequential`` that computes the same, in training as well.

    Parameters
    ----------
    network : Network or ThreeLayerNet
        Of pynn's layers.
    input_shape : tuple of int, optional
        The shape of one sample. Without it, that of the last input, or what the network tells.

    Returns
    -------
    torch.nn.Sequential
        With a module under each layer's name, copies of the parameters in the network's dtype, and set to ``eval()``.

    Raises
    ------
    TypeError
        If the network is none of pynn's, has a ``predict`` of its own, or a layer of another kind; it is named.
    ValueError
        If the shape does not pass the network, or PyTorch does not take the name of a layer, such as one with a dot.
    ImportError
        If PyTorch is not installed.

    Notes
    -----
    Weights of an affine layer are transposed, (outputs, inputs). PyTorch's running variance divides by N - 1 where the book's
    divides by N, so the statistics part by that factor when training goes on. The book's dropout is a
    `pynn.exchange.torch_modules.BookDropout`.
    """
    library("torch", CALLER, "torch")
    network, softmax = in_layers(network, CALLER)
    kinds = {name: kind_of(layer, MODULES) for name, layer in network.layers.items()}
    for name, kind in kinds.items():
        if kind is None:
            raise TypeError(f"{CALLER}: {shown(name)} is a {type(network.layers[name]).__name__} whose forward is none of pynn's; "
                            "write a module for it, and convert what stands before and behind")
    row = steps(network, input_shape, CALLER)
    return _in_a_row(_Maker(network.dtype), [(step, MODULES[kinds[step.name]]) for step in row], softmax)


def _in_a_row(make, row, softmax):
    result = make.nn.Sequential()
    for step, modules in row:
        for suffix, module in modules(make, step):
            try:
                result.add_module(f"{step.name}{suffix}", module)
            except KeyError as error:
                raise ValueError(f"{CALLER}: PyTorch takes no module called {shown(step.name)}: {error.args[0]}") from None
    if softmax:
        result.add_module("Softmax", make.nn.Softmax(dim=1))
    return result.eval()


class _Maker:
    """Modules with arrays of ours in them."""

    def __init__(self, dtype):
        import torch
        self.torch, self.nn, self.dtype = torch, torch.nn, dtype

    def filled(self, kind, *sizes, arrays, **options):
        """A module with a copy of these arrays; it is made on no device, so that it draws no numbers."""
        module = kind(*sizes, **options, device="meta")
        state = {name: self.torch.from_numpy(np.asarray(value).astype(self.dtype, order="C")) for name, value in arrays.items()}
        if "num_batches_tracked" in module.state_dict():
            state["num_batches_tracked"] = self.torch.tensor(0)
        module.load_state_dict(state, assign=True)
        return module


# ---- the modules of a layer, with what their names have behind the layer's ----

def affine(make: Any, step: Step) -> Any:
    W, b = step.layer.W, step.layer.b
    if len(step.before) != 1:
        yield "_flatten", make.nn.Flatten()
    arrays = {"weight": np.transpose(W)} | ({} if b is None else {"bias": b})
    yield "", make.filled(make.nn.Linear, *np.shape(W), arrays=arrays, bias=b is not None)


def convolution(make: Any, step: Step) -> Any:
    layer, b = step.layer, step.layer.b
    filters, channels, *size = np.shape(layer.W)
    arrays = {"weight": layer.W} | ({} if b is None else {"bias": np.broadcast_to(b, filters)})
    yield "", make.filled(make.nn.Conv2d, channels, filters, tuple(size), arrays=arrays, bias=b is not None,
                          stride=layer.stride, padding=layer.pad)


def pooling(make: Any, step: Step) -> Any:
    yield from _windows(make, step.layer, make.nn.MaxPool2d)


def average_pooling(make: Any, step: Step) -> Any:
    yield from _windows(make, step.layer, make.nn.AvgPool2d)


def _windows(make, layer, kind):
    if layer.pad:       # PyTorch's own is minus infinity, and at most half a window
        yield "_pad", make.nn.ZeroPad2d(layer.pad)
    yield "", kind((layer.pool_h, layer.pool_w), layer.stride)


def batch_normalization(make: Any, step: Step) -> Any:
    gamma, beta, mean, var = normalization.arrays(step)
    apart = normalization.per_position(step)
    if apart:
        yield "_flatten", make.nn.Flatten()
    kind = make.nn.BatchNorm1d if apart or len(step.before) == 1 else make.nn.BatchNorm2d
    yield "", make.filled(kind, len(gamma), eps=normalization.UNDER_THE_ROOT, momentum=1 - step.layer.momentum,
                          arrays={"weight": gamma, "bias": beta, "running_mean": mean, "running_var": var})
    if apart:
        yield "_unflatten", make.nn.Unflatten(1, step.before)


def dropout(make: Any, step: Step) -> Any:
    from pynn.exchange.torch_modules import BookDropout
    yield "", (make.nn.Dropout if step.layer.inverted else BookDropout)(step.layer.dropout_ratio)


MODULES: dict[type, Callable[[Any, Step], Any]] = {
    layers.Affine: affine,
    layers.Convolution: convolution,
    layers.Pooling: pooling,
    layers.AveragePooling: average_pooling,
    layers.BatchNormalization: batch_normalization,
    layers.Dropout: dropout,
    layers.Flatten: lambda make, step: [("", make.nn.Flatten())],
    layers.Relu: lambda make, step: [("", make.nn.ReLU())],
    layers.LeakyRelu: lambda make, step: [("", make.nn.LeakyReLU(step.layer.slope))],
    layers.Sigmoid: lambda make, step: [("", make.nn.Sigmoid())],
    layers.Tanh: lambda make, step: [("", make.nn.Tanh())],
}
