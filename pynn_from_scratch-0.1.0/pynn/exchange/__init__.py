"""Networks for other libraries, and from them: ONNX, PyTorch, Keras.

Each function imports its library when it is called: ``pip install "pynn-from-scratch[onnx]"``, ``[torch]``, ``[keras]``.
docs/exchange.md says what becomes what.
"""

from pynn.exchange.keras_weights import load_keras_weights as load_keras_weights
from pynn.exchange.onnx_reading import load_onnx as load_onnx
from pynn.exchange.onnx_writing import export_onnx as export_onnx
from pynn.exchange.torch_reading import from_torch as from_torch
from pynn.exchange.torch_weights import load_torch_weights as load_torch_weights
from pynn.exchange.torch_writing import to_torch as to_torch

__all__ = ["export_onnx", "from_torch", "load_keras_weights", "load_onnx", "load_torch_weights", "to_torch"]
