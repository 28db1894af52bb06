"""PyTorch and JAX: a step as each one's own tutorial would write it."""

import os

import numpy as np

from .networks import DEEP_FILTERS, LEARNING_RATE, Unavailable, batch, draw, reference


class Torch:
    channels_last = False

    def __init__(self):
        import torch
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.torch = torch

    def step(self, network, dtype, size, **options):
        torch, nn = self.torch, self.torch.nn
        book = draw(reference(), network, dtype, **options).params
        model = self._model(network, book)
        with torch.no_grad():
            for param, value in zip(model.parameters(), book.values()):
                param.data = torch.tensor(value.T if value.ndim == 2 else value)
        x, t = batch(network, dtype, size)
        x, labels = torch.from_numpy(x).clone(), torch.from_numpy(t.argmax(axis=1))
        if self.channels_last:
            model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

        def run():
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), labels).backward()
            optimizer.step()

        def params():
            return {key: param.detach().numpy().T if param.ndim == 2 else param.detach().numpy()
                    for key, param in zip(book, model.parameters())}

        return run, 1, params

    def _model(self, network, book):
        nn = self.torch.nn
        if network == "SimpleConvNet":
            return nn.Sequential(
                nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                nn.Linear(4320, 100), nn.ReLU(), nn.Linear(100, 10))
        if network == "DeepConvNet":
            layers, channels = [], 1
            for index, (number, pad) in enumerate(DEEP_FILTERS):
                layers += [nn.Conv2d(channels, number, 3, padding=pad), nn.ReLU()]
                layers += [nn.MaxPool2d(2)] if index % 2 else []
                channels = number
            return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 50), nn.ReLU(),
                                 self._dropout(), nn.Linear(50, 10), self._dropout())
        layers = [layer for key, W in book.items() if key.startswith("W")
                  for layer in (nn.Linear(*W.shape), nn.ReLU())]
        return nn.Sequential(*layers[:-1])

    def _dropout(self):
        """The book's dropout, drawn as the book draws it, so that results can be compared."""
        torch = self.torch

        class BookDropout(torch.nn.Module):
            def forward(self, x):
                return x * torch.from_numpy(np.random.rand(*x.shape) > 0.5)

        return BookDropout()


class TorchChannelsLast(Torch):
    """PyTorch with images and filters laid out channels last, as its performance guide advises for convolutions."""

    channels_last = True


class Jax:
    """A step as one jitted function, called from Python for every batch."""

    steps = 1

    def __init__(self):
        import jax
        jax.config.update("jax_enable_x64", True)
        self.jax = jax

    def step(self, network, dtype, size, **options):
        jax, jnp = self.jax, self.jax.numpy
        if "Conv" in network:
            raise Unavailable(f"{network} is not written for it")
        book = draw(reference(), network, dtype, **options).params
        depth = len(book) // 2
        x, t = map(jnp.asarray, batch(network, dtype, size))

        def loss(params):
            out = x
            for i in range(1, depth + 1):
                out = out @ params[f"W{i}"] + params[f"b{i}"]
                out = jax.nn.relu(out) if i < depth else out
            return -(t * jax.nn.log_softmax(out)).sum() / size

        def update(params):
            return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, params, jax.grad(loss)(params))

        step = jax.jit(self.repeat(update), donate_argnums=0)
        state = {key: jnp.array(value) for key, value in book.items()}

        def run():
            nonlocal state
            state = jax.block_until_ready(step(state))

        return run, self.steps, lambda: state

    def repeat(self, update):
        return update


class JaxScan(Jax):
    """Fifty steps in one jitted `lax.scan`: Python is out of the loop."""

    steps = 50

    def repeat(self, update):
        return lambda params: self.jax.lax.scan(
            lambda state, _: (update(state), None), params, length=self.steps)[0]
