"""The training loop (section 4.5.2) as an object: draw a batch, descend, keep count."""

import math
import time
import warnings

import numpy as np

from pynn import optimizer as optimizers
from pynn.training import state
from pynn.training.callbacks import Callback, Checkpoint
from pynn.training.divergence import DivergenceWarning, explain
from pynn.training.interrupt import between_steps
from pynn.training.progress import Progress, figures
from pynn.training.schedules import Schedule
