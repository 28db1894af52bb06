"""What a training shows of itself while it runs."""

import time

_FORMAT = "{desc} {percentage:3.0f}%|{bar:10}| {remaining}{postfix}"     # leaves room for the figures at 80 columns


class Progress:
    """A progress bar where tqdm is installed: in a terminal, or as a widget in a notebook.

    Parameters
    ----------
    total : int
        Steps.
    show : bool
        False shows nothing.
    """

    def __init__(self, total, show):
        self.bar = _bar(total) if show else None
        self.shown = 0.0

    def step(self, trainer):
        """A step is done."""
        if self.bar is None:
            return
        now = time.monotonic()
        if now - self.shown > 0.1:          # more often nobody can read
            self.shown = now
            self.show(trainer)
        self.bar.update()

    def show(self, trainer):
        """Bring the figures up to date."""
        if self.bar is not None:
            self.bar.set_description_str(f"epoch {trainer.current_epoch}", refresh=False)
            self.bar.set_postfix_str(figures(trainer), refresh=False)

    def close(self, trainer):
        """The last state stays on the screen."""
        if self.bar is not None:
            self.show(trainer)
            self.bar.close()


def figures(trainer):
    """``loss 0.1234, test acc 0.9712``: the last loss, and the last of each figure that was measured."""
    parts = [f"loss {trainer.train_loss_list[-1]:.4f}"] if trainer.train_loss_list else []
    parts += [f"{name.replace('_', ' ')} {value:.4f}" for name, value in trainer.latest.items()]
    return ", ".join(parts)


def _bar(total):
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=total, unit="step", bar_format=_FORMAT, dynamic_ncols=True)
