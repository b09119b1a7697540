"""Kullback-Leibler divergence."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, given, normalise_axes, uniform
from .entropy import checked_base, in_base


def _reference(p, q, *, base, axis):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0, p * np.log(p / q))
    return terms.sum(axis=axis) / math.log(base)


@composite(
    theory="prob-07",
    formula=r"KL(P \Vert Q) = \sum_x p(x) \log \frac{p(x)}{q(x)}",
    reference=_reference,
)
def kl_divergence(p, q, *, base=math.e, axis=-1):
    """Along `axis`: 0 only for equal distributions, inf where `q` is 0 and `p` is not."""
    return in_base(ops.sum(ops.xlogy(p, p) - ops.xlogy(p, q), axis=axis), base)


@kl_divergence.normalise
def kl_divergence_attributes(p, q, *, base, axis):
    return {"base": checked_base(base), "axis": normalise_axes(axis, max(p.ndim, q.ndim))}


kl_divergence.samples(
    case(uniform(0.1, 1.0, 4), uniform(0.1, 1.0, 4)),
    case(uniform(0.1, 1.0, 3, 4), uniform(0.1, 1.0, 3, 4), axis=0, base=2),
    case(given([0.0, 1.0]), given([0.5, 0.5]), smooth=False),
    case(given([0.5, 0.5]), given([0.0, 1.0]), smooth=False),
    bad(uniform(0.1, 1.0, 3), uniform(0.1, 1.0, 3), base=0, says="wanted a number greater than 1"),
)
