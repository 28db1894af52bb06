"""The usual mistakes of convolution and max-pooling (chapter 7), as `dense` has those of the other layers."""

import numpy as np

from pynn.check.hypothesis import Hypothesis


def convolution(s):
    """Filters slid over images (section 7.4)."""
    W, b = s.arrays.get("W"), s.arrays.get("b")
    if W is None or W.ndim != 4 or s.x.ndim != 4 or s.out.ndim != 4 or W.shape[1] != s.x.shape[1]:
        return None
    filters, _, height, width = W.shape
    windows = Windows(s.x.shape, height, width, getattr(s.layer, "stride", 1), getattr(s.layer, "pad", 0))
    col, flat = windows.rows(s.x), W.reshape(filters, -1)
    out = windows.images(col @ flat.T + (0 if b is None else b), filters)
    if out.shape != s.out.shape or not np.allclose(out, s.out):
        return None
    dout = s.dout.transpose(0, 2, 3, 1).reshape(-1, filters)
    untransposed = s.dout.reshape(-1, filters)
    dcol = dout @ flat
    overwritten = windows.nearest(dcol, s.gradients()[0]["x"])
    axes = "dout is reshaped without dout.transpose(0, 2, 3, 1) before, so that its channels come last"
    return [Hypothesis(code, key, value, says, section) for code, key, value, says, section in [
        ("col2im-overwrites", "x", overwritten, "col2im has = where it needs +=: windows overlap, and a pixel's "
         "gradient is the sum over all windows it lies in", "7.4.2"),
        ("dout-axes", "x", windows.back(untransposed @ flat), axes, "7.4.3"),
        ("dout-axes", "W", (col.T @ untransposed).T.reshape(W.shape), axes, "7.4.3"),
        ("dout-axes", "b", untransposed.sum(axis=0), axes, "7.4.3"),
        ("transposed", "W", (col.T @ dout).reshape(W.shape), "dW is reshaped without being transposed first: col.T @ dout has a "
                                                             "column "
         "for each filter, so dW.transpose(1, 0).reshape(FN, C, FH, FW)", "7.4.3"),
        ("flipped", "x", windows.back(dout @ W[:, :, ::-1, ::-1].reshape(filters, -1)), "dx is taken with the filters turned "
                                                                                        "round; "
         "col2im does that by itself", "7.4.3"),
        ("padding-crop", "x", windows.back(dcol, crop=0), "col2im cuts the padding off at the wrong place: it must return "
         "img[:, :, pad:H + pad, pad:W + pad]", "7.4.2"),
        ("one-sample", "b", s.dout[-1].sum(axis=(1, 2)), "db is that of the last image alone; it must be summed over the "
                                                         "batch", "7.4.3"),
        ("one-sample", "b", s.dout[0].sum(axis=(1, 2)), "db is that of the first image alone; it must be summed over the "
                                                        "batch", "7.4.3"),
        ("bias-axis", "b", s.dout[:, :, 0, 0].sum(axis=0), "db is summed over the images but not over the pixels", "7.4.3"),
        ("bias-axis", "b", s.dout.mean(axis=(0, 2, 3)), "db is the mean over images and pixels; it must be their sum", "7.4.3")]]


def pooling(s):
    """The largest pixel of each window (section 7.4.4)."""
    sizes = [getattr(s.layer, name, None) for name in ("pool_h", "pool_w")]
    if s.x.ndim != 4 or s.out.ndim != 4 or s.param_names or not all(isinstance(size, (int, np.integer)) for size in sizes):
        return None
    windows = Windows(s.x.shape, *sizes, getattr(s.layer, "stride", 1), getattr(s.layer, "pad", 0))
    area = sizes[0] * sizes[1]
    col = windows.rows(s.x).reshape(-1, area)
    if not np.array_equal(windows.images(col.max(axis=1), s.x.shape[1]), s.out):
        return None
    dout = s.dout.transpose(0, 2, 3, 1).reshape(-1, 1)

    def routed(where, values=dout, **how):
        return windows.back((where * values).reshape(len(windows.rows(s.x)), -1), **how)

    first = np.eye(area)[col.argmax(axis=1)]
    least = np.eye(area)[col.argmin(axis=1)]
    overwritten = windows.nearest((first * dout).reshape(len(windows.rows(s.x)), -1), s.gradients()[0]["x"])
    every = (col == col.max(axis=1, keepdims=True)).astype(float)
    return [Hypothesis(code, "x", value, says, "7.4.4") for code, value, says in [
        ("pool-every-tie", routed(every), "max-pooling routes dout to every tie: where pixels tie for the maximum, only one of "
                                          "them "
         "gets it, that of argmax"),
        *(("col2im-overwrites", value, "col2im has = where it needs +=: the windows overlap, and a pixel may be the largest in "
                                       "several")
          for value in (overwritten, routed(first, add=False))),
        ("pool-everywhere", routed(np.ones_like(first)), "every pixel of a window gets dout; only the largest may have it"),
        ("pool-everywhere", routed(np.full_like(first, 1 / area)), "dout is spread evenly over the window, as for an average; "
                                                                   "only "
         "the largest pixel may have it"),
        ("pool-smallest", routed(least), "dout goes to the smallest pixel of each window; it belongs to the largest"),
        ("dout-axes", routed(first, s.dout.reshape(-1, 1)), "dout is flattened without dout.transpose(0, 2, 3, 1) before, so "
                                                            "that its "
         "channels come last")]]


class Windows:
    """The windows of images of a shape: `im2col` and `col2im`, right or with a mistake."""

    def __init__(self, shape, height, width, stride, pad):
        self.shape, self.height, self.width, self.stride, self.pad = shape, height, width, stride, pad
        self.rows_out = (shape[2] + 2 * pad - height) // stride + 1
        self.cols_out = (shape[3] + 2 * pad - width) // stride + 1

    def _slices(self, i, j):
        return (slice(None), slice(None), slice(i, i + self.stride * self.rows_out, self.stride),
                slice(j, j + self.stride * self.cols_out, self.stride))

    def rows(self, x):
        """Every window as a row, (N out_h out_w, C height width)."""
        image = np.pad(x, [(0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)])
        parts = [[image[self._slices(i, j)] for j in range(self.width)] for i in range(self.height)]
        return np.array(parts).transpose(2, 4, 5, 3, 0, 1).reshape(self.shape[0] * self.rows_out * self.cols_out, -1)

    def images(self, out, channels):
        """Results for each window as images."""
        return out.reshape(self.shape[0], self.rows_out, self.cols_out, channels).transpose(0, 3, 1, 2)

    def back(self, col, add=True, crop=None):
        """`col2im`, without adding up or cut at another place than `pad` if asked to."""
        n, c, h, w = self.shape
        crop = self.pad if crop is None else crop
        parts = col.reshape(n, self.rows_out, self.cols_out, c, self.height, self.width).transpose(0, 3, 4, 5, 1, 2)
        # room for windows that reach over the edge with a stride that leaves pixels out
        image = np.zeros((n, c, h + 2 * self.pad + self.stride, w + 2 * self.pad + self.stride))
        for i in range(self.height):
            for j in range(self.width):
                where = self._slices(i, j)
                image[where] = image[where] + parts[:, :, i, j] if add else parts[:, :, i, j]
        return image[:, :, crop:crop + h, crop:crop + w]

    def nearest(self, col, claimed):
        """What `=` may leave, in any order: for each pixel that of its copies in the windows which is nearest to the claim."""
        n, c, h, w = self.shape
        if np.shape(claimed) != self.shape:
            return np.full(self.shape, np.nan)
        parts = col.reshape(n, self.rows_out, self.cols_out, c, self.height, self.width).transpose(0, 3, 4, 5, 1, 2)
        size = (n, c, h + 2 * self.pad + self.stride, w + 2 * self.pad + self.stride)
        inside = (slice(None), slice(None), slice(self.pad, self.pad + h), slice(self.pad, self.pad + w))
        wanted, image = np.zeros(size), np.zeros(size)
        wanted[inside] = claimed
        for i, j in np.ndindex(self.height, self.width):
            where = self._slices(i, j)
            copies, best = parts[:, :, i, j], image[where]
            better = (copies != 0) & ((best == 0) | (np.abs(copies - wanted[where]) < np.abs(best - wanted[where])))
            image[where] = np.where(better, copies, best)
        return image[inside]
