"""Negation."""

import numpy as np

from ...compiler.plugin import elementwise, ordinary, specials


@elementwise(
    formula=r"-x",
    linear_in=[("x",)],
    zero_preserving=True,
    operator="__neg__",
    reference=np.negative,
)
def neg(x):
    """The additive inverse; of a float the sign bit flipped, of an integer modulo its range."""
    return -x


@neg.vjp
def neg_vjp(ct, x, out):
    return -ct


neg.samples(ordinary(), specials())
