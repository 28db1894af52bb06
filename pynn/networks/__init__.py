"""The book's networks, assembled from the layers."""
from .simple_net import SimpleNet
from .three_layer_net import ThreeLayerNet
from .two_layer_net import TwoLayerNet

__all__ = ["SimpleNet", "ThreeLayerNet", "TwoLayerNet"]
