"""Files: the parameters of a network, the state of a training, and writing both whole or not at all."""

from pynn.io.weights import load_params as load_params
from pynn.io.weights import save_params as save_params
