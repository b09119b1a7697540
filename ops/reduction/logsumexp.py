"""Logarithm of a sum of exponentials."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, given, normal, normalise_axes
from .storage import rounded, widened


def _reference(x, *, axis, keepdims):
    return np.logaddexp.reduce(x, axis=axis, keepdims=keepdims)


@composite(
    theory="act-04",
    formula=r"\log \sum_i e^{x_i} = m + \log \sum_i e^{x_i - m}, \quad m = \max_i x_i",
    reference=_reference,
)
def logsumexp(x, *, axis=None, keepdims=False):
    """Smooth maximum over `axis` (all axes by default), without overflow.

    Entries of -inf add nothing; a row of them alone, or of no elements, gives -inf.
    """
    if any(x.shape[a] == 0 for a in axis):
        return ops.log(ops.sum(ops.exp(x), axis=axis, keepdims=keepdims))
    wide = widened(x)
    largest = ops.max(wide, axis=axis, keepdims=True)
    shift = ops.where(ops.isfinite(largest), largest, 0)
    total = ops.sum(ops.exp(wide - shift), axis=axis, keepdims=keepdims)
    return rounded(ops.log(total) + ops.reshape(shift, shape=total.shape), like=x)


@logsumexp.normalise
def logsumexp_axes(x, *, axis, keepdims):
    return {"axis": normalise_axes(axis, x.ndim), "keepdims": keepdims}


@logsumexp.vjp
def logsumexp_vjp(ct, x, out, *, axis, keepdims):
    """The softmax times `ct`; zero for a row of -inf alone, where the shift must not be -inf."""
    total = ops.where(out == -np.inf, 0, out)
    share = ops.exp(x - ops.spread(total, x, axis, keepdims))
    return ops.spread(ct, x, axis, keepdims) * share


logsumexp.samples(
    case(normal(3, 4)),
    case(normal(3, 4, 2), axis=(0, -1)),
    case(normal(3, 4), axis=1, keepdims=True),
    case(normal(3, 0), axis=1),
    case(given([1e4, 1e4 + 1, -1e4])),
    case(given([[-np.inf, 0.0], [-np.inf, -np.inf], [np.inf, 0.0]]), axis=1, smooth=False),
    bad(normal(3, 4), axis=2, says="axis 2 is out of range for an array of 2 dimensions"),
)
