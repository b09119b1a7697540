"""Power of two."""

import math

import numpy as np

from ...compiler.plugin import (
    case,
    elementwise,
    given,
    integers,
    literal,
    ordinary,
    specials,
)
from .logarithm_double import exp2_double


@elementwise(
    formula=r"2^x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.0,
    reference=np.exp2,
)
def exp2(x):
    """Two to the power of each element."""
    return exp2_double(x, literal(0.0, x.dtype))


@exp2.vjp
def exp2_vjp(ct, x, out):
    return ct * (math.log(2) * out)


exp2.samples(
    ordinary(),
    specials(),
    case(given([-150.0, 128.0, 1024.0, -1075.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
