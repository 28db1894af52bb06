#!/usr/bin/env bash
# jax 0.10.2, mlx 0.32.4, numpy 2.4.6
# Guess: a draw in half precision is one in float32, rounded: weights have a normal distribution, what has a probability of 0.001 comes once in a
#        thousand, and of 5,000 equal classes each is drawn.
# Seen:  JAX draws in the dtype itself. A million normal weights in bfloat16 are 128 numbers, none beyond 2.9; bernoulli(0.001) is true 7.7 times in
#        a thousand (its page warns of float32 below 1e-7); categorical draws a class of 0.001 half as often from logits of float16 or
#        bfloat16; choice with 5,000 equal probabilities of float16, whose sum it takes in float16, never draws four fifths of the
#        classes. MLX draws in float32, and is right.
# So:    draw in float32 or float64 and round afterwards, as pynn's `of` does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2 mlx==0.32.4 mlx-cpu==0.32.4
venv/bin/python -W ignore - <<'PYTHON'
import sys

import jax
import jax.numpy as jnp
import mlx.core as mx
import numpy as np

N = 1_000_000
KEY, MLX_KEY = jax.random.key(0), mx.random.key(0)
RARE = np.log(np.array([0.999, 0.001], np.float32))


def check(what, seen, described):
    low, high = described if isinstance(described, tuple) else (described, described)
    print(f"{what}: {seen}")
    if not low <= seen <= high:
        sys.exit(f"changed: {what} was {described}")


def normals(what, x, numbers, largest):
    x = np.asarray(x, np.float32)
    check(f"{what}, numbers among a million normal ones", len(np.unique(x)), numbers)
    check(f"{what}, the largest", round(float(np.abs(x).max()), 2), largest)


def in_a_thousand(what, draws, described):
    check(f"{what}, in a thousand", round(1000 * float(np.asarray(draws, np.float32).mean()), 2), described)


right = 0.85, 1.15
normals("jax, bfloat16", jax.random.normal(KEY, (N,), jnp.bfloat16).astype("float32"), 128, (2.8, 2.95))
normals("mlx, bfloat16", mx.random.normal((N,), dtype=mx.bfloat16, key=MLX_KEY).astype(mx.float32), (2500, 5000), (4.4, 6))

in_a_thousand("jax, bernoulli of float32", jax.random.bernoulli(KEY, jnp.float32(0.001), (N,)), right)
in_a_thousand("jax, bernoulli of bfloat16", jax.random.bernoulli(KEY, jnp.bfloat16(0.001), (N,)), (7.4, 8.2))
in_a_thousand("mlx, bernoulli of bfloat16", mx.random.bernoulli(mx.array(0.001).astype(mx.bfloat16), (N,), key=MLX_KEY), right)

for dtype, often in (jnp.float32, right), (jnp.float16, (0.45, 0.7)), (jnp.bfloat16, (0.45, 0.75)):
    in_a_thousand(f"jax, categorical of {dtype.__name__}", jax.random.categorical(KEY, jnp.asarray(RARE, dtype), shape=(N,)), often)
logits = mx.array(RARE).astype(mx.bfloat16)
in_a_thousand("mlx, categorical of bfloat16", mx.random.categorical(logits, shape=(N,), key=MLX_KEY), right)

for dtype, never in (jnp.float32, 0), (jnp.float16, (3800, 4100)):
    draws = jax.random.choice(KEY, 5000, (N,), p=jnp.full(5000, 1 / 5000, dtype))
    check(f"jax, choice, classes of 5,000 never drawn by {dtype.__name__}", 5000 - len(np.unique(draws)), never)
print("as described")
PYTHON
