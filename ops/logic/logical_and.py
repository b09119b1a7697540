"""Logical conjunction."""

import numpy as np

from ...compiler.plugin import bool_, booleans, case, elementwise, integers, ordinary, special_pairs
from .truth import truth


@elementwise(
    formula=r"x \wedge y",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    associative=True,
    reference=np.logical_and,
)
def logical_and(x, y):
    """True where both are true; every number but 0 counts as true, NaN too."""
    return truth(x) & truth(y)


logical_and.samples(
    case(booleans(3, 4), booleans(3, 4)),
    case(booleans(3, 1), booleans(4)),
    case(integers(-1, 2, 9), integers(-1, 2, 9)),
    case(booleans(5), integers(-1, 2, 5)),
    ordinary(),
    special_pairs(),
)
