"""Binary logarithm."""

import math

import numpy as np

from ...compiler.plugin import (
    around,
    case,
    elementwise,
    integers,
    libm,
    ordinary,
    positive,
    specials,
)


@elementwise(
    formula=r"\log_2 x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    domain={"x": positive},
    reference=np.log2,
)
def log2(x):
    """Logarithm to base 2; -inf at 0, NaN below."""
    return libm("log2", x)


@log2.vjp
def log2_vjp(ct, x, out):
    return ct / (math.log(2) * x)


log2.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
