"""Cosine."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    case,
    elementwise,
    given,
    integers,
    ordinary,
    select,
    specials,
)
from .circular import quarter_waves, signed


@elementwise(
    formula=r"\cos x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.6,
    reference=np.cos,
)
def cos(x):
    """Cosine of each element, in radians; NaN at infinities."""
    q, sine, cosine = quarter_waves(x)
    sign = (q + 1) << (q.dtype.bits - 2)
    value = signed(select((q & 1) != 0, sine, cosine), sign)
    return select(abs_(x) < math.inf, value, math.nan)


@cos.vjp
def cos_vjp(ct, x, out):
    return -ct * ops.sin(x)


cos.samples(
    ordinary(),
    specials(),
    case(given([1e5, -1e5, 1.5707963267948966]), smooth=False),
    case(integers(-9, 9, 5)),
)
