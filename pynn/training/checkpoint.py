"""A training in a file, from which it goes on as if it had never stopped."""

import numpy as np

from pynn.networks.saving import buffer_places, state_of
from pynn.training import state
from pynn.training.split import set_aside_again

_COUNTERS = ("current_iter", "current_epoch", "test_acc", "_row_start")
_LISTS = ("train_loss_list", "train_acc_list", "test_acc_list")


def save(trainer, path):
    """Write everything that `load` needs."""
    from pynn.io.state import write_state
    arrays = {f"network/{name}": value for name, value in state_of(trainer.network).items()}
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
    for number, thing in enumerate((trainer.optimizer, *trainer.callbacks)):
        of_thing, said = state.object_state(thing, f"object{number}")
        arrays |= of_thing
        facts["objects"].append(said)
    write_state(path, arrays, facts)


def load(trainer, path):
    """Make the trainer the one that was saved; nothing is changed unless everything fits."""
    from pynn.io.state import read_state
    arrays, facts = trainer.ranks.first(read_state, path)
    things = (trainer.optimizer, *trainer.callbacks)
    _check(trainer, things, arrays, facts, path)
    state.restore_network(trainer.network, _part(arrays, "network"))
    if "order" in arrays:
        set_aside_again(trainer, arrays["order"])
    for number, (thing, said) in enumerate(zip(things, facts["objects"])):
        state.restore_object(thing, f"object{number}", arrays, said)
    for name, value in facts["counters"].items():
        setattr(trainer, name, value)
    for name, values in _part(arrays, "lists").items():
        getattr(trainer, name)[:] = values.tolist()
    trainer.history = {name: column.tolist() for name, column in _part(arrays, "history").items()}
    if "epoch" in trainer.history:
        trainer.history["epoch"] = [int(epoch) for epoch in trainer.history["epoch"]]
    trainer.latest = facts["latest"]
    trainer.diverged = None
    trainer._rollback.forget()
    state.restore_random_state(None, facts["random"])
    if facts["rng"] is not None:
        state.restore_random_state(trainer.rng, facts["rng"])


def _check(trainer, things, arrays, facts, path):
    func = "Trainer.load"
    if not isinstance(facts, dict) or "objects" not in facts or "counters" not in facts:
        raise ValueError(f"{func}: {path} is no checkpoint of a Trainer; Trainer.save writes one")
    found, built = [said["class"] for said in facts["objects"]], [type(thing).__name__ for thing in things]
    if found != built:
        raise ValueError(f"{func}: {path} was saved with the optimizer and callbacks {found} but this trainer has {built}; "
                         "build it with the same")
    for name in ("train_size", "batch_size"):
        if facts[name] != getattr(trainer, name):
            raise ValueError(f"{func}: {path} was saved with {name} {facts[name]} but this trainer has {getattr(trainer, name)}; "
                             "build it with the same data and batches")
    if (facts["rng"] is None) != (trainer.rng is None):
        raise ValueError(f"{func}: {path} was saved {'without' if facts['rng'] is None else 'with'} an rng of its own; build the "
                         "trainer likewise")
    order = arrays.get("order")
    if (order is None) != (trainer._order is None) or order is not None and len(order) != len(trainer._order):
        raise ValueError(f"{func}: {path} was saved {'without' if order is None else 'with'} a validation_split and this trainer "
                         "sets other samples aside; build it with the same validation_split")
    arrays = _part(arrays, "network")
    for name, param in trainer.network.params.items():
        if name not in arrays:
            raise ValueError(f"{func}: {path} has no {name}; it has {list(arrays)}")
        if arrays[name].shape != np.shape(param):
            raise ValueError(f"{func}: {name} in {path} has shape {arrays[name].shape} but the network has {np.shape(param)}; "
                             "build the network with the sizes it was saved with")
    unknown = sorted(arrays.keys() - trainer.network.params.keys() - buffer_places(trainer.network).keys())
    if unknown:
        raise ValueError(f"{func}: {path} has {unknown}, which the network has not; build the network as it was saved")


def _part(arrays, name):
    return {key[len(name) + 1:]: value for key, value in arrays.items() if key.startswith(f"{name}/")}


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value
