"""A training in a file, from which it goes on as if it had never stopped."""

import numpy as np

from pynn.io.arrays import Refused
from pynn.networks.saving import buffer_places, state_of
from pynn.training import state
from pynn.training.split import set_aside_again

_COUNTERS = ("current_iter", "current_epoch", "test_acc", "_row_start")
_LISTS = ("train_loss_list", "train_acc_list", "test_acc_list")


def save(trainer, path):
    """Write everything that `load` needs."""
    from pynn.io.state import write_state
    network = state_of(trainer.network)
    for name in network:
        if not isinstance(name, str):
            raise TypeError(f"Trainer.save: the network has a parameter {name!r}; in a file names must be str")
    arrays = {f"network/{name}": value for name, value in network.items()}
    facts = {"network": type(trainer.network).__name__, "train_size": trainer.train_size, "batch_size": trainer.batch_size,
             "counters": {name: _plain(getattr(trainer, name)) for name in _COUNTERS},
             "latest": {name: float(value) for name, value in trainer.latest.items()},
             "random": state.random_state(None), "rng": trainer.rng and state.random_state(trainer.rng), "objects": []}
    if trainer._order is not None:
        arrays["order"] = trainer._order
    for name in _LISTS:
        arrays[f"lists/{name}"] = np.array(getattr(trainer, name), np.float64)
    for name, column in trainer.history.items():
        arrays[f"history/{name}"] = np.array(column, np.float64)
    for number, thing in enumerate(_things(trainer)):
        of_thing, said = state.object_state(thing, f"object{number}")
        arrays |= of_thing
        facts["objects"].append(said)
    write_state(path, arrays, facts)


def load(trainer, path):
    """Make the trainer the one that was saved; nothing is changed unless everything fits."""
    from pynn.io.state import read_state
    arrays, facts = trainer.ranks.first(read_state, path)
    put_back = _remember(trainer)
    try:
        _check(trainer, _things(trainer), arrays, facts, path)
        _restore(trainer, arrays, facts)
    except BaseException as error:          # a damaged file can hold anything under any name
        put_back()
        if isinstance(error, Refused):
            raise ValueError(f"Trainer.load: {error}") from None
        if isinstance(error, Exception) and not isinstance(error, MemoryError):
            raise ValueError(f"Trainer.load: {path} is damaged: what it holds is no state of this trainer "
                             f"({type(error).__name__}: {error})") from error
        raise


def _things(trainer):
    return (trainer.optimizer, *trainer.callbacks)


def _restore(trainer, arrays, facts):
    state.restore_network(trainer.network, _part(arrays, "network"))
    if "order" in arrays:
        set_aside_again(trainer, arrays["order"])
    for number, (thing, said) in enumerate(zip(_things(trainer), facts["objects"])):
        state.restore_object(thing, f"object{number}", arrays, said)
    for name, value in facts["counters"].items():
        setattr(trainer, name, value)
    for name, values in _part(arrays, "lists").items():
        getattr(trainer, name)[:] = values.tolist()
    trainer.history = {name: column.tolist() for name, column in _part(arrays, "history").items()}
    for name, whole in ("epoch", int), ("lr", lambda lr: None if lr != lr else lr):      # None, where the optimizer has none, was NaN
        if name in trainer.history:
            trainer.history[name] = [whole(value) for value in trainer.history[name]]
    trainer.latest = {name: float(value) for name, value in facts["latest"].items()}
    trainer.diverged = None
    trainer._rollback.forget()
    state.restore_random_state(None, facts["random"])
    if facts["rng"] is not None:
        state.restore_random_state(trainer.rng, facts["rng"])


def _remember(trainer):
    """A function that makes the trainer what it is now."""
    network = {name: np.copy(value) for name, value in trainer.network.params.items()}
    buffers = [(layer, attribute, getattr(layer, attribute)) for layer, attribute in buffer_places(trainer.network).values()]
    attributes = [(thing, dict(state.attributes(thing))) for thing in (trainer, *_things(trainer))]
    lists = {name: list(getattr(trainer, name)) for name in _LISTS}
    random = [(rng, state.random_state(rng)) for rng in (None, trainer.rng)]

    def put_back():
        state.restore_network(trainer.network, network)
        for layer, attribute, value in buffers:
            setattr(layer, attribute, value)
        for thing, values in attributes:
            state.attributes(thing).clear()
            state.attributes(thing).update(values)
        for name, values in lists.items():
            getattr(trainer, name)[:] = values
        for rng, of_rng in random:
            state.restore_random_state(rng, of_rng)
    return put_back


def _check(trainer, things, arrays, facts, path):
    if "objects" not in facts or "counters" not in facts:
        raise Refused(f"{path} is no checkpoint of a Trainer; Trainer.save writes one")
    found, built = [said["class"] for said in facts["objects"]], [type(thing).__name__ for thing in things]
    if found != built:
        raise Refused(f"{path} was saved with the optimizer and callbacks {found} but this trainer has {built}; "
                         "build it with the same")
    for name in ("train_size", "batch_size"):
        if facts[name] != getattr(trainer, name):
            raise Refused(f"{path} was saved with {name} {facts[name]} but this trainer has {getattr(trainer, name)}; "
                             "build it with the same data and batches")
    if (facts["rng"] is None) != (trainer.rng is None):
        raise Refused(f"{path} was saved {'without' if facts['rng'] is None else 'with'} an rng of its own; build the "
                         "trainer likewise")
    _check_progress(arrays, facts, path)
    _check_attributes(things, arrays, facts, path)
    order = arrays.get("order")
    if (order is None) != (trainer._order is None) or order is not None and len(order) != len(trainer._order):
        raise Refused(f"{path} was saved {'without' if order is None else 'with'} a validation_split and this trainer "
                         "sets other samples aside; build it with the same validation_split")
    if order is not None and not np.array_equal(np.sort(order), np.arange(len(order))):
        raise Refused(f"{path} is damaged: its order of the samples does not have each of them once")
    arrays = _part(arrays, "network")
    for name, param in trainer.network.params.items():
        if name not in arrays:
            raise Refused(f"{path} has no {name}; it has {list(arrays)}")
        if arrays[name].shape != np.shape(param):
            raise Refused(f"{name} in {path} has shape {arrays[name].shape} but the network has {np.shape(param)}; "
                             "build the network with the sizes it was saved with")
    unknown = sorted(arrays.keys() - trainer.network.params.keys() - buffer_places(trainer.network).keys())
    if unknown:
        raise Refused(f"{path} has {unknown}, which the network has not; build the network as it was saved")
    if facts["network"] != type(trainer.network).__name__:
        raise Refused(f"{path} was saved with a {facts['network']} but this trainer has a {type(trainer.network).__name__}; build it with "
                      "the same network")


def _check_progress(arrays, facts, path):
    """Whether the counters, the lists and the history are what `save` writes."""
    counters = facts["counters"]
    if counters.keys() != set(_COUNTERS) or not all(
            type(value) is int or name == "test_acc" and isinstance(value, (int, float, type(None))) for name, value in counters.items()):
        raise Refused(f"{path} is damaged: its counters are {counters}")
    columns = {**_part(arrays, "lists"), **_part(arrays, "history")}
    if _part(arrays, "lists").keys() != set(_LISTS) or any(column.ndim != 1 for column in columns.values()):
        raise Refused(f"{path} is damaged: its lists are {list(columns)}, of shapes {[column.shape for column in columns.values()]}")


def _check_attributes(things, arrays, facts, path):
    """Whether nothing would take the place of a method."""
    for number, (thing, said) in enumerate(zip(things, facts["objects"])):
        kept = _part(arrays, f"object{number}")
        for name in (*said["plain"], *said["groups"], *(key.partition("/")[0] for key in kept)):
            if callable(getattr(type(thing), name, None)):
                raise Refused(f"{path} is damaged: it has a value for {name}, a method of {type(thing).__name__}")


def _part(arrays, name):
    return {key[len(name) + 1:]: value for key, value in arrays.items() if key.startswith(f"{name}/")}


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value
