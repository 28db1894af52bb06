"""What can be checked: a network, a layer or a function, each as named arrays, a loss of them and a claimed gradient."""

import copy
import inspect
from collections.abc import Mapping

import numpy as np

from pynn.check.copies import Randomness, float64_copy
from pynn.layers.protocol import parameter_names, takes


def as_subject(what, x, t):
    """The subject for what `gradient_check` was given."""
    if isinstance(what, type):
        raise TypeError(f"gradient_check: {what.__name__} is a class; give an object of it, such as {what.__name__}(...)")
    if all(callable(getattr(what, name, None)) for name in ("loss", "gradient")):
        return NetworkSubject(what, x, t)
    if all(callable(getattr(what, name, None)) for name in ("forward", "backward")):
        return LayerSubject(what, x, t)
    if callable(what) and not hasattr(what, "params"):
        return FunctionSubject(what, x, t)
    lacks = " and ".join(f"no {name}" for name in ("loss", "gradient") if not hasattr(what, name))
    raise TypeError(f"gradient_check: this {type(what).__name__} has {lacks}; give a network with params, loss(x, t) and "
                    "gradient(x, t), a layer with forward(x) and backward(dout), or a function and its gradient")


def other_batch(x):
    """Another batch of the same shape: the rows moved on by one, or where they are all equal, smaller numbers."""
    moved = np.roll(x, 1, axis=0) if x.ndim else x
    return moved if x.dtype.kind != "f" or not np.array_equal(moved, x) else 0.9 * x - 0.05


def as_float64(x, kinds="fbiu"):
    x = np.array(x)
    return x.astype(np.float64) if x.dtype.kind in kinds else x


class Subject:
    """Arrays by name, and what is claimed about them.

    Attributes
    ----------
    arrays : dict of str to ndarray
        float64, of the copy; whoever changes an element puts it back.
    thing : object
        What was given, to look up its source.
    damages : set of {'dout', 'x'}
        What its methods were seen to write into.
    """

    def __init__(self, thing, held):
        self.thing = thing
        self.name = getattr(thing, "__name__", None) or type(thing).__name__
        self.held = held
        self.random = Randomness(held)
        self.damages = set()
        self.arrays = {}

    def settle(self):
        """Find out whether the loss draws random numbers, and refuse one that cannot be held still or is no number."""
        losses = []
        for _ in range(2):
            losses.append(self.loss())
            self.random.needed = self.random.needed and self.random.moved(self.held)
        if losses[0] != losses[1] and not np.isnan(losses[0]):
            raise ValueError(f"gradient_check: the loss of {self.name} is {losses[0]:.9g}, then {losses[1]:.9g} for the same "
                             "input; draw random numbers from np.random, and let nothing be left over between two calls")
        if not np.isfinite(losses[0]):
            raise ValueError(f"gradient_check: the loss of {self.name} is {losses[0]}, which has no derivative; look for "
                             "NaN in the input, an overflow in exp or a log of 0 (section 3.5.2)")

    def refuse_float32(self, grads):
        for name, grad in grads.items():
            if isinstance(grad, np.ndarray) and grad.dtype in (np.float16, np.float32):
                raise ValueError(f"gradient_check: the gradient of {name} is {grad.dtype} even on a float64 copy of "
                                 f"{self.name}, and its rounding hides errors; let it keep the dtype of its input")


class NetworkSubject(Subject):
    """A network in the book's style, in training mode."""

    def __init__(self, net, x, t):
        if not isinstance(getattr(net, "params", None), Mapping):
            raise TypeError(f"gradient_check: this {type(net).__name__} has no dict params; keep its weights there, as in "
                            "params['W1'] (section 4.5.1)")
        if t is None:
            raise TypeError("gradient_check: a network needs labels; call gradient_check(net, x, t)")
        self.net = float64_copy(net)
        super().__init__(net, self.net)
        for name, param in self.net.params.items():
            if not isinstance(param, np.ndarray) or param.dtype != np.float64:
                self.net.params[name] = np.array(param, np.float64)
        self.pristine = copy.deepcopy(self.net)
        self.x, self.t = as_float64(x, "f"), np.array(t)
        self.x = self.x if self.x.dtype.kind != "u" else self.x.astype(np.float64)
        if self.x.ndim and self.t.ndim and len(self.x) != len(self.t) and self.x.ndim > 1:
            raise ValueError(f"gradient_check: x has {len(self.x)} samples but t has {len(self.t)} labels")
        if self.t.ndim == 2 and self.t.shape[1] == 1 < len(self.t) and self.t.dtype.kind in "iu":
            raise ValueError(f"gradient_check: t has shape {self.t.shape}, which y[np.arange(batch_size), t] takes for every label in "
                             f"every row; labels must be ({len(self.t)},), use t.ravel() (section 4.2.4)")
        self.training = {"train_flg": True} if takes(net.loss, "train_flg") else {}
        self.arrays = dict(self.net.params.items())
        self.settle()

    @property
    def magnitude(self):
        return abs(self.loss())

    def loss(self):
        self.random.restore(self.net)
        return float(self.net.loss(self.x.copy(), self.t.copy(), **self.training))

    def gradients(self, calls=1, after_another=False):
        """What `gradient` says in `calls` calls, on a fresh copy or after it worked on another batch."""
        net = copy.deepcopy(self.pristine)
        if after_another:
            other = other_batch(self.x)
            self._quiet(net, other)
        return [self._gradient(net) for _ in range(calls)]

    def _quiet(self, net, x):
        self.random.restore(net)
        net.loss(x.copy(), self.t.copy(), **self.training)
        self.random.restore(net)
        net.gradient(x.copy(), self.t.copy())

    def _gradient(self, net):
        self.random.restore(net)
        x = self.x.copy()
        grads = net.gradient(x, self.t.copy())
        if not np.array_equal(x, self.x, equal_nan=True):
            self.damages.add("x")
        if not isinstance(grads, Mapping):
            raise TypeError(f"gradient_check: {self.name}.gradient returned a {type(grads).__name__}; it must return a dict "
                            "with the keys of params (section 4.5.1)")
        grads = {name: None if grads.get(name) is None else np.array(grads[name]) for name in self.arrays}
        self.refuse_float32(grads)
        return grads

    def claim(self, name, i, shift):
        """What the gradient of element `i` of a parameter would be if that were shifted."""
        net = copy.deepcopy(self.pristine)
        net.params[name].flat[i] += shift
        return self._gradient(net)[name].flat[i]

    def with_rows(self, rows):
        """The same network with some of the samples."""
        return NetworkSubject(self.pristine, self.x[rows], self.t[rows])


class LayerSubject(Subject):
    """A layer, whose loss is the sum of its output's elements, each weighted by a number: that is `dout`."""

    def __init__(self, layer, x, t, dout=None):
        self.layer = float64_copy(layer)
        super().__init__(layer, self.layer)
        self.inputs = [as_float64(x)] + ([] if t is None else [np.array(t)])
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
        probe = copy.deepcopy(self.pristine)
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
        kept = np.array(out)
        dout = self.dout.copy()
        dx = self._backward(layer, dout)
        if not all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(given, inputs)):
            self.damages.add("x")
        if not np.array_equal(dout, self.dout):
            self.damages.add("dout")
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


class FunctionSubject(Subject):
    """A function of one array, which returns a number or is applied element by element, and its derivative."""

    def __init__(self, f, x, gradient):
        super().__init__(f, None)
        if gradient is None:
            raise TypeError(f"gradient_check: what is the gradient of {self.name}? Call gradient_check(f, x, its_gradient)")
        self.f, self.gradient = f, gradient
        self.x = as_float64(x)
        self.arrays = {"x": self.x}
        out = np.asarray(f(self.x.copy()))
        if out.size != 1 and out.shape != self.x.shape:
            raise ValueError(f"gradient_check: {self.name} returned shape {out.shape} for x of shape {self.x.shape}; it must "
                             "return one number, or a number for each element")
        self.settle()

    @property
    def magnitude(self):
        return float(np.sum(np.abs(self.f(self.x.copy()))))

    def loss(self):
        self.random.restore(None)
        return float(np.sum(self.f(self.x.copy())))

    def gradients(self, calls=1, after_another=False):
        return [self._gradient() for _ in range(calls)]

    def claim(self, name, i, shift):
        if not callable(self.gradient):
            raise ValueError("a gradient that is an array is that of x alone")
        x = self.x.copy()
        x.flat[i] += shift
        return np.asarray(self.gradient(x)).flat[i]

    def _gradient(self):
        grad = np.array(self.gradient(self.x.copy()) if callable(self.gradient) else self.gradient)
        self.refuse_float32({"x": grad})
        return {"x": grad}
