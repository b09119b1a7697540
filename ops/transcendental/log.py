"""Natural logarithm."""

import numpy as np

from ...compiler.plugin import (
    around,
    case,
    elementwise,
    integers,
    ordinary,
    positive,
    specials,
)
from .logarithm import at_the_ends, exponent_and_significand, log_of_parts


@elementwise(
    formula=r"\ln x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.0,
    domain={"x": positive},
    reference=np.log,
)
def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    k, m = exponent_and_significand(x)
    return at_the_ends(x, log_of_parts(k, m - 1, 0.0))


@log.vjp
def log_vjp(ct, x, out):
    return ct / x


log.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
