"""Test for infinity."""

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
    formula=r"|x| = \infty",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    reference=np.isinf,
)
def isinf(x):
    """True where the element is an infinity."""
    return abs_(x) == float("inf") if x.dtype.is_float else literal(False, bool_)


isinf.samples(ordinary(), specials(), case(integers(-9, 9, 5)), case(booleans(3)))
