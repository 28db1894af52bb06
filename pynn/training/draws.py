"""The batches' rows, drawn as the book draws them, and several batches by one call where nobody can tell."""

import numpy as np

from pynn.layers.regularization import Dropout
from pynn.networks.network import Network
from pynn.training import state

_AHEAD = 50         # batches of a call


class Draws:
    """Which rows the next batch has.

    To draw a hundred numbers takes a generator as long as a small network takes for a forward pass, and a call that draws fifty batches
    gives the numbers of fifty calls. Until they are used up the generator is ahead: whoever looks at it calls `settle` before.
    """

    def __init__(self):
        self._drawn = []
        self._used = 0
        self._before = None         # the generator's state before it drew them

    def rows(self, trainer, following=1):
        """The numbers of the next batch's rows; so many batches, this one included, are sure to follow each other."""
        if self._used == len(self._drawn):
            batches = min(following, _AHEAD)
            self._before = state.random_state(trainer.rng) if batches > 1 else None
            self._drawn, self._used = _draw(trainer, batches), 0
        self._used += 1
        return self._drawn[self._used - 1]

    def settle(self, trainer):
        """Give the generator the state that it has when only the batches that were used are drawn."""
        if self._used < len(self._drawn):
            state.restore_random_state(trainer.rng, self._before)
            _draw(trainer, self._used)
        self._drawn, self._used = [], 0


def _draw(trainer, batches):
    # what np.random.choice(train_size, batch_size) draws, in half its time
    rng = np.random if trainer.rng is None else trainer.rng
    draw = getattr(rng, "integers", None) or rng.randint
    return draw(trainer.train_size, size=(batches, trainer.batch_size))


def leaves_draws_alone(trainer):
    """Whether nothing in a training but its batches draws random numbers, or looks whether they were drawn: all is pynn's, without dropout."""
    network = trainer.network
    return not trainer.callbacks and isinstance(network, Network) and all(
        type(thing).__module__.startswith("pynn.") and not isinstance(thing, Dropout)
        for thing in (trainer, trainer.optimizer, network, network.last_layer, *network.layers.values()))
