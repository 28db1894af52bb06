"""Write sample pickles with the Python and NumPy at hand: python make.py NAME PROTOCOL ...

The samples beside this file come from

    python2.7-numpy1.16.0   Python 2.7.18, the strings of which are bytes
    python3.6-numpy1.13.3
    python3.8-numpy1.24.4
    python3.9-numpy1.26.4
    python3.12-numpy2.0.0
"""
import pickle
import sys
from collections import OrderedDict

import numpy as np


def sample():
    n = np.arange(6.0) / 8 - 0.25
    return OrderedDict([
        ("W1", n.reshape(2, 3)),
        ("W2", np.asfortranarray(n.reshape(2, 3).astype(np.float32))),
        ("b1", n[::-2]),
        ("b2", np.zeros(0)),
        ("K1", n.astype(">f4").reshape(1, 3, 2, 1).transpose(1, 0, 3, 2)),
        ("mask", n > 0),
        ("half", n.astype(np.float16)),
        ("count", np.array([3, -4], dtype=np.int64)),
        ("scalar", np.float64(0.1)),
        ("number", 0.5),
    ])


if __name__ == "__main__":
    for protocol in map(int, sys.argv[2:]):
        with open("%s-protocol%d.pkl" % (sys.argv[1], protocol), "wb") as f:
            params = sample()
            pickle.dump(params if protocol % 2 else dict(params), f, protocol)
