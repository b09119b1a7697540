"""Decimal logarithm."""

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
    formula=r"\log_{10} x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    domain={"x": positive},
    reference=np.log10,
)
def log10(x):
    """Logarithm to base 10; -inf at 0, NaN below."""
    return libm("log10", x)


@log10.vjp
def log10_vjp(ct, x, out):
    return ct / (math.log(10) * x)


log10.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
