"""Reciprocal."""

import numpy as np

from ...compiler.plugin import bad, elementwise, integers, nonzero, ordinary, specials


@elementwise(
    formula=r"1 / x",
    accepts="f",
    domain={"x": nonzero},
    reference=np.reciprocal,
)
def reciprocal(x):
    """One over each element, infinite at 0; of integers ``1 / x`` says what is meant."""
    return 1 / x


@reciprocal.vjp
def reciprocal_vjp(ct, x, out):
    return -ct * (out * out)


reciprocal.samples(
    ordinary(0.5, 4.0),
    ordinary(-4.0, -0.5),
    specials(),
    bad(integers(1, 9, 3), says="got int64, wanted floats"),
)
