"""Logical exclusive disjunction."""

import numpy as np

from ...compiler.plugin import bool_, booleans, case, elementwise, integers, ordinary, special_pairs
from .truth import truth


@elementwise(
    formula=r"x \oplus y",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    associative=True,
    reference=np.logical_xor,
)
def logical_xor(x, y):
    """True where exactly one is true; every number but 0 counts as true, NaN too."""
    return truth(x) ^ truth(y)


logical_xor.samples(
    case(booleans(3, 4), booleans(3, 4)),
    case(booleans(3, 1), booleans(4)),
    case(integers(-1, 2, 9), integers(-1, 2, 9)),
    case(booleans(5), integers(-1, 2, 5)),
    ordinary(),
    special_pairs(),
)
