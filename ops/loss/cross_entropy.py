"""Softmax cross-entropy with integer labels."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    DTypeError,
    ShapeError,
    bad,
    case,
    composite,
    given,
    integers,
    normal,
    normalise_axis,
)
from ..indexing.along import along


def _reference(logits, labels, *, axis):
    largest = logits.max(axis=axis, keepdims=True)
    total = np.log(np.exp(logits - largest).sum(axis=axis, keepdims=True)) + largest
    own = np.take_along_axis(logits, np.expand_dims(labels, axis), axis)
    return np.squeeze(total - own, axis)


@composite(
    theory="loss-06 loss-07",
    formula=r"-z_y + \log \sum_i e^{z_i}",
    differentiable=("logits",),
    reference=_reference,
)
def cross_entropy(logits, labels, *, axis=-1):
    """Negative log-likelihood of each label under the softmax of its logits; no mean is taken.

    Parameters
    ----------
    logits : array of floats
        Unnormalised log-probabilities, the classes along `axis`.
    labels : array of integers
        Classes ``0 <= y < m``, of the logits' shape without `axis`; a program ends in an
        `OutOfBoundsError` for others.
    """
    largest = ops.max(logits, axis=axis, keepdims=True)
    total = ops.sum(ops.exp(logits - largest), axis=axis, keepdims=True)
    own = ops.gather(logits, *along(logits, ops.expand_dims(labels, axis=axis), axis))
    # The same exponentials as in the softmax of the gradient, so that both share them.
    return ops.squeeze(ops.log(total) + (largest - own), axis=axis)


@cross_entropy.normalise
def cross_entropy_axis(logits, labels, *, axis):
    axis = normalise_axis(axis, logits.ndim)
    if not labels.dtype.is_integer:
        raise DTypeError(f"the labels are {labels.dtype}, wanted integers: one class per example")
    wanted = logits.shape[:axis] + logits.shape[axis + 1 :]
    if labels.shape != wanted:
        raise ShapeError(
            f"the labels have shape {labels.shape}, wanted {wanted}: that of the logits without "
            f"axis {axis}"
        )
    return {"axis": axis}


@cross_entropy.vjp
def cross_entropy_vjp(ct, logits, labels, out, *, axis):
    """The softmax less the one-hot label (loss-07)."""
    share = ops.softmax(logits, axis=axis)
    count = logits.shape[axis]
    own = ops.one_hot(labels, count=count, axis=axis, dtype=logits.dtype)
    return ops.expand_dims(ct, axis=axis) * (share - own), None


cross_entropy.samples(
    case(normal(4, 3), integers(0, 3, 4)),
    case(normal(3, 4, 2), integers(0, 3, 4, 2), axis=0),
    case(normal(5), integers(0, 5)),
    case(normal(2, 3), integers(0, 3, 2, dtype="int32")),
    case(given([[1e4, -1e4, 0.0]]), given([1], dtype="int64")),
    case(normal(0, 3), integers(0, 3, 0)),
    bad(normal(4, 3), normal(4), says="wanted integers: one class per example"),
    bad(normal(4, 3), integers(0, 3, 3), says="the labels have shape (3,), wanted (4,)"),
    bad(normal(1, 3), given([3], dtype="int64"), says="index 3 is out of bounds for axis 1"),
    bad(normal(1, 3), given([-1], dtype="int64"), says="index -1 is out of bounds for axis 1"),
)
