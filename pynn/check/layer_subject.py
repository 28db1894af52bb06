"""A layer as something to check: by the sum of its output's elements, each weighted by a number."""

import copy
import inspect
from collections.abc import Mapping

import numpy as np

import pynn._core as _core
from pynn.check.copies import float64_copy
from pynn.check.subject import Subject, as_float64, other_batch
from pynn.layers.protocol import parameter_names, takes


class LayerSubject(Subject):
    """A layer, whose loss is the sum of its output's elements, each weighted by a number: that is `dout`."""

    def __init__(self, layer, x, t, dout=None):
        self.layer = float64_copy(layer)
        super().__init__(layer, self.layer)
        self.inputs = [as_float64(x)] + ([] if t is None else [np.array(_core.as_array("gradient_check", "t", t))])
        self.x = self.inputs[0]
        self.training = {"train_flg": True} if takes(layer.forward, "train_flg") else {}
        self.pristine = copy.deepcopy(self.layer)
        out = np.asarray(self._forward(self.layer, self.inputs))
        self.is_loss = out.ndim == 0 and self.x.ndim > 0
        if not self.is_loss and len(self.inputs) == 2:
            self.inputs[1] = as_float64(self.inputs[1])
        self.out = out
        draw = np.random.default_rng(0).standard_normal
        self.dout = np.array(1.0) if self.is_loss else np.asarray(draw(out.shape) if dout is None else dout)
        self.arrays = dict(zip(("x", "y"), self.inputs[:1] if self.is_loss else self.inputs))
        self._find_params()
        self.settle()

    def _find_params(self):
        probe, self.param_names = copy.deepcopy(self.pristine), []
        self._call(probe)
        self.param_names = [name for name in parameter_names(probe) if getattr(self.layer, name, None) is not None]
        for name in self.param_names:
            if not isinstance(getattr(self.layer, name), np.ndarray):
                setattr(self.layer, name, np.array(getattr(self.layer, name), np.float64))
            self.arrays[name] = getattr(self.layer, name)
        params = getattr(self.layer, "params", ())
        if isinstance(params, (list, tuple)) and isinstance(getattr(probe, "grads", None), (list, tuple)):
            for i, value in enumerate(params):              # lists of both, as in the book's second volume
                if isinstance(value, np.ndarray) and not any(value is array for array in self.arrays.values()):
                    self.arrays[f"params[{i}]"] = value
        elif isinstance(params, Mapping):
            self.arrays.update((name, value) for name, value in params.items() if isinstance(value, np.ndarray))

    @property
    def magnitude(self):
        return float(np.sum(np.abs(self.out * self.dout)))

    def draws_at_first(self):
        layer = copy.deepcopy(self.pristine)
        self._forward(layer, self.inputs)
        return self.random.moved(layer)

    def _forward(self, layer, inputs):
        self.random.restore(layer)
        return layer.forward(*(value.copy() for value in inputs), **self.training)

    def loss(self):
        return float(np.sum(self._forward(self.layer, self.inputs) * self.dout))

    def gradients(self, calls=1, after_another=False):
        """What `backward` says in `calls` passes, of a fresh copy or after it worked on another batch."""
        layer = copy.deepcopy(self.pristine)
        if after_another:
            self._call(layer, [other_batch(self.x), *self.inputs[1:]])
        return [self._call(layer) for _ in range(calls)]

    def _call(self, layer, inputs=None):
        inputs = self.inputs if inputs is None else inputs
        given = [value.copy() for value in inputs]
        self.random.restore(layer)
        out = layer.forward(*given, **self.training)
        kept, dout = np.array(out), self.dout.copy()
        before = {name: np.array(getattr(layer, name)) for name in self.param_names}
        dx = self._backward(layer, dout)
        if not all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(given, inputs)):
            self.damages.add("x")
        if not np.array_equal(dout, self.dout):
            self.damages.add("dout")
        self.trained |= {name for name, param in before.items() if not np.array_equal(param, getattr(layer, name))}
        if not np.array_equal(kept, out, equal_nan=True):
            self.damages.add("out")
        return self._collect(layer, dx)

    def _backward(self, layer, dout):
        if self.is_loss:
            return layer.backward() if not _required(layer.backward) else layer.backward(1)
        return layer.backward(dout)

    def _collect(self, layer, dx):
        dx = dx if isinstance(dx, (tuple, list)) else (dx,)
        grads = dict(zip([name for name in ("x", "y") if name in self.arrays], dx))
        for name in self.arrays:
            if name in ("x", "y"):
                grad = grads.get(name)
            elif name.startswith("params["):
                grad = layer.grads[int(name[7:-1])]
            elif name in self.param_names:
                grad = getattr(layer, "d" + name, None)
            else:
                grad = getattr(layer, "grads", {}).get(name)
            grads[name] = None if grad is None else np.array(grad)
        self.refuse_float32(grads)
        return grads

    def claim(self, name, i, shift):
        """What the gradient of element `i` of an array would be if that were shifted."""
        layer, inputs = copy.deepcopy(self.pristine), [value.copy() for value in self.inputs]
        if name in ("x", "y"):
            inputs["xy".index(name)].flat[i] += shift
        else:
            array = np.array(self.arrays[name])
            array.flat[i] += shift
            self._put(layer, name, array)
        return self._call(layer, inputs)[name].flat[i]

    def _put(self, layer, name, array):
        if name.startswith("params["):
            layer.params[int(name[7:-1])][...] = array
        elif name in self.param_names:
            setattr(layer, name, array)
        else:
            layer.params[name] = array

    def forward_of(self, x):
        """What a fresh copy of the layer makes of another x."""
        return np.asarray(self._forward(copy.deepcopy(self.pristine), [x, *self.inputs[1:]]))

    def with_dout(self, dout):
        """The same layer with another `dout`."""
        return LayerSubject(self.pristine, self.inputs[0], *(self.inputs[1:] or (None,)), dout=dout)

    def with_rows(self, rows):
        """The same layer with some of the samples."""
        dout = None if self.is_loss else self.dout[rows]
        return LayerSubject(self.pristine, self.x[rows], *([value[rows] for value in self.inputs[1:]] or (None,)), dout=dout)


def _required(method):
    parameters = inspect.signature(method).parameters.values()
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
