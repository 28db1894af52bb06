"""The book's ``common/trainer.py``; the rest of training is in `pynn.training`."""

from pynn.training.trainer import Trainer as Trainer

__all__ = ["Trainer"]
