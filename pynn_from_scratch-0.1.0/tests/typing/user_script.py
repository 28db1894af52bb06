"""A reader's script, for type checkers: book style, an own layer, training with callbacks, files, pictures, checks.

It also runs: tests/test_typing.py looks at what comes out, and at the dtypes, of which NumPy's stubs know too little.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import pynn


# ---- chapters 2 to 4: functions ----

def chapter_3() -> float:
    step: int = pynn.AND(1, 0)
    table = pynn.XOR([0, 1, 0, 1], [0, 0, 1, 1])
    x = np.array([-1.0, 1.0, 2.0], np.float32)
    halved, squashed = x / 2, 1 / (1 + np.exp(-x))      # float64 to NumPy's stubs, float32 when they run
    y = pynn.softmax(pynn.relu(halved) + pynn.sigmoid(squashed) + pynn.step_function([1, 2, 3]))
    assert pynn.ThreeLayerNet().accuracy(np.zeros((2, 2)), [0, 1]) <= 1
    rounded: float = round(pynn.sigmoid(0.3), 3)
    losses: list[float] = [pynn.cross_entropy_error(y, [0, 0, 1]), pynn.mean_squared_error(y, [0, 0, 1])]
    product = pynn.matmul([[1, 2], [3, 4]], np.ones((2, 2)))
    return sum(losses) + rounded + step + float(table.sum() + product.mean() + y.max())


def chapter_4() -> NDArray[np.float64]:
    def f(x: NDArray[Any]) -> float:
        return float(x[0] ** 2 + x[1] ** 2)

    slope: float = pynn.numerical_diff(lambda x: 0.01 * x ** 2 + 0.1 * x, 5)
    gradient = pynn.numerical_gradient(f, np.array([3.0, slope]))
    end, path = pynn.gradient_descent(f, [-3.0, 4.0], lr=0.1, step_num=20)
    return np.concatenate([gradient, end, path[-1]])


# ---- chapters 5 to 7: layers and networks in the book's style ----

class BookNet:
    """The network of chapter 5, written out."""

    def __init__(self, sizes: tuple[int, int, int]) -> None:
        inputs, hidden, outputs = sizes
        self.params = {"W1": 0.1 * np.random.randn(inputs, hidden), "b1": np.zeros(hidden),
                       "W2": 0.1 * np.random.randn(hidden, outputs), "b2": np.zeros(outputs)}
        self.layers: OrderedDict[str, Any] = OrderedDict()
        self.layers["Affine1"] = pynn.Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = pynn.Relu()
        self.layers["Affine2"] = pynn.Affine(self.params["W2"], self.params["b2"])
        self.last_layer = pynn.SoftmaxWithLoss()

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: NDArray[Any], t: NDArray[Any]) -> float:
        return float(self.last_layer.forward(self.predict(x), t))

    def accuracy(self, x: NDArray[Any], t: NDArray[Any]) -> float:
        return float(np.mean(self.predict(x).argmax(axis=1) == t))

    def gradient(self, x: NDArray[Any], t: NDArray[Any]) -> dict[str, NDArray[Any]]:
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        affine: pynn.Affine = self.layers["Affine1"]
        return {"W1": affine.dW, "b1": affine.db, "W2": self.layers["Affine2"].dW, "b2": self.layers["Affine2"].db}


def chapter_5(x: NDArray[Any], t: NDArray[Any]) -> list[float]:
    network = BookNet((x.shape[1], 20, 10))
    optimizer = pynn.Momentum(lr=0.1)
    losses = []
    for _ in range(20):
        batch = np.random.choice(len(x), 50)
        grads = network.gradient(x[batch], t[batch])
        optimizer.update(network.params, grads)
        losses.append(network.loss(x[batch], t[batch]))
    optimizer.lr *= 0.5
    trainer = pynn.Trainer(network, x, t, epochs=1, optimizer=optimizer, verbose=False)
    trainer.train()
    return losses + trainer.train_loss_list + [optimizer.v["W1"].max()]


def chapter_7() -> tuple[int, ...]:
    images = np.random.rand(2, 1, 12, 12)
    network = pynn.SimpleConvNet((1, 12, 12), {"filter_num": 3, "filter_size": 3, "pad": 0, "stride": 1}, hidden_size=5)
    network.layers["Conv1"].W *= 0.5
    network.params["b1"] += 1
    scores = network.predict(images)
    shown = network.input_gradient(images, [1, 2])
    columns = pynn.im2col(images, 3, 3)
    return (*scores.shape, *columns.shape, *shown.shape, *network.layers[0].x.shape, network.summary().params)


# ---- beyond the book: an own layer, an own loss, an own callback ----

class Scale:
    """A layer of one's own with one parameter."""

    def __init__(self, size: int) -> None:
        self.W = np.ones(size)
        self.dW = np.zeros(size)
        self.x = np.zeros((0, size))

    def forward(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        self.x = x
        return x * self.W

    def backward(self, dout: NDArray[np.float64]) -> NDArray[np.float64]:
        self.dW = (dout * self.x).sum(axis=0)
        return dout * self.W


class AbsoluteError:
    """A loss of one's own."""

    metric = "rmse"

    def forward(self, y: NDArray[np.float64], t: NDArray[np.float64]) -> float:
        self.sign = np.sign(y - t)
        return float(np.abs(y - t).mean())

    def backward(self, dout: float = 1) -> NDArray[np.float64]:
        return dout * self.sign / self.sign.size


class Diary(pynn.Callback):
    """A callback of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_epoch(self, trainer: pynn.Trainer) -> None:
        self.losses.append(trainer.history["loss"][-1])


def classify(x: NDArray[Any], t: NDArray[Any], folder: Path) -> float:
    network = pynn.Sequential([pynn.Affine.of(x.shape[1], 30), pynn.BatchNormalization.of(30), Scale(30), pynn.Tanh(),
                               pynn.Dropout(0.1), pynn.Affine.of(30, 10, "xavier", bias=False)])
    diary = Diary()
    trainer = pynn.Trainer(network, x, t, epochs=3, optimizer="AdamW", optimizer_param={"lr": 0.01}, verbose=False,
                           validation_split=0.2, callbacks=[diary, pynn.EarlyStopping(patience=2), pynn.CosineDecay()],
                           on_step=lambda trainer: trainer.current_iter, clip_norm=5.0, rng=np.random.default_rng(0),
                           checkpoint=folder / "training.npz")
    trainer.train()
    trainer.load(folder / "training.npz")
    network.save_params(folder / "weights.npz")
    network.load_params(str(folder / "weights.npz"))
    pynn.save_params({"W": network.params["W1"], "b": [1.0, 2.0]}, folder / "some.npz")
    weights = pynn.load_params(folder / "some.npz")
    rates = pynn.find_lr(network, x, t, steps=12)
    probabilities = network.predict_proba(x[:5])
    names = [name for name in network.layers.keys()]
    return network.accuracy(x, t) + float(weights["b"].sum() + probabilities[0, 0]) + rates.suggestion + len(names) + diary.losses[-1]


def regress(x: NDArray[Any]) -> float:
    target = x[:, :1] - x[:, 1:2]
    network = pynn.Sequential({"hidden": pynn.Affine.of(x.shape[1], 8), "relu": pynn.LeakyRelu(0.1),
                               "out": pynn.Affine.of(8, 1)}, loss=AbsoluteError(), dtype=np.float32)
    network.fit(x, target, epochs=2, lr=0.01, validation_split=0.1).score(x, target)
    network.last_layer = pynn.IdentityWithLoss(mean=True)
    return network.rmse(x, target) + float(network.loss(x, target))


def check() -> bool:
    network = pynn.TwoLayerNet(4, 5, 3)
    report = pynn.gradient_check(network, np.random.rand(6, 4), np.array([0, 1, 2, 0, 1, 2]))
    worst = max(parameter.error for parameter in report.parameters)
    with pynn.num_threads(1):
        network.numerical_gradient(np.random.rand(2, 4), [0, 1])
    return bool(report) and worst < 1e-4


def own_picture() -> NDArray[Any]:
    paper = np.full((60, 50), 255, np.uint8)
    paper[10:50, 22:28] = 0
    steps = pynn.load_image(paper, steps=True)
    assert steps.centred.mean() > 0
    return pynn.load_image(paper)


def data(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    if name == "mnist":
        (x_train, t_train), (x_test, t_test) = pynn.load_mnist(normalize=True, one_hot_label=True, data_home="dataset")
        return np.concatenate([x_train, x_test]), np.concatenate([t_train, t_test])
    (x_train, t_train), _ = pynn.load_digits()
    return pynn.shuffle_dataset(x_train, t_train)


if TYPE_CHECKING:       # what a checker must refuse: each comment is an error itself if pynn takes the line
    pynn.load_digit()                                       # type: ignore[attr-defined]
    pynn.Affine.of("4", 3)                                  # type: ignore[arg-type]
    pynn.Sequential([pynn.Relu])                            # type: ignore[list-item]
    pynn.Trainer(pynn.Relu(), [[1.0]], [0])                 # type: ignore[arg-type]
    pynn.softmax(None)                                      # type: ignore[arg-type]
    pynn.TwoLayerNet(4, 5, 3).gradients([[1.0]], [0])       # type: ignore[attr-defined]


def main() -> dict[str, Any]:
    np.random.seed(0)
    x, t = data("digits")
    with tempfile.TemporaryDirectory() as folder:
        score = classify(x[:300], t[:300], Path(folder))
    return {"chapter_3": chapter_3(), "chapter_4": chapter_4(), "chapter_5": chapter_5(x[:300], t[:300]),
            "chapter_7": chapter_7(), "classify": score, "regress": regress(x[:300]), "check": check(),
            "own_picture": own_picture()}


if __name__ == "__main__":
    print(main())
