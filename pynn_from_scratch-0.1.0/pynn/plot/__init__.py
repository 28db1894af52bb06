"""Pictures of what a chapter talks about.

`graph` draws computational graphs as SVG and needs nothing. All others are in Matplotlib's manner: they draw on `ax` (or `axes`) and return it.
``plot_...`` draws curves and maps, ``show_...`` images. What a network shows afterwards is what it showed before.

Matplotlib is imported when a picture is drawn; ``pip install "pynn-from-scratch[plot]"`` installs it. All labels are in letters that every
font has. For titles in Chinese, Japanese or Korean give Matplotlib a list to fall back on, whose second font has them:
``plt.rcParams["font.family"] = ["DejaVu Sans", "Microsoft YaHei"]``. It looks in the second only for lists in ``font.family``, not for
those in ``font.sans-serif``, and not in titles with ``$``.
"""

from pynn.plot.activations import plot_activation_histograms as plot_activation_histograms
from pynn.plot.computational_graph.draw import graph as graph
from pynn.plot.computational_graph.node import Node as Node
from pynn.plot.confusion import plot_confusion_matrix as plot_confusion_matrix
from pynn.plot.decision_boundary import plot_decision_boundary as plot_decision_boundary
from pynn.plot.feature_maps import show_feature_maps as show_feature_maps
from pynn.plot.filters import show_filters as show_filters
from pynn.plot.history import plot_history as plot_history
from pynn.plot.images import show_images as show_images
from pynn.plot.images import show_misclassified as show_misclassified
from pynn.plot.learning_rates import plot_learning_rates as plot_learning_rates
from pynn.plot.loss_surface import plot_loss_surface as plot_loss_surface
from pynn.plot.path import plot_path as plot_path
from pynn.plot.tangent import plot_tangent as plot_tangent
from pynn.plot.weights import plot_weight_histograms as plot_weight_histograms

__all__ = ["Node", "graph", "plot_activation_histograms", "plot_confusion_matrix", "plot_decision_boundary", "plot_history",
           "plot_learning_rates", "plot_loss_surface", "plot_path", "plot_tangent", "plot_weight_histograms", "show_feature_maps",
           "show_filters", "show_images", "show_misclassified"]
