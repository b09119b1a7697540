"""Logical negation."""

import numpy as np

from ...compiler.plugin import bool_, booleans, case, elementwise, integers, ordinary, specials
from .truth import truth


@elementwise(
    formula=r"\neg x",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    reference=np.logical_not,
)
def logical_not(x):
    """True for 0 and False for every other number, NaN too."""
    return ~truth(x)


logical_not.samples(case(booleans(3, 4)), case(integers(-1, 2, 9)), ordinary(), specials())
