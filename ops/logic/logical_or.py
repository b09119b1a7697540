"""Logical disjunction."""

import numpy as np

from ...compiler.plugin import bool_, booleans, case, elementwise, integers, ordinary, special_pairs
from .truth import truth


@elementwise(
    formula=r"x \vee y",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    associative=True,
    reference=np.logical_or,
)
def logical_or(x, y):
    """True where one is, or both are true; every number but 0 counts as true, NaN too."""
    return truth(x) | truth(y)


logical_or.samples(
    case(booleans(3, 4), booleans(3, 4)),
    case(booleans(3, 1), booleans(4)),
    case(integers(-1, 2, 9), integers(-1, 2, 9)),
    case(booleans(5), integers(-1, 2, 5)),
    ordinary(),
    special_pairs(),
)
