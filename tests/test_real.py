"""Training to the book's figures on MNIST: ``make test-real``."""

import numpy as np
import pytest

from pynn import Trainer, TwoLayerNet, load_mnist
from pynn.datasets import DatasetError

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def mnist():
    try:
        return load_mnist(normalize=True, flatten=True)
    except (DatasetError, ImportError) as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_layer_net(mnist, dtype):
    """10,000 batches at a rate of 0.1 reach about 97 % (section 5.7.4)."""
    np.random.seed(0)
    (x_train, t_train), (x_test, t_test) = mnist
    net = TwoLayerNet(784, 50, 10, dtype=dtype)
    trainer = Trainer(net, x_train, t_train, x_test, t_test, epochs=10_000 / 600, optimizer_param={"lr": 0.1})
    assert trainer.max_iter == 10_000
    assert trainer.train() > 0.968
