"""Decimal logarithm."""

import math

import numpy as np

from ...compiler.plugin import (
    around,
    case,
    elementwise,
    float32,
    float64,
    integers,
    ordinary,
    positive,
    specials,
)
from .logarithm import log_to_base, of_positive

# log10(2) in two, of which whole multiples of the first are exact, and 1 / ln 10 in two.
DIGIT = {
    float32: (0.301025390625, 4.605038981195214e-06),
    float64: (0.30102999566383914, 1.42050232272661e-13),
}
PER_LN = {
    float32: (0.4342944920063019, -1.0103049952192578e-08),
    float64: (0.4342944819032518, 1.098319650216765e-17),
}


@elementwise(
    formula=r"\log_{10} x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.2,
    domain={"x": positive},
    reference=np.log10,
)
def log10(x):
    """Logarithm to base 10; -inf at 0, NaN below."""
    return of_positive(x, lambda k, m: log_to_base(k, m - 1, DIGIT[x.dtype], PER_LN[x.dtype]))


@log10.vjp
def log10_vjp(ct, x, out):
    return ct / (math.log(10) * x)


log10.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
