"""Sine."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    bitcast,
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
    formula=r"\sin x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.6,
    zero_preserving=True,
    reference=np.sin,
)
def sin(x):
    """Sine of each element, in radians; NaN at infinities."""
    q, sine, cosine = quarter_waves(x)
    sign = (q << (q.dtype.bits - 2)) ^ bitcast(x, q.dtype)
    value = signed(select((q & 1) != 0, cosine, sine), sign)
    return select(abs_(x) < math.inf, value, math.nan)


@sin.vjp
def sin_vjp(ct, x, out):
    return ct * ops.cos(x)


sin.samples(
    ordinary(),
    specials(),
    case(given([1e5, -1e5, 3.14159265358979]), smooth=False),
    case(integers(-9, 9, 5)),
)
