"""Test for finiteness."""

import numpy as np

from ...compiler.plugin import (
    abs_,
    bool_,
    booleans,
    case,
    elementwise,
    integers,
    literal,
    ordinary,
    specials,
)


@elementwise(
    formula=r"|x| < \infty",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    reference=np.isfinite,
)
def isfinite(x):
    """True where the element is neither infinite nor NaN."""
    return abs_(x) < float("inf") if x.dtype.is_float else literal(True, bool_)


isfinite.samples(ordinary(), specials(), case(integers(-9, 9, 5)), case(booleans(3)))
