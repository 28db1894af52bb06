"""The book's networks, and the base to build one's own."""

from pynn.networks.deep_convnet import DeepConvNet as DeepConvNet
from pynn.networks.multi_layer_net import MultiLayerNet as MultiLayerNet
from pynn.networks.multi_layer_net_extend import MultiLayerNetExtend as MultiLayerNetExtend
from pynn.networks.network import Network as Network
from pynn.networks.network import Sequential as Sequential
from pynn.networks.simple_convnet import SimpleConvNet as SimpleConvNet
from pynn.networks.simple_net import SimpleNet as SimpleNet
from pynn.networks.three_layer_net import ThreeLayerNet as ThreeLayerNet
from pynn.networks.two_layer_net import TwoLayerNet as TwoLayerNet

__all__ = ["DeepConvNet", "MultiLayerNet", "MultiLayerNetExtend", "Network", "Sequential", "SimpleConvNet", "SimpleNet",
           "ThreeLayerNet", "TwoLayerNet"]
