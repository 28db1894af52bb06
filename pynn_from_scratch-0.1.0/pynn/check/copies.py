"""Copies that a check may do with as it likes: in float64, and with their randomness held still."""

import copy
import random
import types

import numpy as np

_ATOMS = (str, bytes, int, float, complex, bool, type(None), type, types.ModuleType, types.FunctionType,
          types.BuiltinFunctionType, np.ndarray, np.generic, np.dtype)
_SMALL = (np.float16, np.float32)


def float64_copy(thing):
    """A deep copy of a network or layer in which every float16 or float32 is a float64.

    An array that two attributes share is shared in the copy as well.
    """
    try:
        result = copy.deepcopy(thing)
    except Exception as error:
        raise TypeError(f"gradient_check: this {type(thing).__name__} cannot be copied ({error}), and the check works on a "
                        "copy; take out of it what cannot, such as open files") from error
    if "params" in dir(type(thing)) and isinstance(getattr(type(thing), "params"), dict) and "params" not in vars(thing):
        result.params = copy.deepcopy(thing.params)     # of the class, so that all its instances share it
    promoted = {}
    for container, key, value in walk(result):
        new = _promoted(value, promoted)
        if new is not value:
            _put(container, key, new)
    return result


def _promoted(value, done):
    if isinstance(value, np.ndarray) and value.dtype.type in _SMALL:
        return done.setdefault(id(value), (value, value.astype(np.float64)))[1]     # keeps the old one, and so its id
    if isinstance(value, np.dtype) and value.type in _SMALL:
        return np.dtype(np.float64)
    if isinstance(value, np.generic) and type(value) in _SMALL:
        return np.float64(value)
    if value in _SMALL if isinstance(value, type) else False:
        return np.float64
    if isinstance(value, tuple) and type(value) is tuple:
        new = tuple(_promoted(item, done) for item in value)
        return new if any(a is not b for a, b in zip(new, value)) else value
    return value


def _put(container, key, value):
    if isinstance(container, (dict, list)):
        container[key] = value
    else:
        object.__setattr__(container, key, value)


def walk(thing):
    """(container, key, value) of whatever can be reached from `thing` through attributes, dicts and lists."""
    seen, todo = set(), [thing]
    while todo:
        owner = todo.pop()
        if id(owner) in seen or isinstance(owner, _ATOMS):
            continue
        seen.add(id(owner))
        for key, value in _items(owner):
            if not isinstance(owner, tuple):
                yield owner, key, value
            todo.append(value)


def _items(owner):
    if isinstance(owner, dict):
        return list(owner.items())
    if isinstance(owner, (list, tuple)):
        return list(enumerate(owner))
    if isinstance(owner, types.MethodType):
        return [("__self__", owner.__self__)]
    names = list(getattr(owner, "__dict__", ()))
    for kind in type(owner).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    return [(name, getattr(owner, name)) for name in names if name not in ("__dict__", "__weakref__") and hasattr(owner, name)]


class Randomness:
    """The state of NumPy's, Python's and the thing's own random generators, to go back to before each forward pass."""

    def __init__(self, thing):
        self._inside = [_state(generator) for generator in _generators(thing)]
        self._outside = [(generator, _state(generator)) for generator in _generators_of_modules(thing)]
        self._numpy = np.random.get_state()
        self._python = random.getstate()
        self._python_moved = False
        self.needed = self.python_needed = True

    def moved(self, thing):
        """Whether anything was drawn since, by `thing` or a copy of it."""
        now, python = np.random.get_state(), random.getstate() != self._python
        self._python_moved |= python
        states = zip(map(_state, _generators(thing)), self._inside)
        outside = ((_state(generator), state) for generator, state in self._outside)
        return (now[2:] != self._numpy[2:] or not np.array_equal(now[1], self._numpy[1]) or python
                or any(repr(a) != repr(b) for a, b in [*states, *outside]))

    def settle(self, needed):
        """From now on go back only as far as `moved` has seen that it is needed."""
        self.needed, self.python_needed = needed, self._python_moved

    def restore(self, thing):
        """Go back, if `thing` or a copy of it draws at all."""
        if not self.needed:
            return
        np.random.set_state(self._numpy)
        if self.python_needed:
            random.setstate(self._python)
        inside = zip(_generators(thing), self._inside) if self._inside else ()
        for generator, state in [*inside, *self._outside]:
            _bits(generator).state = copy.deepcopy(state)


def _bits(generator):
    return generator.bit_generator if isinstance(generator, np.random.Generator) else generator._bit_generator


def _state(generator):
    return copy.deepcopy(_bits(generator).state)


def _only_generators(values):
    unique = {id(value): value for value in values}
    return [g for g in unique.values() if isinstance(g, (np.random.Generator, np.random.RandomState))]


def _generators(thing):
    return _only_generators(value for _, _, value in walk(thing))


def _generators_of_modules(thing):
    """Those that the modules of the thing's classes hold under a name of their own."""
    kinds = {type(owner) for owner in [thing, *(value for _, _, value in walk(thing))]}
    spaces = {}
    for kind in kinds:
        if kind.__module__ not in ("builtins", "numpy", "collections") and not kind.__module__.startswith("pynn."):
            functions = [f for base in kind.__mro__ for f in vars(base).values() if isinstance(f, types.FunctionType)]
            spaces.update((id(f.__globals__), f.__globals__) for f in functions)
    return _only_generators(value for space in spaces.values() for value in list(space.values()))
