"""784-100-10 on MNIST with scikit-learn."""

from digits import load
from sklearn.neural_network import MLPClassifier

(x_train, t_train), (x_test, t_test) = load()
network = MLPClassifier(hidden_layer_sizes=(100,), solver="adam", learning_rate_init=0.002, batch_size=100, max_iter=3,
                        alpha=0)
network.fit(x_train, t_train)
print(network.score(x_test, t_test))
