"""Sine."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    bitcast,
    case,
    elementwise,
    given,
    integers,
    ordinary,
    select,
    specials,
)
from .circular import by_quarters, signed, sine_and_cosine


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

    def value(q, r, low):
        sine, cosine = sine_and_cosine(r, low)
        sign = (q << (q.dtype.bits - 2)) ^ bitcast(x, q.dtype)
        return signed(select((q & 1) != 0, cosine, sine), sign)

    return by_quarters(x, value)


@sin.vjp
def sin_vjp(ct, x, out):
    return ct * ops.cos(x)


sin.samples(
    ordinary(),
    specials(),
    case(given([1e5, -1e5, 3.14159265358979]), smooth=False),
    case(integers(-9, 9, 5)),
)
