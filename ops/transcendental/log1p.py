"""Logarithm of one plus."""

import numpy as np

from ...compiler.plugin import (
    above_minus_one,
    around,
    case,
    elementwise,
    given,
    integers,
    libm,
    ordinary,
    specials,
)


@elementwise(
    formula=r"\ln(1 + x)",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    domain={"x": above_minus_one},
    zero_preserving=True,
    reference=np.log1p,
)
def log1p(x):
    """Natural logarithm of 1 + x, exact to the last places near 0; -inf at -1, NaN below."""
    return libm("log1p", x)


@log1p.vjp
def log1p_vjp(ct, x, out):
    return ct / (1 + x)


log1p.samples(
    ordinary(-0.8, 4.0),
    specials(),
    around(0.0, 1.0),
    case(given([1e-9, -1e-9, -2.0]), smooth=False),
    case(integers(0, 9, 5)),
)
