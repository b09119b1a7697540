"""Softmax."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, given, normal, normalise_axis
from ..reduction.storage import rounded, widened


def _reference(x, *, axis):
    shifted = np.exp(x - x.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


@composite(
    theory="act-03",
    formula=r"p_i = \frac{e^{x_i}}{\sum_k e^{x_k}}",
    reference=_reference,
)
def softmax(x, *, axis=-1):
    """Shares that sum to 1 along `axis`, without overflow; NaN for a row of -inf alone."""
    wide = widened(x)
    powers = ops.exp(wide - ops.max(wide, axis=axis, keepdims=True))
    return rounded(powers * ops.reciprocal(ops.sum(powers, axis=axis, keepdims=True)), like=x)


@softmax.normalise
def softmax_axis(x, *, axis):
    return {"axis": normalise_axis(axis, x.ndim)}


@softmax.vjp
def softmax_vjp(ct, x, p, *, axis):
    """The Jacobian is diag(p) - p p^T."""
    return p * (ct - ops.sum(p * ct, axis=axis, keepdims=True))


softmax.samples(
    case(normal(5)),
    case(normal(3, 4), axis=0),
    case(normal(2, 3, 4), axis=1),
    case(given([1e4, 1e4 + 1, -1e4])),
    case(given([0.0, -np.inf, 1.0]), smooth=False),
    case(normal(3, 1)),
    bad(normal(3), axis=1, says="axis 1 is out of range for an array of 1 dimensions"),
    bad(normal(), says="axis -1 is out of range for an array of 0 dimensions"),
)
