#!/usr/bin/env bash
# plotly 7.1.0, scipy 1.17.1, msgpack-numpy 0.4.8, numpy 2.4.6
# Guess: a masked value is written as missing (null, NaN), or the array is refused.
# Seen:  Plotly puts the hidden number into the figure and draws it (a Python list with None in it leaves a
#        gap), msgpack-numpy gives it back as valid, and scipy.io.savemat writes 1e20, the default fill value,
#        in its place.
# So:    call x.filled(np.nan) before a masked array leaves NumPy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 plotly==7.1.0 scipy==1.17.1 msgpack==1.2.4 msgpack-numpy==0.4.8
venv/bin/python - <<'PYTHON'
import sys


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


import base64
import json

import msgpack
import msgpack_numpy
import numpy as np
import plotly.graph_objects as go
import scipy.io

loss = np.ma.array([1.0, 99.0, 2.0], mask=[False, True, False])
data = json.loads(go.Figure(go.Scatter(y=loss)).to_json())["data"][0]["y"]
check("plotly", np.frombuffer(base64.b64decode(data["bdata"]), data["dtype"]).tolist(), [1.0, 99.0, 2.0])
packed = msgpack.packb(loss, default=msgpack_numpy.encode)
check("msgpack-numpy", msgpack.unpackb(packed, object_hook=msgpack_numpy.decode).tolist(), [1.0, 99.0, 2.0])
scipy.io.savemat("loss.mat", {"loss": loss})
check("scipy.io.savemat", scipy.io.loadmat("loss.mat")["loss"].tolist(), [[1.0, 1e20, 2.0]])
check("filled", loss.filled(np.nan).tolist(), [1.0, float("nan"), 2.0])
print("as described")
PYTHON
