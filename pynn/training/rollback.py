"""The way back from a diverged training: to the last parameters whose loss was finite."""

import numpy as np

from pynn.training import state

_EVERY = 100        # steps between two states that are kept: copies that cost nothing then


class Rollback:
    """A state of the training now and then, and the learning rates since: the steps between are taken again when they are needed.
    """

    def __init__(self):
        self.forget()

    def forget(self):
        """Begin anew: the network may be another than when its state was kept."""
        self.kept = None
        self.rates = []

    def state_if_due(self, trainer):
        """What a step is about to change, copied, if it is time for that; else None."""
        if self.kept is not None and trainer.current_iter - self.kept["step"] < _EVERY:
            return None
        trainer._draws.settle(trainer)
        trainer.ranks.keep_together(trainer, begins=self.kept is None)
        arrays, facts = state.object_state(trainer.optimizer, "optimizer")
        return {"step": trainer.current_iter,
                "network": {name: np.array(value) for name, value in trainer.network_state().items()},
                "optimizer": ({name: np.array(value) for name, value in arrays.items()}, facts),
                "random": [state.random_state(None), trainer.rng and state.random_state(trainer.rng)]}

    def begin_step(self, trainer, before):
        """Keep `before`, if it is a state, and the rate of the step: its loss is known to be finite."""
        if before is not None:
            self.kept, self.rates = before, []
        self.rates.append(getattr(trainer.optimizer, "lr", None))

    def return_to(self, trainer, step):
        """Give the trainer the state it had after `step` steps, by the same batches and updates; leave it if that is not known."""
        if self.kept is None or step < self.kept["step"]:
            return
        state.restore_network(trainer.network, self.kept["network"])
        state.restore_object(trainer.optimizer, "optimizer", *self.kept["optimizer"])
        for rng, kept in zip((None, trainer.rng), self.kept["random"]):
            if kept:
                state.restore_random_state(rng, kept)
        steps = step - self.kept["step"]
        for rate in self.rates[:steps]:
            _set_rate(trainer, rate)
            trainer.optimizer.update(trainer.network.params, trainer.gradient_of_a_batch()[0])
        _set_rate(trainer, self.rates[steps])
        del self.rates[steps:]
        trainer.current_iter = step
        del trainer.train_loss_list[step:]


def _set_rate(trainer, rate):
    if rate is not None:
        trainer.optimizer.lr = rate
