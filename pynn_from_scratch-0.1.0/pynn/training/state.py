"""The state of a training as arrays and facts, to write down, to keep in memory, and to go on from."""

import numpy as np

from pynn.networks.saving import buffer_places

_PLAIN = (type(None), bool, int, float, str)


def restore_network(network, arrays):
    """Copy the arrays into the network's own."""
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
    for name, value in vars(thing).items():
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, _PLAIN):
            facts["plain"][name] = value
        elif isinstance(value, np.ndarray):
            arrays[f"{prefix}/{name}"] = value
        elif isinstance(value, (dict, list)) and _numbers(value):
            facts["groups"][name] = type(value).__name__
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            arrays.update({f"{prefix}/{name}/{key}": np.asarray(number) for key, number in pairs})
    return arrays, facts


def _numbers(group):
    values = group.values() if isinstance(group, dict) else group
    return all(isinstance(value, (np.ndarray, np.generic, int, float)) for value in values)


def restore_object(thing, prefix, arrays, facts):
    """Set the attributes of `object_state`."""
    for name, value in facts["plain"].items():
        setattr(thing, name, value)
    for name, kind in facts["groups"].items():
        start = f"{prefix}/{name}/"
        group = {key[len(start):]: np.array(value) for key, value in arrays.items() if key.startswith(start)}
        setattr(thing, name, group if kind == "dict" else [group[str(i)] for i in range(len(group))])
    for key, value in arrays.items():
        if key.startswith(f"{prefix}/") and "/" not in key[len(prefix) + 1:]:
            setattr(thing, key[len(prefix) + 1:], np.array(value))


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
