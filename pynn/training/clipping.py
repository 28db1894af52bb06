"""Gradients whose norm shall not be larger than so much."""

import math

import numpy as np

import pynn._core as _core


def clipped(grads, most):
    """The gradients, all times one factor where their norm is larger than `most`; as they are where it is not finite."""
    scaled, norm, limit = grads, _norm(grads), most
    if norm == math.inf:        # squares overflow where the gradients themselves need not
        shift = -math.frexp(max(float(np.abs(grad).max(initial=0)) for grad in grads.values()))[1]
        scaled = {name: np.ldexp(grad, shift) for name, grad in grads.items()}
        norm, limit = _norm(scaled), math.ldexp(most, shift)
    if not limit < norm < math.inf:
        return grads
    return {name: _core.multiply(grad, most / norm) for name, grad in scaled.items()}


def _norm(grads):
    return math.sqrt(sum(float(_core.matmul(grad, grad)) for grad in map(np.ravel, grads.values())))
