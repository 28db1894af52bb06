"""Modules of PyTorch as networks: `READERS` is the table of which layer a module becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.exchange.builder import Builder
from pynn.exchange.library import library
from pynn.io.arrays import Refused, shown
from pynn.layers import AveragePooling, Pooling

if TYPE_CHECKING:
    from collections.abc import Callable
    import torch
    from pynn.networks import Sequential

CALLER = "from_torch"


def from_torch(module: torch.nn.Module) -> Sequential:
    """A network that computes what a module of PyTorch does, from copies of its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        ``Sequential``, in any depth, of ``Linear``, ``Conv2d``, ``MaxPool2d``, ``AvgPool2d``, ``BatchNorm1d``, ``BatchNorm2d``,
        ``ReLU``, ``LeakyReLU``, ``Sigmoid``, ``Tanh``, ``Flatten``, ``Unflatten``, ``Dropout``, ``ZeroPad2d``, ``Identity``, and a
        ``Softmax`` at the end, which ``predict`` leaves out as always; or one of these alone.

    Returns
    -------
    Sequential
        In float32 or float64, as the parameters are.

    Raises
    ------
    TypeError
        If `module` is no module.
    ValueError
        If a part of it is of another kind, has an option that no layer of pynn has, or hooks; it is named. If its parameters
        are neither float32 nor float64.
    ImportError
        If PyTorch is not installed.
    """
    torch = library("torch", CALLER, "torch")
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"{CALLER}: module is a {type(module).__name__}; it must be a torch.nn.Module")
    try:
        row = list(_in_a_row(torch, module, ""))
        builder = Builder(_dtype(torch, module), _first_shape(part for _, part in row))
        for name, part in row:
            builder.where = f"module {shown(name)} ({type(part).__name__})"
            READERS[type(part).__name__](builder, part)
        return builder.network()
    except Refused as error:
        raise ValueError(f"{CALLER}: {error}") from None


def _dtype(torch, module):
    dtypes = {value.dtype for value in module.state_dict().values() if value.dtype.is_floating_point}
    if len(dtypes) > 1 or dtypes - {torch.float32, torch.float64}:
        raise Refused(f"the module has parameters of {' and '.join(sorted(map(str, dtypes)))}; they must be all float32 or all "
                      "float64: call module.float() first")
    return np.float64 if torch.float64 in dtypes else np.float32


def _in_a_row(torch, module, name):
    """The modules with their names, those of sequences one by one, and as often as they stand there."""
    from pynn.exchange.torch_modules import BookDropout
    kind = type(module)
    if module._forward_hooks or module._forward_pre_hooks:
        raise Refused(f"module {shown(name)} ({kind.__name__}) has hooks, which may change what it computes")
    if kind is torch.nn.Sequential:
        for child, part in module._modules.items():         # named_children has every module once
            yield from _in_a_row(torch, part, f"{name}.{child}" if name else child)
    elif kind is BookDropout or kind.__name__ in READERS and kind is getattr(torch.nn, kind.__name__, None):
        yield name, module
    else:
        raise Refused(f"module {shown(name)} is a {kind.__name__}, which no layer of pynn computes; read are Sequential, "
                      f"{', '.join(READERS)}")


def _first_shape(modules):
    """The shape of a sample as far as the first modules tell it."""
    for module in modules:
        kind = type(module).__name__
        if kind == "Linear":
            return (module.in_features,)
        if kind == "BatchNorm1d":
            return (module.num_features,)
        if kind in ("Conv2d", "BatchNorm2d"):
            return (module.in_channels if kind == "Conv2d" else module.num_features, None, None)
        if kind in ("MaxPool2d", "AvgPool2d", "ZeroPad2d"):
            return (None, None, None)
        if kind in ("Flatten", "Unflatten"):
            return None
    return None


# ---- modules ----

def _array(tensor):
    if tensor is not None and tensor.is_meta:
        raise Refused("the module has parameters on the device 'meta', which hold no numbers; load them first")
    return None if tensor is None else tensor.detach().cpu().numpy()


def _pair(value):
    """An option that is one number, or one for each axis."""
    return [value, value] if isinstance(value, int) else list(value)


def _expect(builder, module, **options):
    for name, due in options.items():
        found = getattr(module, name)
        if found != due:
            builder.refuse(f"has {name}={found!r}; only {due!r} is read")


def linear(builder: Builder, module: Any) -> None:
    builder.affine(_array(module.weight).T, _array(module.bias))


def conv2d(builder: Builder, module: Any) -> None:
    _expect(builder, module, groups=1, dilation=(1, 1), padding_mode="zeros")
    height, width = module.kernel_size
    if module.padding == "same" and not (height == width and height % 2):
        builder.refuse(f"has padding='same' with filters of {height}x{width}; pynn pads all sides alike")
    pads = {"same": [height // 2] * 2, "valid": [0, 0]}.get(module.padding, module.padding)
    builder.convolution(_array(module.weight), _array(module.bias), module.stride, list(pads))


def max_pool2d(builder: Builder, module: Any) -> None:
    _expect(builder, module, dilation=1, return_indices=False)
    builder.pooling(Pooling, _pair(module.kernel_size), _pair(module.stride), _pair(module.padding), module.ceil_mode)


def avg_pool2d(builder: Builder, module: Any) -> None:
    _expect(builder, module, divisor_override=None)
    builder.pooling(AveragePooling, _pair(module.kernel_size), _pair(module.stride), _pair(module.padding), module.ceil_mode,
                    zeros=module.count_include_pad)


def batch_norm(builder: Builder, module: Any) -> None:
    if module.running_mean is None or module.momentum is None:
        builder.refuse("has no running statistics with a momentum (track_running_stats, momentum)")
    mean, var = _array(module.running_mean), _array(module.running_var)
    gamma = np.ones_like(mean) if module.weight is None else _array(module.weight)
    beta = np.zeros_like(mean) if module.bias is None else _array(module.bias)
    if type(module).__name__ == "BatchNorm1d" and builder.shape is not None and len(builder.shape) != 1:
        builder.refuse("normalizes images; BatchNorm2d does that")
    builder.batch_normalization(gamma, beta, mean, var, module.eps, 1 - module.momentum)


def flatten(builder: Builder, module: Any) -> None:
    _expect(builder, module, start_dim=1, end_dim=-1)
    builder.flatten()


def unflatten(builder: Builder, module: Any) -> None:
    _expect(builder, module, dim=1)
    builder.unflatten(tuple(module.unflattened_size))


def dropout(builder: Builder, module: Any) -> None:
    builder.dropout(module.p)


def book_dropout(builder: Builder, module: Any) -> None:
    builder.dropout(module.p)
    builder.scale(1 - module.p)


def softmax(builder: Builder, module: Any) -> None:
    builder.softmax_at_the_end(module.dim)


READERS: dict[str, Callable[[Any, Any], None]] = {
    "Linear": linear,
    "Conv2d": conv2d,
    "MaxPool2d": max_pool2d,
    "AvgPool2d": avg_pool2d,
    "BatchNorm1d": batch_norm,
    "BatchNorm2d": batch_norm,
    "ReLU": lambda builder, module: builder.relu(),
    "LeakyReLU": lambda builder, module: builder.leaky_relu(module.negative_slope),
    "Sigmoid": lambda builder, module: builder.sigmoid(),
    "Tanh": lambda builder, module: builder.tanh(),
    "Flatten": flatten,
    "Unflatten": unflatten,
    "Dropout": dropout,
    "BookDropout": book_dropout,
    "ZeroPad2d": lambda builder, module: builder.pad(_pair(module.padding)),
    "Identity": lambda builder, module: None,
    "Softmax": softmax,
}
