"""Own data, an own layer, regression, early stopping, saving, going on, a picture."""
import numpy as np
import pynn
from pynn import Affine, EarlyStopping, IdentityWithLoss, Sequential, Tanh, Trainer


class Sine:
    def forward(self, x):
        self.x = x
        return np.sin(x)

    def backward(self, dout):
        return dout * np.cos(self.x)


def network():
    return Sequential([Affine.of(3, 32), Tanh(), Affine.of(32, 32), Sine(), Affine.of(32, 1)], IdentityWithLoss(mean=True))


table = np.loadtxt("houses.csv", delimiter=",", skiprows=1)
x, t = (table[:, :3] - table[:, :3].mean(0)) / table[:, :3].std(0), table[:, 3:]

np.random.seed(0)
trainer = Trainer(network(), x, t, validation_split=0.2, epochs=100, mini_batch_size=32, optimizer="Adam",
                  optimizer_param={"lr": 0.003}, callbacks=[EarlyStopping(patience=10)])
trainer.train()
trainer.network.save_params("houses.npz")

again = network()
again.load_params("houses.npz")
again.fit(x, t, epochs=10, lr=0.001)
print(again.score(x, t))
pynn.plot.plot_history(trainer)[0].figure.savefig("history.png")
