"""Jensen-Shannon divergence."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import case, composite, given, normalise_axes, uniform
from .entropy import checked_base


def _reference(p, q, *, base, axis):
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(p == 0, 0, p * np.log(p / m))
        other = np.where(q == 0, 0, q * np.log(q / m))
    return (one + other).sum(axis=axis) / 2 / math.log(base)


@composite(
    theory="prob-08",
    formula=r"\tfrac12 KL(P \Vert M) + \tfrac12 KL(Q \Vert M), \quad M = \tfrac12 (P + Q)",
    reference=_reference,
)
def js_divergence(p, q, *, base=math.e, axis=-1):
    """Along `axis`: symmetric, at most log 2, finite everywhere; its root is a metric."""
    m = (p + q) / 2
    return (
        ops.kl_divergence(p, m, base=base, axis=axis)
        + ops.kl_divergence(q, m, base=base, axis=axis)
    ) / 2


@js_divergence.normalise
def js_divergence_attributes(p, q, *, base, axis):
    return {"base": checked_base(base), "axis": normalise_axes(axis, max(p.ndim, q.ndim))}


js_divergence.samples(
    case(uniform(0.1, 1.0, 4), uniform(0.1, 1.0, 4)),
    case(uniform(0.1, 1.0, 3, 4), uniform(0.1, 1.0, 3, 4), axis=0, base=2),
    case(given([0.0, 1.0]), given([1.0, 0.0]), smooth=False),
)
