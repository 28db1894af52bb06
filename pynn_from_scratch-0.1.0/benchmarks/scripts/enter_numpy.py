"""784-100-10 on MNIST with the book's classes in NumPy."""

import numpy as np
from benchmarks.peers import reference
from digits import load

book = reference()
(x_train, t_train), (x_test, t_test) = load()
network, optimizer = book.TwoLayerNet(784, 100, 10, dtype=np.float32), book.Adam(lr=0.002)
labels = np.eye(10, dtype=np.float32)[t_train]

for _ in range(3 * len(x_train) // 100):
    rows = np.random.choice(len(x_train), 100)
    optimizer.update(network.params, network.gradient(x_train[rows], labels[rows]))

print(network.accuracy(x_test, t_test))
