"""Differences of the loss, entry by entry: what a gradient is compared with, and where no gradient is (kinks)."""

import numpy as np

H = 1e-5                            # the error of a central difference is h^2/6 f''', that of rounding eps f / h
H_TINY = 1e-3                       # where rounding would drown the gradient
SECOND_LOOK = (1e-6, 1e-4, 1e-3, 1e-7, 1e-8)
KINK_STEPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
STEADY = 3                          # so many of these, and the gradient is wrong
BESIDE = 40                         # kinks of an array beside which to look
LOOKS = 200                         # how many entries that disagree are looked at again
EPS = 16 * np.finfo(np.float64).eps


class Differences:
    """The derivatives of a subject's loss by its array `name`, as far as they were asked for."""

    def __init__(self, subject, name, entries):
        self.subject = subject
        self.name, self.array = name, subject.arrays[name]
        self.base = subject.loss()
        self.noise = EPS * max(1.0, subject.magnitude)
        self.numerical = np.full(self.array.shape, np.nan)
        self.kinks = np.zeros(self.array.shape, bool)
        self.beside = 0             # kinks beside which was looked
        self.steady = 0             # entries that are wrong although the gradient does not jump there
        self.chosen = _spread(self.array.size, entries)
        self.h = H
        self._measure()
        largest = np.max(np.abs(self.numerical.ravel()[self.chosen]), initial=0.0)
        if largest < 100 * self.noise / H:
            self.h = H_TINY
            self._measure()

    def _measure(self):
        for i in self.chosen:
            self.numerical.flat[i] = self.central(i, self.h)

    def central(self, i, h):
        """``(L(w + h) - L(w - h)) / 2h`` for element `i` of the flattened array."""
        return self.along(np.array([i]), np.ones(1), h)

    def along(self, where, direction, h):
        """The derivative along a direction in the elements `where`."""
        above, below, width = self._both_sides(where, direction, h)
        return (above - below) / width

    def _both_sides(self, where, direction, h):
        elements = self.array.flat
        values = elements[where]
        try:
            elements[where] = values + h * direction
            right = elements[where]
            above = self.subject.loss()
            elements[where] = values - h * direction
            width = np.mean(np.abs(right - elements[where]))
            below = self.subject.loss()
        finally:
            elements[where] = values
        return above, below, width

    def is_kink(self, i):
        """Whether the slopes to the left and to the right differ by more than curvature, which falls as h does."""
        jumps = []
        for h in KINK_STEPS:
            above, below, width = self._both_sides(np.array([i]), np.ones(1), h)
            jumps.append(abs((above - self.base) - (self.base - below)) * 2 / width)
        return any(near > 0.3 * far and near > 4 * self.noise / h
                   for far, near, h in zip(jumps, jumps[1:], KINK_STEPS[1:]))

    def compare(self, backprop, tol):
        """The relative errors of a gradient; kinks have none, and entries that were not measured neither.

        The error is the difference over the larger of the two values, or over 1/10 of the largest derivative where both
        are smaller, or over what the rounding of the loss allows.
        """
        error = self._error(backprop, tol)
        worst_first = self.chosen[np.argsort(-error.ravel()[self.chosen], kind="stable")]
        for i in worst_first[:LOOKS]:
            if error.flat[i] <= tol:
                break
            self._look_again(i, backprop.flat[i], tol)
        error = self._error(backprop, tol)
        if self.chosen.size < self.array.size and not np.any(error > tol):
            self._search_the_rest(backprop, tol)
            error = self._error(backprop, tol)
        return error

    def _error(self, backprop, tol):
        measured = ~np.isnan(self.numerical)
        with np.errstate(invalid="ignore", over="ignore"):
            scale = np.fmax(np.maximum(np.abs(backprop), np.abs(self.numerical)), self._floor(tol))
            error = np.abs(backprop - self.numerical) / scale
        return np.where(measured & ~self.kinks, np.nan_to_num(error, nan=np.inf), 0.0)

    def _floor(self, tol):
        usual = np.nanmax(np.abs(self.numerical), initial=0.0) / 10
        return max(usual, 2 * self.noise / self.h / tol)

    def _look_again(self, i, backprop, tol):
        scale = max(abs(backprop), abs(self.numerical.flat[i]), self._floor(tol))
        for h in SECOND_LOOK:
            derivative = self.central(i, h)
            if abs(derivative - backprop) <= tol * scale + self.noise / h:
                exact = abs(derivative - backprop) <= tol * max(abs(derivative), abs(backprop))
                self.numerical.flat[i] = derivative if exact else backprop      # equal as far as rounding lets one see
                return
        self.kinks.flat[i] = not self._is_wrong_beside(i, tol) if self.is_kink(i) else self._claim_jumps(i, tol * scale)

    def _is_wrong_beside(self, i, tol):
        """Whether the gradient differs from the slope close beside a kink, if there is none at these places."""
        if self.beside == BESIDE:
            return False
        self.beside += 1
        value, h = self.array.flat[i], 1e-6
        for shift in (1e-5, -1e-5):
            try:
                self.array.flat[i] = value + shift
                here = self.subject.loss()
                above, below, width = self._both_sides(np.array([i]), np.ones(1), h)
            finally:
                self.array.flat[i] = value
            slope, jump = (above - below) / width, abs(above + below - 2 * here) * 2 / width
            slack = tol * max(abs(slope), self._floor(tol)) + self.noise / h
            if jump <= slack and abs(self._claim(i, shift) - slope) > 2 * slack:
                return True
        return False

    def _claim(self, i, shift):
        """The gradient at a point nearby, NaN if it cannot be had."""
        try:
            return self.subject.claim(self.name, i, shift)
        except Exception:           # of the reader's own code: what it is worth shows elsewhere
            return np.nan

    def _claim_jumps(self, i, slack):
        """Whether the gradient itself jumps here, as between kinks that are nearer than any difference can tell."""
        if self.steady == STEADY:
            return False
        here, below, above = (self._claim(i, shift) for shift in (0.0, -1e-7, 1e-7))
        jumps = bool(max(abs(above - here), abs(below - here)) > slack)
        self.steady += not jumps
        return jumps

    def _search_the_rest(self, backprop, tol):
        """Compare along random directions in the elements not measured; halve the set where they disagree."""
        rest = np.setdiff1d(np.arange(self.array.size), self.chosen)
        rng = np.random.default_rng(0)
        if not np.all(np.isfinite(backprop)):
            rest = np.flatnonzero(~np.isfinite(backprop))[:1]
        while rest.size > 1:
            halves = np.array_split(rest, 2)
            differences = [self._disagreement(half, backprop, rng) for half in halves]
            if max(differences) < tol * self._floor(tol):
                return
            rest = halves[int(np.argmax(differences))]
        self.numerical.flat[rest[0]] = self.central(rest[0], self.h)
        if self._error(backprop, tol).flat[rest[0]] > tol:
            self._look_again(rest[0], backprop.flat[rest[0]], tol)

    def _disagreement(self, where, backprop, rng):
        direction = rng.choice([-1.0, 1.0], where.size)
        h = 1e-6
        slack = self.noise / h
        return abs(self.along(where, direction, h) - backprop.flat[where] @ direction) - slack


def _spread(size, entries):
    """Numbers of `entries` elements out of `size`, one at random in each of as many equal stretches, the same every time."""
    if entries is None or size <= entries:
        return np.arange(size)
    edges = np.linspace(0, size, entries + 1).astype(int)
    return np.random.default_rng(0).integers(edges[:-1], edges[1:])
