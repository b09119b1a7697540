"""Cosine."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, elementwise, given, integers, libm, ordinary, specials


@elementwise(
    formula=r"\cos x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    reference=np.cos,
)
def cos(x):
    """Cosine of each element, in radians; NaN at infinities."""
    return libm("cos", x)


@cos.vjp
def cos_vjp(ct, x, out):
    return -ct * ops.sin(x)


cos.samples(
    ordinary(),
    specials(),
    case(given([1e5, -1e5, 1.5707963267948966]), smooth=False),
    case(integers(-9, 9, 5)),
)
