"""Tangent."""

import numpy as np

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
    formula=r"\tan x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.5,
    zero_preserving=True,
    reference=np.tan,
)
def tan(x):
    """Tangent of each element, in radians; NaN at infinities."""

    def value(q, r, low):
        sine, cosine = sine_and_cosine(r, low)
        odd = (q & 1) != 0
        quotient = select(odd, cosine, sine) / select(odd, sine, cosine)
        return signed(quotient, (q << (q.dtype.bits - 1)) ^ bitcast(x, q.dtype))

    return by_quarters(x, value)


@tan.vjp
def tan_vjp(ct, x, out):
    return ct * (1 + out * out)


tan.samples(
    ordinary(-1.3, 1.3),
    ordinary(2.0, 4.0),
    specials(),
    case(given([1e5, 1.5707963267948966]), smooth=False),
    case(integers(-9, 9, 5)),
)
