"""Bayes' rule for logarithms of probabilities."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, composite, given, normal


def _reference(log_prior, log_likelihood):
    joint = log_prior + log_likelihood
    largest = joint.max(axis=-1, keepdims=True)
    return joint - largest - np.log(np.exp(joint - largest).sum(axis=-1, keepdims=True))


@composite(
    theory="prob-01",
    formula=r"\log p(z \mid x) = \log p(x \mid z) + \log p(z) - \log \sum_{z'} p(x \mid z') p(z')",
    reference=_reference,
)
def log_bayes(log_prior, log_likelihood):
    """`bayes` where probabilities are too small for floats: both sides are log-softmax of a sum."""
    return ops.log_softmax(log_prior + log_likelihood, axis=-1)


log_bayes.samples(
    case(normal(3), normal(4, 3)),
    case(given([-700.0, -690.0, -695.0]), given([-1e4, -1e4, -1e4])),
)
