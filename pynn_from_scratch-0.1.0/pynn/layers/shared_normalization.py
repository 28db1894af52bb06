"""Batch normalization of a share of a batch, by the statistics of the whole batch.

The formulas of `BatchNormalization`, every sum taken over all processes: two of them forward, so that the variance is made of
differences from the mean, and one backward.
"""

import numpy as np

import pynn._core as _core


def forward(share, x, gamma, beta, running_mean, running_var, momentum):
    """What `_core.batchnorm_train` returns: out, xc, std and the new running statistics."""
    columns = _columns(x, gamma)
    m = share.whole(len(x)) * columns.shape[2]
    mean = share.total(_sums(columns)) / m
    xc = columns - mean.astype(columns.dtype)[:, None]
    var = share.total(_sums(np.square(xc))) / m
    mean, var, std = (statistic.astype(columns.dtype) for statistic in (mean, var, np.sqrt(var + 10e-7)))
    out = _core.batchnorm_test(x, gamma, beta, mean, var)
    momentum = float(momentum)
    running_mean = momentum * running_mean + (1 - momentum) * mean
    running_var = momentum * running_var + (1 - momentum) * var
    return out, xc.reshape(x.shape if columns.shape[2] > 1 else columns.shape[:2]), std, running_mean, running_var


def backward(share, dout, xc, gamma, std):
    """What `_core.batchnorm_backward` returns: dx, dgamma and dbeta, the last two of this share alone.

    ``dx = gamma / std (dout - mean(dout) - xn mean(dout xn))`` with xn = xc / std. dout is the gradient of the share's own mean
    loss; the means over the batch weigh it by the share.
    """
    rows, xn = _columns(dout, gamma), _columns(xc, gamma) / std[:, None]
    dgamma, dbeta = _sums(rows * xn), _sums(rows)
    m = rows.shape[0] * rows.shape[2]       # of the batch, times the weight of the share, which dx does not have yet
    mean_g, mean_b = (share.total(share.weight * np.array([dgamma, dbeta])) / m).astype(rows.dtype)[:, :, None]
    dx = (gamma / std)[:, None] * (rows - mean_b - xn * mean_g)
    return dx.reshape(dout.shape), dgamma.astype(rows.dtype), dbeta.astype(rows.dtype)


def _columns(x, gamma):
    """(N, D, 1), or (N, C, pixels) where gamma has a value for each channel."""
    return x.reshape(len(x), len(gamma), -1)


def _sums(columns):
    return columns.sum(axis=(0, 2), dtype=np.float64)
