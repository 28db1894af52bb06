"""Training: the loop of section 4.5 as an object, and what may watch and steer it."""

from pynn.training.callbacks import Callback as Callback
from pynn.training.callbacks import EarlyStopping as EarlyStopping
from pynn.training.divergence import DivergenceWarning as DivergenceWarning
from pynn.training.lr_finder import find_lr as find_lr
from pynn.training.schedules import CosineDecay as CosineDecay
from pynn.training.schedules import ReduceLROnPlateau as ReduceLROnPlateau
from pynn.training.schedules import StepDecay as StepDecay
from pynn.training.trainer import Trainer as Trainer

__all__ = ["Callback", "CosineDecay", "DivergenceWarning", "EarlyStopping", "ReduceLROnPlateau", "StepDecay", "Trainer",
           "find_lr"]
