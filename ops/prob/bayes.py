"""Bayes' rule."""

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, uniform


def _reference(prior, likelihood):
    joint = prior * likelihood
    return joint / joint.sum(axis=-1, keepdims=True)


@composite(
    theory="prob-01",
    formula=r"p(z \mid x) = \frac{p(x \mid z) p(z)}{\sum_{z'} p(x \mid z') p(z')}",
    reference=_reference,
)
def bayes(prior, likelihood):
    """The posterior (..., Z) from a prior (Z,) and likelihoods ``p(x | z)`` (..., Z)."""
    if prior.ndim != 1 or not likelihood.ndim or likelihood.shape[-1] != prior.shape[0]:
        raise ShapeError(
            f"the prior is {prior.shape}, the likelihood {likelihood.shape}: wanted (Z,), (..., Z)"
        )
    joint = prior * likelihood
    return joint / ops.sum(joint, axis=-1, keepdims=True)


bayes.samples(
    case(uniform(0.1, 1.0, 3), uniform(0.1, 1.0, 4, 3)),
    case(uniform(0.1, 1.0, 3), uniform(0.1, 1.0, 3)),
    bad(uniform(0.1, 1.0, 3), uniform(0.1, 1.0, 3, 4), says="wanted (Z,), (..., Z)"),
)
