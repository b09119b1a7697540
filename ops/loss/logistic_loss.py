"""Binary cross-entropy of logits."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, given, normal, uniform


@composite(
    theory="loss-05",
    formula=r"\zeta(z) - y z, \quad \zeta(z) = \log(1 + e^z)",
    reference=lambda logits, targets: np.logaddexp(0, logits) - targets * logits,
)
def logistic_loss(logits, targets):
    """Negative log-likelihood of `targets` in [0, 1] under the sigmoid of `logits`, per element.

    Stable for large logits; no mean is taken.
    """
    above = ops.relu(logits) - targets * logits
    return above + ops.log1p(ops.exp(-abs(logits)))


@logistic_loss.vjp
def logistic_loss_vjp(ct, logits, targets, out):
    return ct * (ops.sigmoid(logits) - targets), -ct * logits


logistic_loss.samples(
    case(normal(4), uniform(0.0, 1.0, 4)),
    case(normal(3, 4), uniform(0.0, 1.0, 4)),
    case(given([1e4, -1e4, 1e4, -1e4, 0.0]), given([1.0, 0.0, 0.0, 1.0, 1.0])),
    case(normal(0), normal(0)),
    bad(normal(3), normal(4), says="do not broadcast together"),
)
