"""Sum over axes."""

import numpy as np

from ... import ops
from ...compiler.plugin import Role, bad, booleans, case, integers, normal, reduction


@reduction(
    formula=r"\sum_i x_i",
    init=lambda dtype: 0,
    accumulates="wide",
    linear_in=[("x",)],
    role=Role.SUM,
    reference=np.sum,
)
def sum(a, b):
    """Sum over `axis` (all axes by default); booleans and integers add in 64 bits as in NumPy."""
    return a + b


@sum.vjp
def sum_vjp(ct, x, out, *, axis, keepdims):
    return ops.spread(ct, x, axis, keepdims)


sum.samples(
    case(normal(3, 4)),
    case(normal(3, 4, 2), axis=(0, -1)),
    case(normal(3, 4), axis=1, keepdims=True),
    case(normal(0, 3), axis=0),
    case(normal()),
    case(booleans(5)),
    case(integers(-9, 9, 5)),
    bad(normal(3, 4), axis=2, says="axis 2 is out of range for an array of 2 dimensions"),
    bad(normal(3, 4), axis=(0, -2), says="name a dimension twice"),
)
