"""Exponential linear unit."""

import numpy as np

from ... import ops
from ...compiler.plugin import around, case, composite, given, normal


@composite(
    formula=r"x \text{ for } x > 0, \quad \alpha (e^x - 1) \text{ else}",
    kink="slope alpha at 0",
    reference=lambda x, *, alpha: np.where(x > 0, x, x.dtype.type(alpha) * np.expm1(x)),
)
def elu(x, *, alpha=1.0):
    """The element itself where it is positive, else a curve that levels off at ``-alpha``."""
    # The curve never sees a positive number: its exponential cannot overflow.
    return ops.where(x > 0, x, alpha * ops.expm1(ops.minimum(x, 0)))


elu.samples(
    case(normal(3, 4)),
    case(normal(4), alpha=0.5),
    case(normal()),
    case(normal(0)),
    case(given([-1e4, 1e4])),
    around(0.0),
)
