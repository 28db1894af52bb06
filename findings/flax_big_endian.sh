#!/usr/bin/env bash
# flax 0.12.8, jax 0.10.2, equinox 0.13.8, safetensors 0.8.0, numpy 2.4.6
# Guess: what flax.serialization writes of an array it reads as the same numbers, or refuses.
# Seen:  it writes the dtype's name, which says nothing of the byte order, beside the bytes as they lie: floats and labels of an IDX or FITS
#        file, which are big-endian, come back as 4.6e-41 and 16777216. Equinox and safetensors give the numbers back; JAX itself refuses such
#        arrays.
# So:    `save_params` keeps the order or writes the native one: a test has >f4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 jax==0.10.2 flax==0.12.8 equinox==0.13.8 safetensors==0.8.0
venv/bin/python -W ignore - <<'PYTHON'
import io
import sys

import equinox
import flax.serialization
import jax.numpy as jnp
import numpy as np
import safetensors.numpy


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def by_flax(array):
    return flax.serialization.msgpack_restore(flax.serialization.msgpack_serialize({"x": array}))["x"]


def by_state(array):
    return flax.serialization.from_bytes({"x": array}, flax.serialization.to_bytes({"x": array}))["x"]


def by_equinox(array):
    file = io.BytesIO()
    equinox.tree_serialise_leaves(file, array)
    file.seek(0)
    return equinox.tree_deserialise_leaves(file, array)


def by_safetensors(array):
    return safetensors.numpy.load(safetensors.numpy.save({"x": array}))["x"]


pixels, labels = np.array([1, 2, 3], ">f4"), np.array([1, 2], ">i4")
for name, keep in ("msgpack_serialize", by_flax), ("to_bytes", by_state):
    check(f"flax {name}, big-endian floats", [float(f"{value:.2g}") for value in keep(pixels)], [4.6e-41, 9e-44, 2.3e-41])
    check(f"flax {name}, big-endian labels", keep(labels).tolist(), [16777216, 33554432])
    check(f"flax {name}, the same in native order", keep(pixels.astype("f4")).tolist(), [1.0, 2.0, 3.0])
for name, keep in ("equinox", by_equinox), ("safetensors", by_safetensors):
    check(f"{name}, big-endian floats", keep(pixels).tolist(), [1.0, 2.0, 3.0])
try:
    seen = jnp.asarray(pixels).tolist()
except TypeError:
    seen = "refused"
check("jax, big-endian floats", seen, "refused")
print("as described")
PYTHON
