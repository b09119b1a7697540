"""Softmax cross-entropy with probabilities as targets."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    ShapeError,
    bad,
    case,
    composite,
    given,
    normal,
    normalise_axis,
    uniform,
)


def _reference(logits, targets, *, axis):
    largest = logits.max(axis=axis, keepdims=True)
    total = np.log(np.exp(logits - largest).sum(axis=axis, keepdims=True)) + largest
    return (targets * (total - logits)).sum(axis=axis)


@composite(
    theory="loss-06",
    formula=r"\sum_i y_i \Bigl( \log \sum_k e^{z_k} - z_i \Bigr) = \operatorname{lse}(z) - z^T y"
    r" \text{ for } \sum_i y_i = 1",
    reference=_reference,
)
def soft_cross_entropy(logits, targets, *, axis=-1):
    """Of probabilities `targets` under the softmax of `logits`, along `axis`; no mean is taken.

    Targets that sum to s weight their example by s. `cross_entropy` takes labels.
    """
    return -ops.sum(targets * ops.log_softmax(logits, axis=axis), axis=axis)


@soft_cross_entropy.normalise
def soft_cross_entropy_axis(logits, targets, *, axis):
    if logits.shape != targets.shape:
        raise ShapeError(f"the logits are {logits.shape}, the targets {targets.shape}")
    return {"axis": normalise_axis(axis, logits.ndim)}


@soft_cross_entropy.vjp
def soft_cross_entropy_vjp(ct, logits, targets, out, *, axis):
    """``s * softmax - y``: s is the sum of the targets."""
    ct = ops.expand_dims(ct, axis=axis)
    share = ops.softmax(logits, axis=axis) * ops.sum(targets, axis=axis, keepdims=True)
    return ct * (share - targets), -ct * ops.log_softmax(logits, axis=axis)


soft_cross_entropy.samples(
    case(normal(4, 3), uniform(0.1, 1.0, 4, 3)),
    case(normal(3, 4, 2), uniform(0.1, 1.0, 3, 4, 2), axis=0),
    case(given([[1e4, -1e4, 0.0]]), given([[0.5, 0.25, 0.25]])),
    case(normal(0, 3), normal(0, 3)),
    bad(normal(4, 3), normal(4), says="the logits are (4, 3), the targets (4,)"),
)
