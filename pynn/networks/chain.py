"""The layers of a network, and their parameters by name."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any

from pynn._reading import has
from pynn.layers.protocol import parameter_names

if TYPE_CHECKING:
    from pynn._typing import Array, Layer


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

    def __init__(self, layers: Mapping[str, Any] | Iterable[Layer] = ()) -> None:
        self._by_name: dict[str, Any] = {}
        self._named = isinstance(layers, (Mapping, Layers)) and getattr(layers, "_named", True)
        self.version = 0        # counts the changes, so that a network knows when to look again
        if isinstance(layers, (Mapping, Layers)):
            for name, layer in layers.items():
                if not isinstance(name, str):
                    raise TypeError(f"layers: {name!r} is not a name; names must be str, or give a list of layers")
                self[name] = layer
        elif not hasattr(layers, "__iter__"):
            raise TypeError(f"layers is a {type(layers).__name__}; it must be a mapping of names to layers, or a list of layers")
        else:
            for layer in layers:
                self.append(layer)

    def append(self, layer: Layer) -> None:
        """Add a layer at the end, named after its class."""
        self[self._new_name(layer)] = layer

    def insert(self, index: int, layer: Layer) -> None:
        """Put a layer before the one at `index`, named after its class."""
        has("layers.insert", "index", index, "__index__", why="it must be a whole number")
        name, items = self._new_name(layer), list(self._by_name.items())
        items.insert(index, (name, layer))
        self[name] = layer
        self._by_name = dict(items)

    def _new_name(self, layer):
        kind, number = type(layer).__name__, 1
        while f"{kind}{number}" in self._by_name:
            number += 1
        return f"{kind}{number}"

    def _name(self, key):
        return key if isinstance(key, str) else self._at(list(self._by_name), key)

    def _at(self, items, key):
        """The item at a position, which is what a key that is no name is."""
        try:
            return items[key]
        except (IndexError, TypeError) as error:
            raise type(error)(f"layers[{key!r}]: the network has {len(items)} layers; it must be one of their names, or a number from 0 "
                              f"to {len(items) - 1}") from error

    def __getitem__(self, key: str | int | slice) -> Any:
        if isinstance(key, slice):
            return list(self._by_name.values())[key]
        if key in self._by_name:
            return self._by_name[key]
        if isinstance(key, str):
            raise KeyError(f"the network has no layer {key!r}; it has {list(self._by_name)}")
        return self._at(list(self._by_name.values()), key)

    def __setitem__(self, key: str | int, layer: Layer) -> None:
        if isinstance(layer, type):
            raise TypeError(f"layers[{key!r}] is the class {layer.__name__}; it must be an object of it, such as {layer.__name__}(...)")
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

    def __delitem__(self, key: str | int) -> None:
        del self._by_name[self._name(key)]
        self.version += 1

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._by_name if self._named else list(self._by_name.values()))

    def __contains__(self, item: object) -> bool:
        return item in self._by_name if isinstance(item, str) else any(item is layer for layer in self._by_name.values())

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._by_name.keys()

    def values(self) -> ValuesView[Any]:
        """The layers."""
        return self._by_name.values()

    def items(self) -> ItemsView[str, Any]:
        """Pairs of name and layer."""
        return self._by_name.items()

    def __repr__(self) -> str:
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


class Parameters(MutableMapping[str, "Array"]):
    """The parameters of a network by name: a view of its layers' attributes.

    ``params["W1"]`` is ``layers["Affine1"].W``, so it makes no difference whether an array is changed in place, put
    into ``params``, or assigned to the layer. It pickles and copies as a plain dict.
    """

    def __init__(self, network: Any, extra: dict[str, Array]) -> None:
        self._network = network
        self.extra = extra

    def __getitem__(self, name: str) -> Array:
        place = self._network.places().get(name)
        value = getattr(*place) if place else self.extra.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Array) -> None:
        place = self._network.places().get(name)
        if place:
            setattr(place[0], place[1], self._network.as_parameter(value))
        else:
            self.extra[name] = value

    def __delitem__(self, name: str) -> None:
        if name not in self.extra or name in self._network.places():
            raise KeyError(f"{name!r} belongs to a layer; remove that from the network's layers")
        del self.extra[name]

    def _values(self) -> dict[str, Array]:
        places = self._network.places()
        values = {name: value for name, (layer, attribute) in places.items()
                  if (value := getattr(layer, attribute)) is not None}
        if self.extra:
            values.update((name, value) for name, value in self.extra.items() if name not in places)
        return values

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._values().keys()

    def values(self) -> ValuesView[Array]:
        """The arrays."""
        return self._values().values()

    def items(self) -> ItemsView[str, Array]:
        """Pairs of name and array."""
        return self._values().items()

    def copy(self) -> dict[str, Array]:
        """A dict of the same arrays."""
        return self._values()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __or__(self, other: Mapping[str, Array]) -> dict[str, Array]:
        return self._values() | dict(other)

    def __reduce__(self):
        return dict, (self._values(),)

    def __repr__(self) -> str:
        return repr(self._values())

