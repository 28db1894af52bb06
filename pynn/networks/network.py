"""What the book's networks share: parameters by name, layers in order, a loss at the end."""
import numpy as np

from ..gradient import mlp_numerical_gradient, numerical_gradient
from ..layers import Affine, BatchNormalization, Dropout, Relu, Sigmoid, SoftmaxWithLoss
from ..layers.block import in_blocks
from pynn.io import load_params, save_params


def _perceptron_behind(layers):
    """The affine layers that end the chain with one activation between them, and the activation's name."""
    names = {Relu: "relu", Sigmoid: "sigmoid"}
    layers = list(layers)
    affine, activation = [], None
    while layers and type(layers[-1]) is Affine:
        affine.insert(0, layers.pop())
        if not layers or type(layers[-1]) not in names or activation not in (None, type(layers[-1])):
            break
        activation = type(layers.pop())
    return affine, names.get(activation, "relu")


class Network:
    """A chain of layers whose parameters live in ``params``.

    A subclass calls ``super().__init__(dtype)``, then fills ``params``, ``layers`` (a dict or a list) and ``last_layer``, and
    ``owners``, which says whose each parameter is: ``{'W1': ('Affine1', 'W'), ...}``. Its gradient is then
    the attribute ``dW`` of layer ``Affine1``.

    ``params`` is the truth: every forward pass hands its arrays to the layers, so it makes no difference
    whether an array is updated in place or ``params['W1']`` is given another one.
    """

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise TypeError(f"{type(self).__name__}: dtype is {self.dtype}; it must be float32 or float64")
        self.params = {}
        self.layers = {}
        self.last_layer = None
        self.owners = {}
        self.last_loss = None

    def _image(self, input_dim):
        if np.shape(input_dim) != (3,):
            raise ValueError(f"{type(self).__name__}: input_dim is {input_dim}; it must be (channels, height, width)")
        return input_dim

    def _convolution(self, name, param):
        """The ``filter_num``, ``filter_size``, ``pad`` and ``stride`` of the argument `name`."""
        least = {"filter_num": 1, "filter_size": 1, "pad": 0, "stride": 1}
        missing = [key for key in least if key not in param]
        if missing:
            raise ValueError(f"{type(self).__name__}: {name} is {param}, without {' and '.join(missing)}; it must have "
                             "filter_num, filter_size, pad and stride")
        for key, smallest in least.items():
            if not isinstance(param[key], (int, np.integer)) or param[key] < smallest:
                raise ValueError(f"{type(self).__name__}: {name}[{key!r}] is {param[key]!r}; it must be an integer "
                                 f"of at least {smallest}")
        return [param[key] for key in least]

    def _pixels(self, input_dim, height, width):
        if min(height, width) < 1:
            raise ValueError(f"{type(self).__name__}: input_dim is {tuple(input_dim)}, of which the convolutions and poolings "
                             f"leave {height}x{width} pixels; the images must be larger")
        return height * width

    def predict(self, x):
        """Return the scores of every class, (N, classes), before the softmax, for x of shape (N, inputs)."""
        return self._forward(x, train_flg=False)

    def _forward(self, x, train_flg):
        for name, (key, attribute) in self.owners.items():
            setattr(self.layers[key], attribute, self.params[name])
        x = np.asarray(x).astype(self.dtype, casting="same_kind", copy=False)
        self._steps = in_blocks(self._chain())
        for step in self._steps:
            if isinstance(step, (BatchNormalization, Dropout)):
                x = step.forward(x, train_flg)
            else:
                x = step.forward(x)
        return x

    def _chain(self):
        return self.layers if isinstance(self.layers, list) else self.layers.values()

    def _training_loss(self, x, t):
        return self.loss(x, t)

    def loss(self, x, t):
        """Return the mean cross-entropy of softmax(predict(x)) against t, labels (N,) or one-hot (N, classes)."""
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x, t, batch_size=1000):
        """Return the fraction of samples whose highest score is at their label.

        The samples pass in batches, so a whole training set needs no more memory than one of them.
        """
        x, t = np.asarray(x), np.asarray(t)
        if t.ndim == 2 and t.shape[1] > 1:
            t = t.argmax(axis=1)
        if t.shape != x.shape[:1] or not t.size:
            raise ValueError(f"{type(self).__name__}.accuracy: t has shape {t.shape} for x of shape {x.shape}; "
                             "t must be labels (N,) or one-hot (N, classes) with N > 0")
        if batch_size < 1:
            raise ValueError(f"{type(self).__name__}.accuracy: batch_size is {batch_size}; it must be at least 1")
        hits = 0
        for start in range(0, len(t), batch_size):
            batch = slice(start, start + batch_size)
            hits += np.count_nonzero(self.predict(x[batch]).argmax(axis=1) == t[batch])
        return hits / len(t)

    def gradient(self, x, t):
        """Return the gradient of the loss for every parameter, by backpropagation (ch. 5.7)."""
        self._steps = self._chain()
        self.last_loss = self._training_loss(x, t)
        dout = self.last_layer.backward(1)
        for step in reversed(self._steps):
            dout = step.backward(dout)
        grads = {name: getattr(self.layers[key], "d" + attribute) for name, (key, attribute) in self.owners.items()}
        self._add_weight_decay(grads)
        return grads

    def _weight_decay(self):
        """What the loss has beyond the cross-entropy."""
        return 0

    def _add_weight_decay(self, grads):
        """Put new arrays into `grads` where `_weight_decay` has a derivative."""

    def numerical_gradient(self, x, t):
        """Return the gradient of the loss for every parameter, by central differences (ch. 4.4).

        The same differences as the book's. The parameters of the affine layers at the end of the network take no forward
        pass for each: `mlp_numerical_gradient` computes again only what a changed weight changes. All others, and all those
        of a network with dropout, whose loss is another every time, take the book's loop.
        """
        grads = self._incremental_gradient(x, t)
        return {name: grads[name] if name in grads else numerical_gradient(lambda _: self._training_loss(x, t), param)
                for name, param in self.params.items()}

    def _incremental_gradient(self, x, t):
        affine, activation = _perceptron_behind(self._chain())
        if not affine or any(isinstance(layer, Dropout) for layer in self._chain()):
            return {}
        loss = self._training_loss(x, t)        # leaves the features in the first affine layer
        if type(self.last_layer) is not SoftmaxWithLoss or loss != self.last_layer.loss + self._weight_decay():
            return {}                           # a subclass has a loss of its own, or it is NaN
        derivatives = iter(mlp_numerical_gradient(
            affine[0].x, t, [param for layer in affine for param in (layer.W, layer.b)], activation))
        of_layer = {layer: {"W": next(derivatives), "b": next(derivatives)} for layer in affine}
        grads = {name: of_layer[self.layers[key]][attribute] for name, (key, attribute) in self.owners.items()
                 if self.layers[key] in of_layer}
        self._add_weight_decay(grads)
        return grads

    def save_params(self, path):
        """Write the parameters to a file that `load_params` reads."""
        save_params(self.params, path)

    def load_params(self, path):
        """Copy the parameters of a file into the network's own arrays, converted to its dtype."""
        loaded = load_params(path)
        for name, param in self.params.items():
            if name not in loaded:
                raise ValueError(f"{type(self).__name__}.load_params: {path} has no {name}; it has {list(loaded)}")
            if loaded[name].shape != param.shape:
                raise ValueError(f"{type(self).__name__}.load_params: {name} in {path} has shape "
                                 f"{loaded[name].shape} but the network has {param.shape}; "
                                 "build the network with the sizes it was saved with")
        for name, param in self.params.items():
            param[...] = loaded[name]
