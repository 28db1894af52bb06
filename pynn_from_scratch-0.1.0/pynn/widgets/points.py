"""Points of two classes in the plane."""

import numpy as np

LIMIT = 1.2         # the plane that is shown goes from -LIMIT to LIMIT both ways
N = 200


def circle(rng):
    """A disc, and a ring around it."""
    t = np.arange(N) % 2
    radius = np.where(t, rng.uniform(0, 0.45, N), rng.uniform(0.65, 1, N))
    angle = rng.uniform(0, 2 * np.pi, N)
    return radius * np.cos(angle), radius * np.sin(angle), t


def xor(rng):
    """Quarters of a square: class 1 where the signs differ (section 2.5)."""
    x, y = rng.uniform(0.06, 1, (2, N)) * rng.choice([-1, 1], (2, N))
    return x, y, (x * y < 0).astype(int)


def spiral(rng):
    """Two arms that wind around each other."""
    t = np.arange(N) % 2
    turn = rng.uniform(0.08, 1, N)
    angle = 3.2 * np.pi * turn + np.pi * t
    return turn * np.cos(angle) + rng.normal(0, 0.02, N), turn * np.sin(angle) + rng.normal(0, 0.02, N), t


def blobs(rng):
    """Two heaps, which a line can part."""
    t = np.arange(N) % 2
    centre = np.where(t, 0.5, -0.5)
    return np.clip(centre + rng.normal(0, 0.2, N), -1.1, 1.1), np.clip(centre + rng.normal(0, 0.2, N), -1.1, 1.1), t


DATA = {"circle": circle, "xor": xor, "spiral": spiral, "blobs": blobs}


def points(data, rng):
    """200 points (N, 2) and their classes (N,), 0 and 1."""
    x, y, t = DATA[data](rng)
    return np.column_stack([x, y]), t
