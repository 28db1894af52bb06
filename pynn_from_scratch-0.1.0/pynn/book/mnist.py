"""Names of the book's ``dataset/mnist.py`` beside `load_mnist`, for scripts that reach for them."""

import pickle
from pathlib import Path

from pynn.datasets.fetch import NAMES, cache_home
from pynn.datasets.mnist import load_mnist

__all__ = ["dataset_dir", "img_dim", "img_size", "init_mnist", "key_file", "save_file", "test_num", "train_num"]

key_file = dict(zip(("train_img", "train_label", "test_img", "test_label"), (f"{name}.gz" for name in NAMES)))
dataset_dir = str(cache_home() / "mnist")
save_file = f"{dataset_dir}/mnist.pkl"
train_num, test_num = 60_000, 10_000
img_dim, img_size = (1, 28, 28), 784


def init_mnist():
    """Write MNIST to `save_file` as the book's pickle: a dict of uint8 images (N, 784) and labels (N,)."""
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=False)
    Path(save_file).parent.mkdir(parents=True, exist_ok=True)
    with open(save_file, "wb") as file:
        pickle.dump(dict(zip(key_file, (x_train, t_train, x_test, t_test))), file, -1)
