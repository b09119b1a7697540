"""Binary logarithm."""

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

# 1 / ln 2 as a sum of two floats.
PER_LN = {
    float32: (1.4426950216293335, 1.925963033500011e-08),
    float64: (1.4426950408889634, 2.0355273740931033e-17),
}


@elementwise(
    formula=r"\log_2 x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.2,
    domain={"x": positive},
    reference=np.log2,
)
def log2(x):
    """Logarithm to base 2; -inf at 0, NaN below."""
    return of_positive(x, lambda k, m: log_to_base(k, m - 1, (1.0, 0.0), PER_LN[x.dtype]))


@log2.vjp
def log2_vjp(ct, x, out):
    return ct / (math.log(2) * x)


log2.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
