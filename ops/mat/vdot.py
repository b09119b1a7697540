"""Inner product of all elements."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal


@composite(
    theory="mat-01 mat-08",
    formula=r"\langle x, y \rangle = \sum_i x_i y_i = \operatorname{Tr}(x y^T)",
    reference=lambda x, y: np.vdot(x, y),
    linear_in=[("x",), ("y",)],
)
def vdot(x, y):
    """Of two arrays of one shape: a number."""
    if x.shape != y.shape:
        raise ShapeError(f"x is {x.shape} and y {y.shape}, wanted one shape")
    return ops.sum(x * y)


vdot.samples(
    case(normal(4), normal(4)),
    case(normal(3, 4), normal(3, 4)),
    case(normal(), normal()),
    bad(normal(3), normal(4), says="x is (3,) and y (4,), wanted one shape"),
)
