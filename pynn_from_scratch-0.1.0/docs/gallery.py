"""Draw the pictures of docs/gallery.md, on the 8x8 digits: python docs/gallery.py"""

import copy
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt     # noqa: E402
import numpy as np                  # noqa: E402

import pynn                         # noqa: E402

FOLDER = Path(__file__).parent / "images" / "gallery"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    plt.style.use("pynn.notebook")
    for draw in (apples, sigmoid, branch, affine, layers, dense, convolutional, surface, learning_rates, plane):
        np.random.seed(0)
        draw()


def save(name, axes):
    figure = np.ravel(axes)[0].figure
    figure.savefig(FOLDER / f"{name}.png", dpi=90, metadata={"Software": None})
    plt.close(figure)


def apples():
    apple, apples, orange, oranges = (pynn.plot.Node(*pair) for pair in
                                      ((100, "apple price"), (2, "apples"), (150, "orange price"), (3, "oranges")))
    tax = pynn.plot.Node(1.1, "tax")
    price = (apple * apples + orange * oranges) * tax
    price.name = "price"
    pynn.plot.graph(price).save(FOLDER / "apples.svg")


def sigmoid():
    y = 1 / (1 + np.exp(-pynn.plot.Node(0.5, "x")))
    y.name = "y"
    pynn.plot.graph(y).save(FOLDER / "sigmoid.svg")


def branch():
    x = pynn.plot.Node(3, "x")
    z = x * x
    z.name = "z"
    pynn.plot.graph(z).save(FOLDER / "branch.svg")


def affine():
    x, W, b = pynn.plot.Node([[1, 2], [3, 4]], "x"), pynn.plot.Node([[1, -1, 0.5], [0, 2, 1]], "W"), pynn.plot.Node([1, -6, 2], "b")
    loss = np.sum(np.maximum(np.dot(x, W) + b, 0))
    loss.name = "loss"
    pynn.plot.graph(loss).save(FOLDER / "affine.svg")


def layers():
    (x, t), _ = pynn.load_digits(flatten=False)
    net = convnet()
    pynn.plot.graph(net, x[:100], t[:100]).save(FOLDER / "network.svg")


def convnet():
    return pynn.SimpleConvNet((1, 8, 8), {"filter_num": 8, "filter_size": 3, "pad": 1, "stride": 1}, hidden_size=40,
                              weight_init_std=0.1)


def dense():
    (x, t), (x_test, t_test) = pynn.load_digits()
    net = pynn.MultiLayerNet(64, [50, 50, 50], 10)
    trainer = pynn.Trainer(net, x, t, x_test, t_test, epochs=12, mini_batch_size=100, optimizer="Adam",
                           optimizer_param={"lr": 0.003}, verbose=False)
    trainer.train()
    save("history", pynn.plot.plot_history(trainer))
    save("confusion_matrix", pynn.plot.plot_confusion_matrix(net, x_test, t_test))
    save("misclassified", pynn.plot.show_misclassified(net, x_test, t_test))
    save("weight_histograms", pynn.plot.plot_weight_histograms(net))
    save("activation_histograms", pynn.plot.plot_activation_histograms(net, x_test))
    save("units", pynn.plot.show_filters(net))


def convolutional():
    (x, t), (x_test, _) = pynn.load_digits(flatten=False)
    net = convnet().fit(x, t, epochs=15)
    save("filters", pynn.plot.show_filters(net))
    save("feature_maps", pynn.plot.show_feature_maps(net, x_test[3]))


def surface():
    (x, t), _ = pynn.load_digits()
    x, t = x[:300], t[:300]
    start = pynn.TwoLayerNet(64, 20, 10, weight_init_std=0.1)
    paths = {}
    for optimizer in (pynn.SGD(lr=0.5), pynn.Momentum(lr=0.1), pynn.Adam(lr=0.02)):
        net = copy.deepcopy(start)
        path = paths[type(optimizer).__name__] = [copy.deepcopy(net.params)]
        for _ in range(60):
            optimizer.update(net.params, net.gradient(x, t))
            path.append(copy.deepcopy(net.params))
    save("loss_surface_paths", pynn.plot.plot_loss_surface(net, x, t, paths))
    save("loss_surface", pynn.plot.plot_loss_surface(net, x, t))


def learning_rates():
    (x, t), _ = pynn.load_digits()
    save("learning_rates", pynn.plot.plot_learning_rates(pynn.find_lr(pynn.TwoLayerNet(64, 50, 10, weight_init_std=0.1), x, t)))


def plane():
    _, axes = plt.subplots(ncols=2, figsize=(8, 3.6))
    pynn.plot.plot_decision_boundary(pynn.XOR, ax=axes[0]).set_title("XOR of two layers of gates")
    f = lambda x, y: x ** 2 / 20 + y ** 2           # noqa: E731
    params, optimizer, path = {"x": np.array(-7.0), "y": np.array(2.0)}, pynn.SGD(lr=0.95), []
    for _ in range(30):
        path.append([float(params["x"]), float(params["y"])])
        optimizer.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})
    pynn.plot.plot_path(f, path, ax=axes[1]).set_title("SGD zigzags")
    axes[1].locator_params(nbins=5)
    save("plane", axes)


if __name__ == "__main__":
    main()
