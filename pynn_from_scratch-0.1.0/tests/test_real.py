"""Training to the book's figures on MNIST: ``make test-real``."""

import numpy as np
import pytest

from pynn import DeepConvNet, SimpleConvNet, Trainer, TwoLayerNet, load_mnist
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


# Seeds 0 to 3 reached 98.45, 98.08, 98.71 and 98.54 %, the deep network 98.57, 98.53, 98.69 and 98.59 %. Another
# processor's rounding makes a training as different as another seed does, so the bounds lie below all by more than they spread.
@pytest.mark.parametrize("network, epochs, accuracy", [(SimpleConvNet, 4, 0.975), (DeepConvNet, 2, 0.982)])
def test_convolutional_nets(mnist, network, epochs, accuracy):
    """On a budget; all 20 epochs reach about 98.9 % (section 7.5) and more than 99.3 % (section 8.1.1)."""
    np.random.seed(0)
    (x_train, t_train), (x_test, t_test) = mnist
    x_train, x_test = x_train.reshape(-1, 1, 28, 28), x_test.reshape(-1, 1, 28, 28)
    trainer = Trainer(network(dtype=np.float32), x_train, t_train, x_test, t_test, epochs, optimizer="Adam",
                      optimizer_param={"lr": 0.001}, evaluate_sample_num_per_epoch=1000, loss_after_update=False)
    assert trainer.train() > accuracy
