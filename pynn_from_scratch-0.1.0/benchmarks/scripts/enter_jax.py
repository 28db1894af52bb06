"""784-100-10 on MNIST with JAX: a jitted step of Adam, called for every batch."""

import jax
import jax.numpy as jnp
import numpy as np
from digits import load

(x_train, t_train), (x_test, t_test) = load()
rng = np.random.default_rng()


def dense(inputs, outputs):
    return jnp.asarray(rng.standard_normal((inputs, outputs), "float32") * np.sqrt(2 / inputs)), jnp.zeros(outputs)


def predict(params, x):
    (W1, b1), (W2, b2) = params
    return jax.nn.relu(x @ W1 + b1) @ W2 + b2


def loss(params, x, t):
    return -jnp.take_along_axis(jax.nn.log_softmax(predict(params, x)), t[:, None], axis=1).mean()


@jax.jit
def step(params, m, v, i, x, t):
    grads = jax.grad(loss)(params, x, t)
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    rate = 0.002 * jnp.sqrt(1 - 0.999 ** i) / (1 - 0.9 ** i)
    return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), params, m, v), m, v


params = [dense(784, 100), dense(100, 10)]
m = v = jax.tree.map(jnp.zeros_like, params)
i = 0
for _ in range(3):
    order = rng.permutation(len(x_train))
    for rows in order.reshape(-1, 100):
        i += 1
        params, m, v = step(params, m, v, float(i), x_train[rows], t_train[rows].astype("int32"))

print(float((predict(params, x_test).argmax(axis=1) == t_test).mean()))
