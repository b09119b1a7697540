"""Test for NaN."""

import numpy as np

from ...compiler.plugin import (
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
    formula=r"x \ne x",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    reference=np.isnan,
)
def isnan(x):
    """True where the element is NaN."""
    return x != x if x.dtype.is_float else literal(False, bool_)


isnan.samples(ordinary(), specials(), case(integers(-9, 9, 5)), case(booleans(3)))
