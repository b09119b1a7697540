"""Hard mish: mish with its curve replaced by a parabola between -2 and 0."""

import numpy as np

from chainrule import ops
from chainrule.compiler.plugin import around, elementwise, ordinary, select, specials


def _reference(x):
    return np.where(x < -2, 0, np.where(x > 0, x, x * (x + 2) / 2))


@elementwise(
    formula=r"\frac{x}{2} \min(2, \max(0, x + 2))",
    accepts="f",
    kink="slope -1 at -2",
    zero_preserving=True,
    ulp=1.5,
    reference=_reference,
)
def hard_mish(x):
    """0 below -2, the identity above 0, a parabola between."""
    return select(x < -2, 0, select(x > 0, x, 0.5 * x * (x + 2)))


@hard_mish.vjp
def hard_mish_vjp(ct, x, out):
    return ct * ops.where(x < -2, 0, ops.where(x > 0, 1, x + 1))


hard_mish.samples(ordinary(), around(0.0, 2.0), specials())
