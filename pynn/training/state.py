"""The state of a training as arrays and facts, to write down, to keep in memory, and to go on from."""

import numpy as np

from pynn.networks.saving import buffer_places

_PLAIN = (type(None), bool, int, float, str, np.generic)


def restore_network(network, arrays):
    """Copy the arrays into the network's own, which they fit."""
    for name, param in network.params.items():
        if isinstance(param, np.ndarray):
            param[...] = arrays[name]
        else:
            network.params[name] = arrays[name].item()
    for name, (layer, attribute) in buffer_places(network).items():
        if name in arrays:
            setattr(layer, attribute, np.array(arrays[name]))


def object_state(thing, prefix):
    """The attributes of an optimizer or a callback: ``(arrays, facts)``; what is neither numbers nor text is left out.

    A dict or a list of arrays, such as the moments of Adam, becomes an array for each entry, ``prefix/m/W1``.
    """
    arrays, facts = {}, {"class": type(thing).__name__, "plain": {}, "groups": {}}
    for name, value in attributes(thing).items():
        if _is_plain(value):
            facts["plain"][name] = _plain(value)
        elif isinstance(value, np.ndarray):
            arrays[f"{prefix}/{name}"] = value
        elif _is_group(value):
            facts["groups"][name] = _kind(value)
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            arrays.update({f"{prefix}/{name}/{key}": np.asarray(number) for key, number in pairs})
    return arrays, facts


def attributes(thing):
    """The attributes of an object; one of ``__slots__`` alone has no state."""
    return getattr(thing, "__dict__", {})


def _is_plain(value):
    """Whether it is a number or text, or a list or a dict by name of such."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and _is_plain(list(value.values()))
    if isinstance(value, list):
        return all(isinstance(item, _PLAIN) for item in value)
    return isinstance(value, _PLAIN)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _is_group(value):
    """Whether it is a dict or a list of arrays and numbers."""
    values = value.values() if isinstance(value, dict) else value
    return isinstance(value, (dict, list)) and all(isinstance(item, (np.ndarray, np.generic, int, float)) for item in values)


def _kind(group):
    if isinstance(group, list):
        return "list"
    return "dict by number" if all(type(key) is int for key in group) else "dict"


def restore_object(thing, prefix, arrays, facts):
    """Set the attributes of `object_state`; what that would leave out of `thing` as it is stays, whatever a file has under its name."""
    found = dict(facts["plain"])
    for name, kind in facts["groups"].items():
        start = f"{prefix}/{name}/"
        group = {key[len(start):]: np.array(value) for key, value in arrays.items() if key.startswith(start)}
        if kind == "list":
            group = [group[str(i)] for i in range(len(group))]
        elif kind == "dict by number":
            group = {int(key): value for key, value in group.items()}
        found[name] = group
    for key, value in arrays.items():
        if key.startswith(f"{prefix}/") and "/" not in key[len(prefix) + 1:]:
            found[key[len(prefix) + 1:]] = np.array(value)
    for name, value in found.items():
        present = attributes(thing).get(name)
        if present is None or (_is_plain(present) or isinstance(present, np.ndarray) or _is_group(present)) and _are_alike(present, value):
            setattr(thing, name, value)


def _are_alike(present, value):
    """Whether both are numbers or arrays, text, lists or dicts, or nothing was kept yet."""
    numbers = int, float, np.generic, np.ndarray
    return value is None or type(present) is type(value) or isinstance(present, numbers) and isinstance(value, numbers)


def random_state(rng):
    """The state of a generator, or of NumPy's global one for None, as JSON can hold it."""
    if rng is None:
        state = np.random.get_state(legacy=False)
    elif isinstance(rng, np.random.RandomState):
        state = rng.get_state(legacy=False)
    else:
        state = rng.bit_generator.state
    return _listed(state)


def restore_random_state(rng, state):
    """Set what `random_state` gave."""
    if rng is None:
        np.random.set_state(state)
    elif isinstance(rng, np.random.RandomState):
        rng.set_state(state)
    else:
        rng.bit_generator.state = state


def _listed(value):
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
