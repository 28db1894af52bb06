"""Handwritten digits and clothes to learn from, data sets in files, and pictures of one's own.

Every loader of a data set returns ``(x_train, t_train), (x_test, t_test)`` as
the book's ``load_mnist`` does.  `load_digits` needs no download.
"""

from pynn.datasets.digits import load_digits
from pynn.datasets.idx import read_idx
from pynn.datasets.image import ImageSteps, load_image, plot_image_steps
from pynn.datasets.mapped import MappedImages, map_idx, map_images
from pynn.datasets.mnist import load_fashion_mnist, load_folder, load_idx_folder, load_mnist
from pynn.datasets.stream import DatasetError, DatasetWarning

__all__ = ["load_mnist", "load_fashion_mnist", "load_digits", "load_folder", "load_idx_folder",
           "load_image", "plot_image_steps", "ImageSteps", "read_idx",
           "map_idx", "map_images", "MappedImages", "DatasetError", "DatasetWarning"]
