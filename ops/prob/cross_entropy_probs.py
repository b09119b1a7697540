"""Cross-entropy between distributions."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import case, composite, given, normalise_axes, uniform
from .entropy import checked_base, in_base


def _reference(p, q, *, base, axis):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0, p * np.log(q))
    return -terms.sum(axis=axis) / math.log(base)


@composite(
    theory="prob-05",
    formula=r"H(P, Q) = -\sum_x p(x) \log q(x) = H(P) + KL(P \Vert Q)",
    reference=_reference,
)
def cross_entropy_probs(p, q, *, base=math.e, axis=-1):
    """Of probabilities `q` under `p`, along `axis`; inf where `q` is 0 and `p` is not.

    `cross_entropy` takes logits and labels instead, and is the stable form for training.
    """
    return in_base(-ops.sum(ops.xlogy(p, q), axis=axis), base)


@cross_entropy_probs.normalise
def cross_entropy_probs_attributes(p, q, *, base, axis):
    return {"base": checked_base(base), "axis": normalise_axes(axis, max(p.ndim, q.ndim))}


cross_entropy_probs.samples(
    case(uniform(0.1, 1.0, 4), uniform(0.1, 1.0, 4)),
    case(uniform(0.1, 1.0, 3, 4), uniform(0.1, 1.0, 3, 4), axis=0, base=2),
    case(given([0.0, 1.0]), given([0.5, 0.5]), smooth=False),
    case(given([0.5, 0.5]), given([0.0, 1.0]), smooth=False),
)
