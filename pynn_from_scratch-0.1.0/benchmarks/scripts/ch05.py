"""Chapter 5's training of a two-layer network on MNIST. Arguments: pynn or numpy, and how many iterations."""

import json
import sys

import numpy as np

if sys.argv[1] == "pynn":
    from pynn import TwoLayerNet, load_mnist
else:
    from plain import TwoLayerNet, load_mnist

np.random.seed(0)
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
network = TwoLayerNet(input_size=784, hidden_size=50, output_size=10)

iterations, batch_size, learning_rate = int(sys.argv[2]), 100, 0.1
epoch = len(x_train) // batch_size
losses, accuracies = [], []

for i in range(iterations):
    rows = np.random.choice(len(x_train), batch_size)
    x, t = x_train[rows], t_train[rows]
    grads = network.gradient(x, t)
    for name in "W1", "b1", "W2", "b2":
        network.params[name] -= learning_rate * grads[name]
    losses.append(network.loss(x, t))
    if i % epoch == 0:
        accuracies.append((network.accuracy(x_train, t_train), network.accuracy(x_test, t_test)))

print(json.dumps({"loss": float(losses[-1]), "train": float(accuracies[-1][0]), "test": float(accuracies[-1][1])}))
