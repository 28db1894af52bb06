"""The layers of a network, and their parameters by name."""

from collections.abc import Mapping, MutableMapping

from pynn.layers.protocol import parameter_names


class Layers:
    """Layers in their order, by name as in the book's ``OrderedDict`` and by number as in its list.

    Parameters
    ----------
    layers : mapping of str to layer, or iterable of layers
        Layers without names are called after their class: ``Affine1``, ``Relu1``, ``Affine2``. Iterating gives what iterating
        over `layers` gave: names of a mapping, layers of a list.

    Examples
    --------
    >>> from pynn.layers import Affine, Relu
    >>> layers = Layers([Affine.of(4, 3), Relu()])
    >>> layers["Relu1"] is layers[-1]
    True
    """

    def __init__(self, layers=()):
        self._by_name = {}
        self._named = isinstance(layers, (Mapping, Layers)) and getattr(layers, "_named", True)
        self.version = 0        # counts the changes, so that a network knows when to look again
        if isinstance(layers, (Mapping, Layers)):
            for name, layer in layers.items():
                self[name] = layer
        else:
            for layer in layers:
                self.append(layer)

    def append(self, layer):
        """Add a layer at the end, named after its class."""
        self[self._new_name(layer)] = layer

    def insert(self, index, layer):
        """Put a layer before the one at `index`, named after its class."""
        items = list(self._by_name.items())
        items.insert(index, (self._new_name(layer), layer))
        self._replace(items)

    def _new_name(self, layer):
        kind, number = type(layer).__name__, 1
        while f"{kind}{number}" in self._by_name:
            number += 1
        return f"{kind}{number}"

    def _replace(self, items):
        self._by_name = dict(items)
        self.version += 1

    def _name(self, key):
        return key if isinstance(key, str) else list(self._by_name)[key]

    def __getitem__(self, key):
        if isinstance(key, slice):
            return list(self._by_name.values())[key]
        if key in self._by_name:
            return self._by_name[key]
        if isinstance(key, str):
            raise KeyError(f"the network has no layer {key!r}; it has {list(self._by_name)}")
        return list(self._by_name.values())[key]

    def __setitem__(self, key, layer):
        for method in ("forward", "backward"):
            if not callable(getattr(layer, method, None)):
                raise TypeError(f"layers[{key!r}] is a {type(layer).__name__}, which has no {method}; a layer has forward(x) "
                                "and backward(dout) (section 5.4)")
        name = self._name(key)
        for other, present in self._by_name.items():
            if present is layer and other != name:
                raise ValueError(f"layers[{key!r}] is the very object that is layers[{other!r}]; a layer keeps what it saw, so "
                                 "it can stand in one place only: make a second one")
        self._by_name[name] = layer
        self.version += 1

    def __delitem__(self, key):
        del self._by_name[self._name(key)]
        self.version += 1

    def __len__(self):
        return len(self._by_name)

    def __iter__(self):
        return iter(self._by_name if self._named else list(self._by_name.values()))

    def __contains__(self, item):
        return item in self._by_name if isinstance(item, str) else any(item is layer for layer in self._by_name.values())

    def keys(self):
        """The names."""
        return self._by_name.keys()

    def values(self):
        """The layers."""
        return self._by_name.values()

    def items(self):
        """Pairs of name and layer."""
        return self._by_name.items()

    def __repr__(self):
        return "\n".join(f"{name}: {layer!r}" for name, layer in self.items()) or "no layers"


def attribute_table(layers, names_of):
    """Which attribute of which layer each name stands for: ``{"W1": (layer, "W"), "b1": (layer, "b"), ...}``.

    `names_of` is `parameter_names` or `buffer_names`. Layers are numbered by their parameters: the second layer
    with a ``W`` has ``W2``, and its ``b`` is ``b2`` although the first may have none.
    """
    last, table = {}, {}
    for layer in layers:
        params = parameter_names(layer)
        number = 1 + max((last.get(name, 0) for name in params), default=0)
        last.update(dict.fromkeys(params, number))
        for name in names_of(layer):
            table[f"{name}{number}"] = layer, name
    return table


class Parameters(MutableMapping):
    """The parameters of a network by name: a view of its layers' attributes.

    ``params["W1"]`` is ``layers["Affine1"].W``, so it makes no difference whether an array is changed in place, put
    into ``params``, or assigned to the layer. It pickles and copies as a plain dict.
    """

    def __init__(self, network, extra):
        self._network = network
        self.extra = extra

    def __getitem__(self, name):
        place = self._network.places().get(name)
        value = getattr(*place) if place else self.extra.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name, value):
        place = self._network.places().get(name)
        if place:
            setattr(*place, value)
        else:
            self.extra[name] = value

    def __delitem__(self, name):
        if name not in self.extra or name in self._network.places():
            raise KeyError(f"{name!r} belongs to a layer; remove that from the network's layers")
        del self.extra[name]

    def _values(self):
        places = self._network.places()
        values = {name: value for name, (layer, attribute) in places.items()
                  if (value := getattr(layer, attribute)) is not None}
        if self.extra:
            values.update((name, value) for name, value in self.extra.items() if name not in places)
        return values

    def keys(self):
        """The names."""
        return self._values().keys()

    def values(self):
        """The arrays."""
        return self._values().values()

    def items(self):
        """Pairs of name and array."""
        return self._values().items()

    def copy(self):
        """A dict of the same arrays."""
        return self._values()

    def __iter__(self):
        return iter(self._values())

    def __len__(self):
        return len(self._values())

    def __or__(self, other):
        return self._values() | dict(other)

    def __reduce__(self):
        return dict, (self._values(),)

    def __repr__(self):
        return repr(self._values())

