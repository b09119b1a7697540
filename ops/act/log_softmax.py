"""Logarithm of the softmax."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, given, normal, normalise_axis
from ..reduction.storage import rounded, widened


def _reference(x, *, axis):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


@composite(
    theory="act-04",
    formula=r"y_i = x_i - \log \sum_k e^{x_k}",
    reference=_reference,
)
def log_softmax(x, *, axis=-1):
    """Logarithms of the shares along `axis`, without overflow; NaN for a row of -inf alone."""
    wide = widened(x)
    shifted = wide - ops.max(wide, axis=axis, keepdims=True)
    total = ops.sum(ops.exp(shifted), axis=axis, keepdims=True)
    return rounded(shifted - ops.log(total), like=x)


@log_softmax.normalise
def log_softmax_axis(x, *, axis):
    return {"axis": normalise_axis(axis, x.ndim)}


@log_softmax.vjp
def log_softmax_vjp(ct, x, out, *, axis):
    return ct - ops.exp(out) * ops.sum(ct, axis=axis, keepdims=True)


log_softmax.samples(
    case(normal(5)),
    case(normal(3, 4), axis=0),
    case(normal(2, 3, 4), axis=1),
    case(given([1e4, 1e4 + 1, -1e4])),
    case(given([0.0, -np.inf, 1.0]), smooth=False),
    case(normal(3, 1)),
    bad(normal(3), axis=1, says="axis 1 is out of range for an array of 1 dimensions"),
    bad(normal(), says="axis -1 is out of range for an array of 0 dimensions"),
)
