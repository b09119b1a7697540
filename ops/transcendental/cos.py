"""Cosine."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
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
    formula=r"\cos x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.6,
    reference=np.cos,
)
def cos(x):
    """Cosine of each element, in radians; NaN at infinities."""

    def value(q, r, low):
        sine, cosine = sine_and_cosine(r, low)
        return signed(select((q & 1) != 0, sine, cosine), (q + 1) << (q.dtype.bits - 2))

    return by_quarters(x, value)


@cos.vjp
def cos_vjp(ct, x, out):
    return -ct * ops.sin(x)


cos.samples(
    ordinary(),
    specials(),
    case(given([1e5, -1e5, 1.5707963267948966]), smooth=False),
    case(integers(-9, 9, 5)),
)
