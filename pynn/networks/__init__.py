"""The book's networks, assembled from the layers."""
from .deep_convnet import DeepConvNet
from .multi_layer_net import MultiLayerNet
from .multi_layer_net_extend import MultiLayerNetExtend
from .simple_convnet import SimpleConvNet
from .simple_net import SimpleNet
from .three_layer_net import ThreeLayerNet
from .two_layer_net import TwoLayerNet

__all__ = ["DeepConvNet", "MultiLayerNet", "MultiLayerNetExtend", "SimpleConvNet", "SimpleNet", "ThreeLayerNet",
           "TwoLayerNet"]
