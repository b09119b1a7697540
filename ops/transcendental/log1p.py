"""Logarithm of one plus."""

import numpy as np

from ...compiler.plugin import (
    above_minus_one,
    abs_,
    around,
    case,
    elementwise,
    float32,
    float64,
    given,
    integers,
    ordinary,
    rarely,
    select,
    specials,
)
from .log import log
from .logarithm import log_of_parts, split
from .polynomial import as_real

# Above, what 1 + x rounds away no longer counts; below, log1p(x) rounds to x.
LARGE = {float32: 1e9, float64: 1e18}
SMALL = {float32: 1e-9, float64: 1e-18}


@elementwise(
    formula=r"\ln(1 + x)",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.0,
    domain={"x": above_minus_one},
    zero_preserving=True,
    reference=np.log1p,
)
def log1p(x):
    """Natural logarithm of 1 + x, exact to the last places near 0; -inf at -1, NaN below."""
    u = 1 + x
    k, m = split(u)
    lost = select(u >= 2, 1 - (u - x), x - (u - 1)) / u
    plain = k == 0
    f = select(plain, x, m - 1)
    value = log_of_parts(as_real(k, x.dtype), f, select(plain, 0, lost))
    value = select(abs_(x) < SMALL[x.dtype], x, value)
    return rarely(~((x > -1) & (x < LARGE[x.dtype])), log(u), value)


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
