"""784-100-10 on MNIST with pynn."""

import numpy as np
import pynn

(x_train, t_train), (x_test, t_test) = pynn.load_mnist()
network = pynn.TwoLayerNet(784, 100, 10, dtype=np.float32)
trainer = pynn.Trainer(network, x_train, t_train, x_test, t_test, epochs=3, mini_batch_size=100, optimizer="Adam",
                       optimizer_param={"lr": 0.002}, evaluate_sample_num_per_epoch=1000, verbose=False)
print(trainer.train())
