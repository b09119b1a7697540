"""Cross-entropy of a probability of one class against the other."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, given, uniform


def _reference(targets, p):
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(targets == 0, 0, targets * np.log(p))
        other = np.where(targets == 1, 0, (1 - targets) * np.log1p(-p))
    return -(one + other)


@composite(
    theory="prob-06",
    formula=r"H(y, \hat y) = -y \log \hat y - (1 - y) \log (1 - \hat y)",
    reference=_reference,
)
def binary_cross_entropy(targets, p):
    """Of `targets` in [0, 1] under probabilities `p`, per element; inf where `p` rules one out.

    `logistic_loss` takes logits instead, and stays finite.
    """
    return -(ops.xlogy(targets, p) + ops.xlogy(1 - targets, 1 - p))


binary_cross_entropy.samples(
    case(uniform(0.1, 0.9, 4), uniform(0.1, 0.9, 4)),
    case(given([0.0, 1.0, 0.5]), given([0.25, 0.25, 0.5])),
    bad(uniform(0.1, 0.9, 3), uniform(0.1, 0.9, 4), says="do not broadcast together"),
)
