#!/usr/bin/env bash
# keras 3.15.1 on numpy 2.4.6, jax 0.10.2, torch 2.13.0; monai 1.6.1
# Guess: a layer that brightens pictures, and a transform that stretches grey values from 100 to 200 to the range from 0 to 1, take pixels as
#        they are in files, uint8: bright ones end at 255, dark ones at 0.
# Seen:  Keras' RandomBrightness wraps on every backend: 200 made brighter by half is 71. Made darker, 10 is 139 on NumPy and PyTorch, while on JAX
#        nothing is darker at all; a dtype of float32 for the layer changes none of it. MONAI's ScaleIntensityRange makes the pixel 50
#        2.06, and the brightest of all, 1.0, with clip=True; ShiftIntensity(20) makes 250 14.
# So:    pictures are floats before they are augmented; load_image gives floats.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 torch==2.13.0 jax==0.10.2 keras==3.15.1 monai==1.6.1
cat > program.py <<'PYTHON'
import sys

import numpy as np

pixels = np.array([[[[10], [100], [200], [250]]]], np.uint8)


def check(what, seen, described):
    print(f"{what}: {seen}")
    if seen != described:
        sys.exit(f"changed: {what} was {described}")


def by_keras(factor, x, **options):
    layer = keras.layers.RandomBrightness((factor, factor), seed=1, **options)
    return [round(float(value), 1) for value in keras.ops.convert_to_numpy(layer(x, training=True)).ravel()]


if len(sys.argv) > 1:
    import keras
    darker = {"jax": [10.0, 100.0, 200.0, 250.0], "numpy": [139.0, 229.0, 73.0, 123.0], "torch": [139.0, 229.0, 73.0, 123.0]}
    backend = keras.backend.backend()
    check(f"keras on {backend}, floats, brighter", by_keras(0.5, pixels.astype("f4")), [137.5, 227.5, 255.0, 255.0])
    check(f"keras on {backend}, floats, darker", by_keras(-0.5, pixels.astype("f4")), [0.0, 0.0, 72.5, 122.5])
    check(f"keras on {backend}, uint8, brighter", by_keras(0.5, pixels), [137.0, 227.0, 71.0, 121.0])
    check(f"keras on {backend}, uint8, darker", by_keras(-0.5, pixels), darker[backend])
    check(f"keras on {backend}, uint8, brighter, a layer of float32", by_keras(0.5, pixels, dtype="float32"), [137.0, 227.0, 71.0, 121.0])
    sys.exit()

from monai import transforms


def by_monai(transform, x):
    return [round(float(value), 2) for value in np.asarray(transform(x)).ravel()]


picture = np.array([[[50, 120, 180, 250]]], np.uint8)
for clip, floats, bytes_ in (False, [-0.5, 0.2, 0.8, 1.5], [2.06, 0.2, 0.8, 1.5]), (True, [0.0, 0.2, 0.8, 1.0], [1.0, 0.2, 0.8, 1.0]):
    stretch = transforms.ScaleIntensityRange(100, 200, 0, 1, clip=clip)
    check(f"monai ScaleIntensityRange, clip={clip}, floats", by_monai(stretch, picture.astype("f4")), floats)
    check(f"monai ScaleIntensityRange, clip={clip}, uint8", by_monai(stretch, picture), bytes_)
check("monai ShiftIntensity(20), floats", by_monai(transforms.ShiftIntensity(20), picture.astype("f4")), [70.0, 140.0, 200.0, 270.0])
check("monai ShiftIntensity(20), uint8", by_monai(transforms.ShiftIntensity(20), picture), [70.0, 140.0, 200.0, 14.0])
print("as described")
PYTHON
for backend in numpy jax torch; do
    KERAS_BACKEND=$backend venv/bin/python -W ignore program.py keras
done
venv/bin/python -W ignore program.py
